package effects

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
)

type (
	// InventoryMsg answers Inventory.
	InventoryMsg struct {
		Gen       int
		Inventory cloud.Inventory
		Gateways  []gateway.Gateway // that the project has
		Err       error
	}
	// ObserveMsg answers Observe. Gateway may be known even when it did not answer.
	ObserveMsg struct {
		Gen     int
		Gateway gateway.Gateway
		State   gateway.State
		Err     error
	}
	// LoginsMsg answers Logins.
	LoginsMsg struct {
		Gen    int
		Logins map[string]publish.Login
		Err    error
	}
	// ProposalMsg answers Propose.
	ProposalMsg struct {
		Proposal publish.Proposal
		Was      *publish.Proposal // that it was made in place of, or nil
		Err      error
	}
)

// Inventory reads the project. The answer carries gen, so that one from before a change can be told.
func (e *Effects) Inventory(gen int) tea.Cmd {
	parent := e.reads
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, inventoryTimeout)
		defer cancel()
		inv, err := e.backend.Inventory(ctx)
		if ended(parent, err) {
			return nil
		}
		m := InventoryMsg{Gen: gen, Inventory: inv, Err: err}
		if err == nil {
			m.Gateways = e.backend.Gateways(inv)
		}
		return m
	}, func(err error) tea.Msg { return InventoryMsg{Gen: gen, Err: err} })
}

// Observe reads the gateway.
func (e *Effects) Observe(gen int, inv cloud.Inventory) tea.Cmd {
	parent := e.reads
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, observeTimeout)
		defer cancel()
		gw, state, err := e.backend.Observe(ctx, inv)
		if ended(parent, err) {
			return nil
		}
		return ObserveMsg{Gen: gen, Gateway: gw, State: state, Err: err}
	}, func(err error) tea.Msg { return ObserveMsg{Gen: gen, Err: err} })
}

// Logins works out how to log in to the instances.
func (e *Effects) Logins(gen int, inv cloud.Inventory) tea.Cmd {
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(e.ctx, inventoryTimeout)
		defer cancel()
		logins, err := e.backend.Logins(ctx, inv)
		if ended(e.ctx, err) {
			return nil
		}
		return LoginsMsg{Gen: gen, Logins: logins, Err: err}
	}, func(err error) tea.Msg { return LoginsMsg{Gen: gen, Err: err} })
}

// Plan answers a draft of the publish form.
func (e *Effects) Plan(s publish.Snapshot, d views.Draft) tea.Cmd {
	return e.do(func() tea.Msg {
		p, err := e.backend.Plan(e.ctx, s, d.Request)
		return views.PlanMsg{Seq: d.Seq, Proposal: p, Err: err}
	}, func(err error) tea.Msg { return views.PlanMsg{Seq: d.Seq, Err: err} })
}

// Propose plans a request that is not drafted on a form. was is the proposal that it is planned
// anew for, if any.
func (e *Effects) Propose(s publish.Snapshot, r publish.Request, was *publish.Proposal) tea.Cmd {
	return e.do(func() tea.Msg {
		p, err := e.backend.Plan(e.ctx, s, r)
		return ProposalMsg{Proposal: p, Was: was, Err: err}
	}, func(err error) tea.Msg { return ProposalMsg{Was: was, Err: err} })
}

// TickMsg is one beat of the console's clock; Chain tells the present chain of beats from one
// that was replaced.
type TickMsg struct{ Chain int }

// Tick brings a beat after d, counted from now. Unlike tea.Tick it ends with the console.
func (e *Effects) Tick(chain int, d time.Duration) tea.Cmd {
	timer := time.NewTimer(d)
	return e.do(func() tea.Msg {
		defer timer.Stop()
		select {
		case <-timer.C:
			return TickMsg{Chain: chain}
		case <-e.ctx.Done():
			return nil
		}
	}, func(error) tea.Msg { return TickMsg{Chain: chain} })
}
