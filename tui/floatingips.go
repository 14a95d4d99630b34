package tui

import (
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

// outOfDate reports whether an apply has ended because its gateway had changed since: then it is planned
// anew. A plan about a floating IP is not: the operator looks again himself.
func outOfDate(m effects.ApplyEndMsg) bool {
	return cloud.KindOf(m.Report.Err) == gateway.Stale && len(m.Report.Left) == 0 && !m.Proposal.AboutFloatingIP()
}
