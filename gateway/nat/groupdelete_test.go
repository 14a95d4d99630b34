package nat

import (
	"context"
	"slices"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/emulator"
	"portico/gateway/plan"
)

// A rule that somebody adds to our group before it is deleted, or at that very moment, outlives
// the plan that deletes the group, and the plan is taken back.
func TestDeletedGroupHasNoNewRules(t *testing.T) {
	for _, when := range []string{"after the plan", "between the look and the deletion"} {
		t.Run(when, func(t *testing.T) {
			r, _ := emulated(t, emulator.Config{})
			p := newProject()
			want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)}
			apply(t, r, p, want)
			withdraw := planFor(t, r, p, nil)
			i := slices.IndexFunc(p.inv.SecurityGroups, func(g cloud.SecurityGroup) bool { return g.Name == "portico-gw-1" })
			id := p.inv.SecurityGroups[i].ID
			added := cloud.SecurityGroupRule{ID: "r-other", GroupID: id, Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 30012, PortMax: 30012, RemotePrefix: door.Anywhere}
			add := func() {
				p.editGroup(id, func(g *cloud.SecurityGroup) {
					if !slices.Contains(g.Rules, added) {
						g.Rules = append(slices.Clone(g.Rules), added)
					}
				})
			}
			if when == "after the plan" {
				add()
			}
			p.fail = func(op string) error {
				if op == "delete group" {
					add()
				}
				return nil
			}
			report := plan.Apply(context.Background(), withdraw, nil)
			if cloud.KindOf(report.Err) != gateway.Stale || len(report.Left) > 0 {
				t.Fatalf("got %v, left %v", report.Err, report.Left)
			}
			if g, ok := p.inv.Group(id); !ok || !slices.Contains(g.Rules, added) {
				t.Errorf("the rule is gone: %v", g)
			}
			if state := observe(t, r, p); !slices.EqualFunc(state.Forwards, want, gateway.Forward.Equal) {
				t.Errorf("the forward was not put back: %v", state.Forwards)
			}
		})
	}
}
