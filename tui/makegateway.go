package tui

import (
	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
)

// makeGateway plans what is to become of a machine as a gateway, and shows the plan.
func (r *Root) makeGateway(i views.MakeGateway) tea.Cmd {
	return r.propose(publish.Request{Make: i.Make, On: i.On})
}
