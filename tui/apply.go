package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/views"
)

// applyState is the plan that is being applied, if one is.
type applyState struct {
	proposal     *publish.Proposal
	done         int
	guard        publish.Guard // as last told
	quitWhenDone bool
	settles      bool // it only forgets what the gateway took back; no screen shows it
}

func (a *applyState) running() bool { return a.proposal != nil }

// waits reports whether somebody else's change must end first: nothing was changed yet.
func (a *applyState) waits() bool { return a.running() && a.guard.Phase == publish.Waiting }

// readOnly says why nothing can be changed, or "". Whatever a screen asks for, the publisher refuses
// it, too: this only says so earlier.
func (r *Root) readOnly() string {
	return publish.WhyReadOnly(r.o.ReadOnly, r.snapshot.Inventory.Identity)
}

// onlyLooks refuses what would change something, and says why, where nothing can be changed.
func (r *Root) onlyLooks() bool {
	why := r.readOnly()
	if why != "" {
		r.say(views.OnlyLooks(why), true)
	}
	return why != ""
}

func (r *Root) publish(i views.Publish) tea.Cmd {
	if r.onlyLooks() {
		return nil
	}
	r.navigate(views.PublishForm)
	return r.tell(views.PublishForm, views.OpenFormMsg(i))
}

func (r *Root) withdraw(i views.Withdraw) tea.Cmd {
	return r.propose(publish.Request{Instances: i.Instances, Services: i.Services, Withdraw: true})
}

func (r *Root) repair(views.Repair) tea.Cmd { return r.propose(publish.Request{Repair: true}) }

func (r *Root) adopt(i views.Adopt) tea.Cmd {
	req := publish.Request{Adopt: i.Ports, AdoptAll: len(i.Ports) == 0}
	if i.Vacant {
		req.Vacant = publish.VacantAdopt
	}
	return r.propose(req)
}

// propose plans a request and shows the plan.
func (r *Root) propose(req publish.Request) tea.Cmd {
	if r.onlyLooks() {
		return nil
	}
	r.planning++
	return r.fx.Propose(r.snapshot, req, nil)
}

func (r *Root) onProposal(m effects.ProposalMsg) tea.Cmd {
	r.planning = max(0, r.planning-1)
	if m.Was != nil && (r.nav.current != views.ApplyRun || r.apply.running()) {
		return nil // the operator has gone on to something else
	}
	switch repair := m.Proposal.Request.Repair; {
	case m.Err != nil:
		r.note(m.Err)
		return nil
	case m.Was == nil && repair && m.Proposal.Plan.Empty() && len(r.rolledBack()) > 0:
		r.askToSettle(m.Proposal)
		return nil
	case m.Was == nil && (repair || m.Proposal.Request.Fix != nil) && m.Proposal.Plan.Empty():
		r.say("nothing to repair: what stands is as plans left it", false)
		return nil
	}
	if m.Was != nil {
		r.nav.home()
		r.quiet = r.now.Add(grace)
	}
	return r.showPlan(views.ShowPlan{Proposal: m.Proposal, Was: m.Was})
}

// rolledBack is what the gateway took back by itself, and nobody has seen to.
func (r *Root) rolledBack() []gateway.RolledBack {
	if r.snapshot.State == nil {
		return nil
	}
	return r.snapshot.State.RolledBack
}

// askToSettle offers to forget what the gateway took back, when nothing of it is left to repair.
func (r *Root) askToSettle(p publish.Proposal) {
	m := views.AskMsg{
		Title: "Nothing is left to repair", Yes: "forget the note", Cancel: "leave it",
		Lines: []string{"What stands is as plans left it, on the gateway and in the cloud. The gateway still has a note of what it took back:", ""},
	}
	for _, b := range r.rolledBack() {
		m.Lines = append(m.Lines, cloud.Clean(fmt.Sprintf("%s's change of %s: %s", b.By, views.When(b.At, r.now, false), b.Why)))
	}
	r.confirm(m, func(yes bool) tea.Cmd {
		if !yes || r.apply.running() {
			return nil
		}
		r.outdate()
		r.apply = applyState{proposal: &p, settles: true}
		return tea.Batch(r.fx.Apply(p), r.hurry())
	})
}

func (r *Root) showPlan(i views.ShowPlan) tea.Cmd {
	r.navigate(views.Preview)
	return r.tell(views.Preview, views.ShowPlanMsg(i))
}

