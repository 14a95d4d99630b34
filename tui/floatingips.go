package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/views"
)

// changeFloatingIP plans what is to be done with a floating IP, and shows the plan. It needs no gateway.
func (r *Root) changeFloatingIP(i views.ChangeFloatingIP) tea.Cmd {
	return r.propose(publish.Request{FloatingIP: i.Request})
}

// pickInstance goes to where one chooses what a floating IP is attached to.
func (r *Root) pickInstance(i views.PickInstance) tea.Cmd {
	r.navigate(views.FloatingIPs)
	return r.tell(views.FloatingIPs, views.PickInstanceMsg(i))
}

// guided reports whether the screen in sight says itself what to do about there being no gateway.
func (r *Root) guided() bool {
	none := cloud.KindOf(r.gw.err) == gateway.NotFound && len(r.gateways) == 0
	// Without a gateway, all plans are about floating IPs, or make one.
	about := []views.Target{views.Gateways, views.FloatingIPs, views.Preview, views.ApplyRun, views.CreateGateway}
	return none && (slices.Contains(about, r.nav.current) || len(r.snapshot.Inventory.Instances) == 0)
}

// outOfDate reports whether an apply has ended because its gateway had changed since: then it is planned
// anew. A plan about a floating IP is not: the operator looks again himself.
func outOfDate(m effects.ApplyEndMsg) bool {
	return cloud.KindOf(m.Report.Err) == gateway.Stale && len(m.Report.Left) == 0 && !m.Proposal.AboutFloatingIP()
}
