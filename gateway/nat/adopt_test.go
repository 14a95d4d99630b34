package nat

import (
	"context"
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

// A console that dies after it has taken forwards over: the gateway gives them back by itself.
func TestAbandonedAdoption(t *testing.T) {
	r, _ := emulated(t, emulator.Config{})
	p := newProject()
	hand(t, r, byHand)
	before := r.shell(t, "iptables-save -t nat")
	pl, _ := adoption(t, r, p)
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	record := history.Record{Version: 1, ID: history.NewID(at, "aaa"), By: "ada@laptop", At: at, Gateway: "gw-1", Title: "adopt", Result: history.Applying, Changes: pl.Changes()}
	lease, err := engineOn(r, p).Arm(context.Background(), record, 2*time.Second, pl)
	if err != nil {
		t.Fatal(err)
	}
	if report := plan.Apply(rollback.With(context.Background(), lease.ID), pl, nil); !report.OK() {
		t.Fatal(report.Err)
	}
	if save := r.shell(t, "iptables-save -t nat"); strings.Contains(save, "-i ens3 -p tcp -m tcp --dport 30011") {
		t.Fatalf("nothing was adopted:\n%s", save)
	}
	var back []gateway.RolledBack
	for range 300 {
		armed, done := rollback.ParseStatus(r.shell(t, rollback.StatusScript))
		if back = done; armed == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(back) != 1 || !back[0].Whole {
		t.Fatalf("rolled back: %+v", back)
	}
	if diff := cmp.Diff(stripCounters(before), stripCounters(r.shell(t, "iptables-save -t nat"))); diff != "" {
		t.Errorf("not byte-identical: %s", diff)
	}
}

// Rules that are kept elsewhere would come back; another address of the gateway loses a forward.
func TestAdoptionWarns(t *testing.T) {
	r, gw := emulated(t, emulator.Config{})
	p := newProject()
	hand(t, r, byHand)
	for _, f := range []string{"/etc/iptables/rules.v4", "/var/lib/cloud/instance/user-data.txt"} {
		if err := gw.WriteFile(f, []byte("iptables -t nat -A PREROUTING -j DNAT\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pl, _ := adoption(t, r, p)
	var said strings.Builder
	for _, w := range pl.Warnings {
		said.WriteString(w.Title + ": " + w.Detail + "\n")
	}
	for _, want := range []string{"iptables-save | grep -v PORTICO- > /etc/iptables/rules.v4", "user data"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("nothing is said of %q: %s", want, said.String())
		}
	}
	if publish := planFor(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30555, 22)}); strings.Contains(strings.Join(titles(publish.Warnings), " "), "by hand") {
		t.Errorf("a publish speaks of rules by hand: %v", publish.Warnings)
	}
}

func titles(ws []plan.Warning) []string {
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = w.Title
	}
	return out
}
