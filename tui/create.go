package tui

import (
	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
)

// openCreate goes to where one chooses what a new gateway is made from.
func (r *Root) openCreate(views.OpenCreate) tea.Cmd {
	if r.onlyLooks() {
		return nil
	}
	r.navigate(views.CreateGateway)
	return r.tell(views.CreateGateway, views.OpenCreateMsg{})
}

// stopWaiting gives up what can be given up. Where a gateway is being made, much is taken away again by
// that, so that it is asked about.
func (r *Root) stopWaiting(views.StopWaiting) tea.Cmd {
	if r.apply.guard.Phase != publish.Building {
		r.fx.StopWaiting()
		return nil
	}
	r.confirm(views.AskMsg{
		Title: "Stop making the gateway?", Lines: []string{"What was made so far is taken away again."}, Yes: "stop", Cancel: "go on",
	}, func(yes bool) tea.Cmd {
		if yes && r.apply.running() {
			r.fx.StopWaiting()
		}
		return nil
	})
	return nil
}

// planGateway plans a gateway from nothing, and shows the plan.
func (r *Root) planGateway(i views.PlanGateway) tea.Cmd {
	return r.propose(publish.Request{Create: &publish.CreateRequest{Wish: i.Wish, Material: i.Material}})
}
