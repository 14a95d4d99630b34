package nat

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
	"portico/gateway/plan"
)

// settled plans for these forwards and applies; a plan for the same afterwards must find nothing to do.
func settled(t *testing.T, r rig, p *project, want []gateway.Forward, how func(*Engine)) plan.Plan {
	t.Helper()
	e := engineOn(r, p)
	how(e)
	pl, err := e.Plan(context.Background(), want, observe(t, r, p))
	if err != nil {
		t.Fatal(err)
	}
	if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
		t.Fatalf("apply: %v (undo: %v)", report.Err, report.Undo)
	}
	if again := planFor(t, r, p, want); !again.Empty() {
		t.Fatalf("still to do: %v", again.Changes())
	}
	if s := observe(t, r, p); len(s.Drift) > 0 {
		t.Fatalf("drift: %v", s.Drift)
	}
	return pl
}

// A prepared gateway stays one when the last forward goes; a retired one is as if Portico had never been.
func contractPrepared(t *testing.T, r rig) {
	p := newProject()
	const whole = "iptables-save | grep -v '^[#*:C]' | sort; iptables-save | grep -o '^:PORTICO[^ ]*' | sort; cat /proc/sys/net/ipv4/ip_forward; ls -d /etc/portico /etc/portico/* /etc/systemd/system/portico* /etc/sysctl.d/*portico* 2>/dev/null || true"
	r.shell(t, "iptables-save -t nat; iptables-save -t filter") // makes the tables known
	clean := r.shell(t, whole)
	groups := p.groupNames(t, "port-gw")

	settled(t, r, p, nil, func(e *Engine) { e.Prepare = true })
	prepared := r.shell(t, whole)
	for _, want := range []string{"-A PREROUTING -j PORTICO-PREROUTING", "-A FORWARD -j PORTICO-FORWARD", pathRules, pathPrepared, "\n1\n"} {
		if !strings.Contains(prepared, want) {
			t.Errorf("a prepared gateway has no %q:\n%s", want, prepared)
		}
	}
	if got := p.groupNames(t, "port-gw"); !cmp.Equal(got, append(groups[:len(groups):len(groups)], "portico-gw-1")) {
		t.Errorf("groups of the gateway's port: %v", got)
	}
	apply(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	settled(t, r, p, nil, func(*Engine) {})
	if diff := cmp.Diff(prepared, r.shell(t, whole)); diff != "" {
		t.Error("not as prepared after a withdrawal:", diff)
	}
	if r.reboot != nil {
		r.reboot(t)
		if diff := cmp.Diff(prepared, r.shell(t, whole)); diff != "" {
			t.Error("not as prepared after a reboot:", diff)
		}
	}
	apply(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	settled(t, r, p, nil, func(e *Engine) { e.Retire = true })
	if diff := cmp.Diff(clean, r.shell(t, whole)); diff != "" {
		t.Error("left by retiring:", diff)
	}
	if got := p.groupNames(t, "port-gw"); !cmp.Equal(got, groups) {
		t.Errorf("groups of the gateway's port: %v", got)
	}
}

// What others rely on stays on, and the preview says why.
func contractRetireShared(t *testing.T, r rig) {
	p := newProject()
	settled(t, r, p, nil, func(e *Engine) { e.Prepare = true })
	r.shell(t, "iptables -w -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE")
	pl := settled(t, r, p, nil, func(e *Engine) { e.Retire = true })
	if got := strings.TrimSpace(r.shell(t, "cat /proc/sys/net/ipv4/ip_forward")); got != "1" {
		t.Errorf("ip_forward is %s", got)
	}
	told := false
	for _, w := range pl.Warnings {
		told = told || strings.Contains(w.Title, "IP forwarding stays on") && strings.Contains(w.Detail, "nat rules that are not Portico's")
	}
	if !told {
		t.Errorf("not told: %v", pl.Warnings)
	}
}
