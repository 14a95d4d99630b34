package rollback

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
)

// Rules of others that a change takes over: made by hand, one of them twice, with counters.
const (
	byHand = `iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 30012 -j DNAT --to-destination 192.168.0.12:22
iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -A POSTROUTING -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -m comment --comment "it's mine" -j SNAT --to-source 192.168.0.4`
	takeOver = `iptables -w -t nat -D PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -D PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -D POSTROUTING -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -m comment --comment "it's mine" -j SNAT --to-source 192.168.0.4
` + publish
	takenLines = `[7:420] -I PREROUTING 2 -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
[0:0] -I PREROUTING 4 -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
[0:0] -I POSTROUTING 2 -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -m comment --comment "it\'s mine" -j SNAT --to-source 192.168.0.4
`
)

var rememberCommand = gateway.Command{Args: []string{"sh", "-c", RememberScript, "portico", "nat"}, Stdin: []byte(takenLines)}

// contractTaken: what a change took over is put back where it was, or, when others have cleared
// the chain meanwhile, at its end; what was not taken yet is not made twice.
func contractTaken(t *testing.T, r rig) {
	r.shell(t, foreign+"\n"+byHand)
	before := whole(t, r)
	remember := func(id string) {
		t.Helper()
		res, err := r.run.Run(context.Background(), Guarded(With(context.Background(), id), rememberCommand))
		if err != nil || res.Exit != 0 {
			t.Fatalf("remember: %v, exit %d: %s", err, res.Exit, res.Stderr)
		}
	}
	for _, c := range []struct{ id, name, change string }{{"aaa", "taken over", takeOver}, {"bbb", "not yet taken over", "true"}} {
		l := arm(t, r, c.id, 2*time.Second)
		remember(l.ID)
		r.shell(t, c.change)
		untilIdle(t, r)
		if diff := cmp.Diff(before, whole(t, r)); diff != "" {
			t.Errorf("%s: not as before: %s", c.name, diff)
		}
	}
	l := arm(t, r, "ccc", 2*time.Second)
	remember(l.ID)
	r.shell(t, takeOver+"\niptables -w -t nat -F PREROUTING\niptables -w -t nat -F POSTROUTING")
	untilIdle(t, r)
	want := "-A PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22\n"
	if got := r.shell(t, "iptables-save -t nat | grep -e '-A PREROUTING'"); got != want+want {
		t.Errorf("with its place gone: %q", got)
	}
	if res, err := r.run.Run(context.Background(), rememberCommand); err != nil || res.Exit != 0 {
		t.Errorf("nothing armed: %v, exit %d", err, res.Exit)
	}
	if got := r.shell(t, "ls /var/lib/portico/armed 2>/dev/null || true"); got != "" {
		t.Errorf("something is armed by remembering: %s", got)
	}
}
