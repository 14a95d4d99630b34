package rollback

import (
	"context"
	"slices"

	"portico/gateway"
)

// lease says for which change, and in which direction, what runs with a context runs.
type lease struct{ id, way string }

// The ways of a command: making the change, taking it back, or neither.
const (
	doing   = "do"
	undoing = "undo"
	neither = "-"
)

type leaseKey struct{}

// With marks what runs with ctx as part of the change that armed id.
func With(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease{id: id, way: doing})
}

// Undoing marks what runs with ctx as taking back: once such a command has run, those of the
// same change that are not are refused. A restore whose connection was cut while it waited for
// the lock cannot happen after it was undone.
func Undoing(ctx context.Context) context.Context {
	l, _ := ctx.Value(leaseKey{}).(lease)
	l.way = undoing
	return context.WithValue(ctx, leaseKey{}, l)
}

// check runs its words if the gateway is still armed for $1, and gives the console another window.
// $2 is the way: what would make the change is refused once it is being taken back. The status is
// 77 then. Without an id it only runs the words.
const check = `armed=/var/lib/portico/armed id=$1 way=$2; shift 2
if [ -n "$id" ]; then
	if [ "$(cat $armed/id 2>/dev/null)" != "$id" ]; then echo "the gateway has put itself back" >&2; exit 77; fi
	case $way in
	undo) : >$armed/undoing ;;
	do) if [ -e $armed/undoing ]; then echo "it is being taken back" >&2; exit 77; fi ;;
	esac
	read -r up rest </proc/uptime
	echo $((${up%%.*} + $(cat $armed/window))) >$armed/deadline.new && mv -f $armed/deadline.new $armed/deadline
fi
exec "$@"`

// take runs its words with the standard input it was sent. All of that must be there before the lock
// is asked for: a console that falls silent while it sends must not keep the gateway from putting
// itself back. What a dying connection has cut short, which looks like its end, is not used.
// Nobody but root may open the lock, and so hold it.
const take = `umask 077
[ -n "$1" ] || { shift; exec "$@"; }
end=$1; shift
in=$(cat)
case $in in # what bash needs for removing an end that is not there grows with the square of the text
*"$end") ;;
*) echo "the connection was cut while rules or files were sent" >&2; exit 65 ;;
esac
printf %s "${in%"$end"}" | "$@"`

// endOfInput stands behind what is sent.
const endOfInput = "\n@@portico end"

// Guarded is c under the lock that every change of Portico's takes, run only if the gateway is
// still armed for the change that ctx belongs to. Its exit status is then c's, or [Lost], or 1
// without a word when the lock was not to be had for 20 seconds. What c leaves running in the
// background does not keep the lock.
func Guarded(ctx context.Context, c gateway.Command) gateway.Command {
	l, _ := ctx.Value(leaseKey{}).(lease)
	end := ""
	if len(c.Stdin) > 0 {
		end = endOfInput
		c.Stdin = append(slices.Clone(c.Stdin), end...)
	}
	c.Args = append([]string{"sh", "-c", take, "portico", end, "flock", "-o", "-w", "20", lockPath, "sh", "-c", check, "portico", l.id, l.way}, c.Args...)
	return c
}

// Lost is the exit status of a guarded command that came too late: the change it belongs to has
// been taken back or is being so, and the command was not run.
const Lost = exitHeld
