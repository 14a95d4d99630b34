package nat

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
	"portico/gateway/emulator"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

const keptPath = "/etc/iptables/rules.v4"

// persistent is a gateway whose rules by hand iptables-persistent keeps, and what it keeps.
func persistent(t *testing.T) (rig, *emulator.Gateway, *project, string) {
	t.Helper()
	r, gw := emulated(t, emulator.Config{})
	return r, gw, newProject(), keep(t, r)
}

// keep makes rules by hand, and the file that brings them back at boot.
func keep(t *testing.T, r rig) string {
	t.Helper()
	hand(t, r, byHand)
	r.shell(t, "mkdir -p /etc/iptables; { echo '# by hand'; iptables-save -c; } >"+keptPath+"; chmod 640 "+keptPath)
	return r.shell(t, "cat "+keptPath)
}

// contractKept: what a plan takes over goes out of the file that would bring it back, and nothing else does: the rules of
// an address that nobody has, and all that is no rule of the nat table, stay byte for byte.
func contractKept(t *testing.T, r rig) {
	p, before := newProject(), keep(t, r)
	pl, want := adoption(t, r, p)
	if slices.ContainsFunc(pl.Warnings, func(w plan.Warning) bool { return strings.Contains(w.Detail, keptPath) }) {
		t.Errorf("it warns of what it does itself: %v", pl.Warnings)
	}
	if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
		t.Fatal(report.Err)
	}
	var left []string
	for line := range strings.Lines(before) {
		taken := !strings.Contains(line, "-s 198.51.100.66") && (strings.Contains(line, "192.168.0.11") || strings.Contains(line, "192.168.0.12"))
		if !taken {
			left = append(left, line)
		}
	}
	if diff := cmp.Diff(strings.Join(left, ""), r.shell(t, "cat "+keptPath)); diff != "" {
		t.Error(diff)
	}
	if mode := r.shell(t, "stat -c %a "+keptPath); mode != "640\n" {
		t.Errorf("its mode is %s", mode)
	}
	e := engineOn(r, p)
	again, err := e.Plan(context.Background(), want, observe(t, r, p))
	if err != nil || !again.Empty() {
		t.Errorf("there is something left to do: %v, %v", again.Changes(), err)
	}
}

// Undone, or put back by the gateway itself, the file is what it was; one that somebody has changed since is
// refused, and stays.
func TestAdoptionPutsKeptFileBack(t *testing.T) {
	for name, do := range map[string]func(t *testing.T, r rig, gw *emulator.Gateway, p *project, pl plan.Plan) (want string){
		"undone": func(t *testing.T, _ rig, _ *emulator.Gateway, _ *project, pl plan.Plan) string {
			report := plan.Undo(context.Background(), pl, errors.New("a test says so"), nil)
			if len(report.Left) > 0 {
				t.Error(report.Undo)
			}
			return ""
		},
		"put back by the gateway": func(t *testing.T, r rig, _ *emulator.Gateway, _ *project, _ plan.Plan) string {
			r.shell(t, "flock -o /run/portico.lock sh /var/lib/portico/armed/guard.sh fire 'a test said so'")
			return ""
		},
		"changed by somebody since": func(t *testing.T, r rig, _ *emulator.Gateway, _ *project, pl plan.Plan) string {
			r.shell(t, "echo '# mine' >>"+keptPath)
			now := r.shell(t, "cat "+keptPath)
			if report := plan.Undo(context.Background(), pl, errors.New("a test says so"), nil); len(report.Left) != 1 || !strings.HasPrefix(report.Left[0].ID, "kept-") {
				t.Errorf("left %v", report.Left)
			}
			return now
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, gw, p, before := persistent(t)
			pl, _ := adoption(t, r, p)
			at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
			record := history.Record{Version: 1, ID: history.NewID(at, "aaa"), By: "ada@laptop", At: at, Gateway: "gw-1", Title: "adopt", Result: history.Applying, Changes: pl.Changes()}
			lease, err := engineOn(r, p).Arm(context.Background(), record, rollback.MaxWindow, pl)
			if err != nil {
				t.Fatal(err)
			}
			if report := plan.Apply(rollback.With(context.Background(), lease.ID), pl, nil); !report.OK() {
				t.Fatal(report.Err)
			}
			if r.shell(t, "cat "+keptPath) == before {
				t.Fatal("nothing was changed")
			}
			want := do(t, r, gw, p, pl)
			if want == "" {
				want = before
			}
			if diff := cmp.Diff(want, r.shell(t, "cat "+keptPath)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A file that changes between plan and apply makes the plan stale, and is not touched.
func TestAdoptionOfChangedKeptFile(t *testing.T) {
	r, _, p, _ := persistent(t)
	pl, _ := adoption(t, r, p)
	r.shell(t, "echo '# mine' >>"+keptPath)
	now := r.shell(t, "cat "+keptPath)
	if _, err := engineOn(r, p).Arm(context.Background(), history.Record{Version: 1, ID: "20261121T120000Z-aaa", By: "a@b", At: time.Now(), Result: history.Applying}, rollback.MaxWindow, pl); err == nil {
		t.Error("it is armed all the same")
	}
	if report := plan.Apply(context.Background(), pl, nil); report.OK() || len(report.Left) > 0 {
		t.Errorf("applied: %v, left %v", report.Err, report.Left)
	}
	if got := r.shell(t, "cat "+keptPath); got != now {
		t.Errorf("it was changed: %s", got)
	}
}

// Only the nat table's own lines go, however they are counted.
func TestTakeOut(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	hand(t, r, "iptables -w -t nat -A PREROUTING -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22")
	e := engineOn(r, newProject())
	s, err := e.Observe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	seen := s.Native.(hosts)[0]
	e.Adopt = map[gateway.Key]bool{}
	for _, d := range s.Drift {
		if d.Forward != nil {
			e.Adopt[d.Forward.Key()] = true
		}
	}
	gone := e.gone(seen.observed)
	rule := "-A PREROUTING -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22"
	for text, want := range map[string]string{
		"*nat\n" + rule + "\nCOMMIT\n":                            "*nat\nCOMMIT\n",
		"*nat\n[7:420] " + rule + "\r\nCOMMIT":                    "*nat\nCOMMIT",
		"*mangle\n" + rule + "\nCOMMIT\n*nat\n" + rule + "\n":     "*mangle\n" + rule + "\nCOMMIT\n*nat\n",
		"*nat\n# " + rule + "\n" + rule + "3\n":                   "*nat\n# " + rule + "\n" + rule + "3\n",
		rule + "\n":                                               rule + "\n",
		"*nat\n" + rule + "\n-A OUTPUT -j ACCEPT\n" + rule + "\n": "*nat\n-A OUTPUT -j ACCEPT\n",
	} {
		if got := takeOut(keptPath, text, gone).text; got != want {
			t.Errorf("of %q is left %q, want %q", text, got, want)
		}
	}
}