// startApply begins to carry a proposal out. What is being read meanwhile is out of date.
func (r *Root) startApply(i views.Apply) tea.Cmd {
	switch {
	case r.onlyLooks():
		return nil
	case r.switching != nil:
		r.say("going to "+placeName(*r.switching)+"; nothing is applied meanwhile", true)
		return nil
	case r.apply.running():
		r.say("another plan is being applied; wait until it has ended", true)
		return nil
	}
	r.outdate()
	r.apply, r.stale = applyState{proposal: &i.Proposal}, nil
	r.nav.home()
	r.navigate(views.ApplyRun)
	return tea.Batch(r.tell(views.ApplyRun, views.ApplyStartMsg{Proposal: i.Proposal, From: r.nav.list()}), r.fx.Apply(i.Proposal), r.hurry())
}

func (r *Root) onApplyEvent(m views.ApplyEventMsg) tea.Cmd {
	if m.Event.State == plan.Done {
		r.apply.done++
	}
	return r.tell(views.ApplyRun, m)
}

func (r *Root) onGuard(m views.GuardMsg) tea.Cmd {
	if !r.apply.running() {
		return nil
	}
	if r.apply.waits() && m.Phase != publish.Waiting {
		r.withdrawOwn() // the question whether to stop waiting
	}
	r.apply.guard = m.Guard
	return r.tell(views.ApplyRun, m)
}

// onApplyEnd shows the report and reads everything again. The new forwards were tested by the
// apply; what stood before is tested once it has been read: a change may put right, or break, what
// it is not about.
func (r *Root) onApplyEnd(m effects.ApplyEndMsg) tea.Cmd {
	was := r.apply
	r.apply, r.toast = applyState{}, toast{} // what was said while it ran holds no longer
	r.withdrawOwn()
	r.outdate()
	r.tested(m)
	r.history.wanted = true
	stale := outOfDate(m)
	if r.stale = nil; stale && !was.settles && !was.quitWhenDone {
		r.stale = &m.Proposal
	}
	cmds := []tea.Cmd{r.tell(views.ApplyRun, views.ApplyDoneMsg{Report: m.Report, Notes: m.Notes}), r.refresh()}
	if m.Report.OK() {
		cmds = append(cmds, r.broadcast(views.AppliedMsg{Instances: m.Proposal.Request.Instances}))
	}
	switch {
	case was.quitWhenDone && (m.Report.OK() || m.Stopped):
		return tea.Quit
	case was.settles && m.Report.OK():
		r.say("the gateway has forgotten its note", false)
	case was.settles:
		r.note(m.Report.Err)
	case m.Stopped:
		r.nav.home()
		cmds = append(cmds, r.showPlan(views.ShowPlan{Proposal: m.Proposal}))
		r.say("stopped waiting; nothing was changed", false)
	case stale:
		r.say("the gateway has changed since; planning anew", false)
	case !m.Report.OK():
		r.say("the plan was not carried out; see what happened", true)
	}
	return tea.Batch(cmds...)
}

// tested notes what an apply has tested: all else is to be tested again.
func (r *Root) tested(m effects.ApplyEndMsg) {
	clear(r.probed)
	for k := range m.Results {
		if m.Report.OK() {
			r.probed[k] = true
		} else {
			delete(r.failing, k) // it was taken back
		}
	}
}

// replan plans anew what was out of date, from what was read since.
func (r *Root) replan() tea.Cmd {
	if r.stale == nil || r.cloud.err != nil {
		return nil
	}
	was := r.stale
	r.stale = nil
	r.planning++
	return r.fx.Propose(r.snapshot, was.Request, was)
}

// quit ends the console; while a plan is applied it asks, and then waits for its end.
func (r *Root) quit() tea.Cmd {
	switch {
	case !r.apply.running():
		return tea.Quit
	case r.apply.waits():
		r.confirm(views.AskMsg{
			Title: "Quit without applying?",
			Lines: []string{"Nothing was changed yet: the gateway is being changed by " + r.apply.guard.By + "."},
			Yes:   "quit", Cancel: "go on waiting",
		}, func(yes bool) tea.Cmd {
			if yes && r.apply.waits() {
				r.apply.quitWhenDone = true
				r.fx.StopWaiting()
			}
			return nil
		})
		return nil
	}
	r.confirm(views.AskMsg{
		Title: "Changes are being applied",
		Lines: []string{
			"They are not cut off in the middle. Portico can quit as soon as they are done.",
			"If they cannot be kept as planned, it asks or stays, and says what happened.",
		},
		Yes: "quit when done", Cancel: "stay",
	}, func(yes bool) tea.Cmd {
		if yes && !r.apply.running() {
			return tea.Quit
		}
		r.apply.quitWhenDone = yes
		return nil
	})
	return nil
}
