package rollback

import (
	"context"

	"portico/gateway"
)

type leaseKey struct{}

// With marks what runs with ctx as part of the change that armed id.
func With(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, leaseKey{}, id)
}

// check runs its words if the gateway is still armed for $1, and gives the console another
// window. Its status is 77 if not. Without an id it only runs the words.
const check = `armed=/var/lib/portico/armed id=$1; shift
if [ -n "$id" ]; then
	if [ "$(cat $armed/id 2>/dev/null)" != "$id" ]; then echo "the gateway has put itself back" >&2; exit 77; fi
	read -r up rest </proc/uptime
	echo $((${up%%.*} + $(cat $armed/window))) >$armed/deadline.new && mv -f $armed/deadline.new $armed/deadline
fi
exec "$@"`

// Guarded is c under the lock that every change of Portico's takes, run only if the gateway is
// still armed for the change that ctx belongs to. Its exit status is then c's, or [Lost], or 1
// without a word when the lock was not to be had for 20 seconds. What c leaves running in the
// background does not keep the lock.
func Guarded(ctx context.Context, c gateway.Command) gateway.Command {
	id, _ := ctx.Value(leaseKey{}).(string)
	c.Args = append([]string{"flock", "-o", "-w", "20", lockPath, "sh", "-c", check, "portico", id}, c.Args...)
	return c
}

// Lost is the exit status of a guarded command that came too late: the gateway has put itself
// back, and the command was not run.
const Lost = exitHeld
