package publish_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

var endPair = publish.Request{Pair: publish.PairRequest{Do: publish.EndPair, Name: "front"}}

// shell runs a script on a host, as root.
func (w *twoHosts) shell(name, script string) string {
	w.t.Helper()
	r, err := w.conns.Connect(context.Background(), gateway.Gateway{Name: name}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := r.Run(context.Background(), gateway.Command{Args: []string{"sh", "-c", script}})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(res.Stdout) + string(res.Stderr)
}

// sharing is all that a pair may change on the hosts.
func (w *twoHosts) sharing() string {
	w.t.Helper()
	const script = `systemctl is-active portico-keepalived; systemctl is-enabled portico-keepalived; ls /etc/portico
for f in /etc/portico/keepalived.conf /etc/portico/healthy.sh /etc/systemd/system/portico-keepalived.service; do stat -c '%n %a' $f; cat $f; done 2>/dev/null`
	return "gw-a:\n" + w.shell("gw-a", script) + "gw-b:\n" + w.shell("gw-b", script)
}

// inCloud is all that a pair may change in the cloud, without the IDs of what is made anew.
func (w *twoHosts) inCloud() string {
	w.t.Helper()
	inv, err := w.Inventory(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, p := range inv.Ports {
		out = append(out, fmt.Sprint(p.Name, p.Description, p.FixedIPs, p.AllowedPairs, len(p.Groups)))
	}
	for _, f := range inv.FloatingIPs {
		out = append(out, fmt.Sprint(f.Address, f.FixedIP))
	}
	return fmt.Sprint(strings.Join(out, "\n"), "\n", len(inv.SecurityGroups), " groups")
}

// applyAndDie applies a plan, and the console is gone once a step is in a state: it undoes nothing, and says
// nothing to the hosts.
func (w *twoHosts) applyAndDie(pr publish.Proposal, step int, state plan.State) {
	w.t.Helper()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		w.Apply(context.Background(), pr, publish.Watch{Step: func(e plan.Event) {
			if e.Step == step && e.State == state {
				runtime.Goexit()
			}
		}})
	}()
	<-gone
}

// timeIsUp lets the armed hosts put themselves back, as they do when they have heard nothing for long.
func (w *twoHosts) timeIsUp() {
	w.t.Helper()
	for _, name := range []string{"gw-a", "gw-b"} {
		out := w.shell(name, `[ ! -e /var/lib/portico/armed/id ] || flock -o /run/portico.lock sh /var/lib/portico/armed/guard.sh fire "a test said so"; echo done`)
		if out != "done\n" {
			w.t.Errorf("%s: %s", name, out)
		}
	}
}

// A console that dies while it makes or ends a pair leaves the hosts as they were, and what it leaves in the
// cloud is seen and put right by the next one.
func TestPairConsoleDies(t *testing.T) {
	const stopped = `mkdir -p /etc/portico; echo "# older" >/etc/portico/keepalived.conf; chmod 600 /etc/portico/keepalived.conf
printf '[Service]\nExecStart=/usr/sbin/keepalived --use-file /etc/portico/keepalived.conf\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/portico-keepalived.service`
	for _, tt := range []struct {
		name, before string
		stands       bool
		request      publish.Request
	}{
		{"making it", "true", false, makePair},
		{"making it, where a service was installed and stopped", stopped, false, makePair},
		{"ending it", "true", true, endPair},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for after, steps := 0, 1; after < steps; after++ {
				w := newTwoHosts(t)
				w.shell("gw-a", tt.before)
				if tt.stands {
					w.must(makePair)
				}
				hosts, project := w.sharing(), w.inCloud()
				pr, err := w.plan(tt.request)
				if err != nil {
					t.Fatal(err)
				}
				if steps = len(pr.Plan.Steps); tt.stands {
					steps-- // see TestPairEndedByTwo
				}
				if s, ok := pr.Plan.Steps[after].(plan.Together); ok && s.Together() != "" {
					continue // it has neighbours that run at the same time, and would be left waiting
				}
				w.applyAndDie(pr, after, plan.Done)
				w.timeIsUp()
				w.seenAndRepaired(fmt.Sprintf("after step %d of %d (%s)", after+1, steps, pr.Plan.Steps[after].Change().Title), hosts, project)
			}
		})
	}
}

