package rollback

import (
	"context"
	"strings"
	"testing"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
)

// contractStalled: a console that falls silent while it sends holds nothing, and what it has sent
// by then is not used.
func contractStalled(t *testing.T, r rig) {
	l := arm(t, r, "aaa", MaxWindow)
	c := Guarded(With(context.Background(), l.ID), gateway.Command{Args: []string{"sh", "-c", "cat >/etc/portico/sent"}, Stdin: []byte("all of it")})
	quoted := gateway.Quote(c.Args...)
	got := r.shell(t, `mkdir -p /etc/portico
{ printf 'all of'; sleep 1; flock -n `+lockPath+` true && echo 0 >/run/lock.status || echo held >/run/lock.status; } | { `+quoted+` 2>/dev/null || echo $?; }
cat /run/lock.status; ls /etc/portico`)
	if strings.Join(strings.Fields(got), " ") != "65 0" {
		t.Errorf("exit, status of the lock and files: %q, want 65, 0 and none", got)
	}
	for _, text := range []string{"all of it", "two lines\n\n", ""} {
		sent := Guarded(With(context.Background(), l.ID), gateway.Command{Args: []string{"sh", "-c", "cat >/etc/portico/sent"}, Stdin: []byte(text)})
		res, err := r.run.Run(context.Background(), sent)
		if err != nil || res.Exit != 0 {
			t.Fatalf("exit %d, %v: %s", res.Exit, err, res.Stderr)
		}
		if got := r.shell(t, "cat /etc/portico/sent; echo ."); got != text+".\n" {
			t.Errorf("sent %q, got %q", text, got)
		}
	}
	if got := strings.TrimSpace(r.shell(t, "stat -c %a "+lockPath)); got != "600" {
		t.Errorf("the lock has mode %s: whoever may open it may hold it", got)
	}
}

// contractCutShort: a confirmation that was cut short by the end of the process confirms nothing
// once the gateway has put itself back, and one that was cut short by the end of the machine
// leaves nothing that would be put back.
func contractCutShort(t *testing.T, r rig) {
	l := arm(t, r, "aaa", MaxWindow)
	r.shell(t, "echo "+l.ID+" >/run/portico.confirmed; echo '{}' >/var/lib/portico/history/"+l.ID+".json")
	if err := l.Fire(context.Background(), "a test says so"); err != nil {
		t.Fatal(err)
	}
	rec := record("aaa", "ada@laptop")
	rec.Result = history.Applied
	if err := l.Disarm(context.Background(), rec); cloud.KindOf(err) != gateway.Stale {
		t.Errorf("confirmed what was put back: %v", err)
	}
	// Another one's confirmation stays one.
	r.shell(t, "echo another >/run/portico.confirmed")
	l = arm(t, r, "bbb", MaxWindow)
	if err := l.Fire(context.Background(), "a test says so"); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(r.shell(t, "cat /run/portico.confirmed")); got != "another" {
		t.Errorf("confirmed: %q", got)
	}
	forgetHalf(t, r)
}

// forgetHalf confirms a change whose files cannot all be removed.
func forgetHalf(t *testing.T, r rig) {
	t.Helper()
	l := arm(t, r, "ccc", 30*time.Second)
	r.shell(t, publish)
	after := whole(t, r)
	// As a confirmation leaves it whose machine dies while it forgets.
	r.shell(t, `sed -e 's/rm -rf "$armed".*/exit 0/' /var/lib/portico/armed/guard.sh >/run/guard.half
sh /run/guard.half disarm `+l.ID+` </dev/null`)
	if armed, _ := status(t, r); armed != nil {
		t.Errorf("still armed: %+v", armed)
	}
	arm(t, r, "ddd", MaxWindow)
	if got := whole(t, r); got != after {
		t.Errorf("a confirmed change was put back:\n%s", got)
	}
}

// A gateway without systemd does not look after itself when it is started again. What it was to
// put back then is due at once, by whatever else the clock of another boot says.
func contractOtherBoot(t *testing.T, r rig) {
	arm(t, r, "aaa", MaxWindow)
	r.shell(t, "echo another >/var/lib/portico/armed/boot")
	if armed, _ := status(t, r); armed == nil || armed.Left != 0 {
		t.Errorf("status: %+v", armed)
	}
}