// seenAndRepaired: the hosts are as they were; the cloud is, once the pair is repaired.
func (w *twoHosts) seenAndRepaired(when, hosts, project string) {
	w.t.Helper()
	if got := w.sharing(); got != hosts {
		w.t.Fatalf("%s: the hosts have\n%s\nand had\n%s", when, got, hosts)
	}
	s, err := w.Snapshot(w.t.Context())
	if err != nil && w.inCloud() == project {
		return // there is no pair, and nothing of it
	}
	if err != nil {
		w.t.Fatalf("%s: %v; in the cloud stands\n%s\nand stood\n%s", when, err, w.inCloud(), project)
	}
	if len(s.State.RolledBack) == 0 {
		w.t.Errorf("%s: nothing tells of it", when)
	}
	pr, err := w.plan(publish.Request{Repair: true})
	if err != nil {
		w.t.Fatalf("%s: repair: %v", when, err)
	}
	if out := w.Apply(w.t.Context(), pr, publish.Watch{}); !out.Report.OK() {
		w.t.Fatalf("%s: repair: %v", when, out.Report.Err)
	}
	if got := w.sharing(); got != hosts {
		w.t.Errorf("%s: repaired, the hosts have\n%s\nand had\n%s", when, got, hosts)
	}
	if got := w.inCloud(); got != project {
		w.t.Errorf("%s: repaired, in the cloud stands\n%s\nand stood\n%s", when, got, project)
	}
}

// The port by which a pair is known goes last, when the hosts have been confirmed: a console that dies just
// then leaves a pair of hosts that share nothing, which is ended by asking for it again.
func TestPairEndedByTwo(t *testing.T) {
	w := newTwoHosts(t)
	ports, groups, _ := w.everything()
	w.must(makePair)
	pr, err := w.plan(endPair)
	if err != nil {
		t.Fatal(err)
	}
	w.applyAndDie(pr, len(pr.Plan.Steps)-1, plan.Running)
	w.timeIsUp()
	if s := w.state(); len(s.RolledBack) > 0 || s.Armed != nil {
		t.Errorf("it was confirmed, and taken back: %+v", s.RolledBack)
	}
	w.must(endPair)
	w.nothingLeft(ports, groups)
}

// While one console makes a pair, another waits, and then plans anew: both hosts are armed.
func TestPairIsGuarded(t *testing.T) {
	w := newTwoHosts(t)
	pr, err := w.plan(makePair)
	if err != nil {
		t.Fatal(err)
	}
	var phases []publish.Phase
	armed := map[string]string{}
	out := w.Apply(t.Context(), pr, publish.Watch{
		Guard: func(g publish.Guard) {
			if len(phases) == 0 || phases[len(phases)-1] != g.Phase {
				phases = append(phases, g.Phase)
			}
		},
		Step: func(plan.Event) {
			for _, name := range []string{"gw-a", "gw-b"} {
				armed[name] = w.shell(name, "cat /var/lib/portico/armed/by")
			}
		},
	})
	if !out.Report.OK() || armed["gw-a"] != "me@test\n" || armed["gw-b"] != "me@test\n" {
		t.Fatalf("%v; armed by %v", out.Report.Err, armed)
	}
	if want := []publish.Phase{publish.Armed, publish.Checking, publish.Confirmed}; !slices.Equal(phases, want) {
		t.Errorf("phases %v, want %v", phases, want)
	}
	if out := w.Apply(t.Context(), pr, publish.Watch{}); cloud.KindOf(out.Report.Err) != gateway.Stale {
		t.Errorf("a plan from before was applied again: %v", out.Report.Err)
	}
}

// A pair is ended without hosts that do not answer, if that is said: the other one is guarded, and without
// any the cloud's part goes all the same.
func TestPairEndedWithoutHosts(t *testing.T) {
	for silent, phase := range map[int]publish.Phase{1: publish.Armed, 2: publish.Unguarded} {
		t.Run(fmt.Sprint(silent, " of 2"), func(t *testing.T) {
			t.Parallel()
			w := newTwoHosts(t)
			before := w.inCloud()
			w.must(makePair)
			for _, name := range []string{"gw-a", "gw-b"}[:silent] {
				w.hosts[name].Halt()
			}
			end := endPair
			if _, err := w.plan(end); cloud.KindOf(err) != gateway.Unreachable {
				t.Errorf("it was ended without being told to: %v", err)
			}
			end.Pair.Degraded = true
			pr, err := w.plan(end)
			if err != nil {
				t.Fatal(err)
			}
			var phases []publish.Phase
			out := w.Apply(t.Context(), pr, publish.Watch{Guard: func(g publish.Guard) { phases = append(phases, g.Phase) }})
			if !out.Report.OK() || !slices.Contains(phases, phase) {
				t.Errorf("%v, phases %v", out.Report.Err, phases)
			}
			if got := w.inCloud(); got != before {
				t.Errorf("in the cloud stands\n%s\nand stood\n%s", got, before)
			}
		})
	}
}
