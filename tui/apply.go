package tui

import (
	tea "charm.land/bubbletea/v2"

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
	quitWhenDone bool
}

func (a *applyState) running() bool { return a.proposal != nil }

const onlyLooks = "this console only looks: it was started read-only"

func (r *Root) publish(i views.Publish) tea.Cmd {
	if r.o.ReadOnly {
		r.say(onlyLooks, true)
		return nil
	}
	r.navigate(views.PublishForm)
	return r.tell(views.PublishForm, views.OpenFormMsg(i))
}

func (r *Root) withdraw(i views.Withdraw) tea.Cmd {
	if r.o.ReadOnly {
		r.say(onlyLooks, true)
		return nil
	}
	return r.fx.PlanWithdraw(r.snapshot, i)
}

func (r *Root) onWithdraw(m effects.WithdrawMsg) tea.Cmd {
	if m.Err != nil {
		r.note(m.Err)
		return nil
	}
	return r.showPlan(views.ShowPlan{Proposal: m.Proposal})
}

func (r *Root) showPlan(i views.ShowPlan) tea.Cmd {
	r.navigate(views.Preview)
	return r.tell(views.Preview, views.ShowPlanMsg(i))
}

// startApply begins to carry a proposal out. What is being read meanwhile is out of date.
func (r *Root) startApply(i views.Apply) tea.Cmd {
	switch {
	case r.o.ReadOnly:
		r.say(onlyLooks, true)
		return nil
	case r.apply.running():
		r.say("another plan is being applied; wait until it has ended", true)
		return nil
	}
	r.outdate()
	r.apply = applyState{proposal: &i.Proposal}
	r.nav.home()
	r.navigate(views.ApplyRun)
	return tea.Batch(r.tell(views.ApplyRun, views.ApplyStartMsg(i)), r.fx.Apply(i.Proposal), r.hurry())
}

func (r *Root) onApplyEvent(m views.ApplyEventMsg) tea.Cmd {
	if m.Event.State == plan.Done {
		r.apply.done++
	}
	return r.tell(views.ApplyRun, m)
}

// onApplyEnd shows the report, reads everything again and tests what is new. What stood before is
// tested too once it has been read: a change may put right, or break, what it is not about.
func (r *Root) onApplyEnd(m effects.ApplyEndMsg) tea.Cmd {
	quit := r.apply.quitWhenDone
	r.apply, r.toast = applyState{}, toast{} // what was said while it ran holds no longer
	r.withdrawOwn()
	r.outdate()
	clear(r.probed)
	r.history.wanted = true
	cmds := []tea.Cmd{r.tell(views.ApplyRun, views.ApplyDoneMsg{Report: m.Report}), r.refresh()}
	if !m.Report.OK() {
		r.say("the plan was not carried out; see what happened", true)
		return tea.Batch(cmds...)
	}
	if quit {
		return tea.Quit
	}
	return tea.Batch(append(cmds, r.test(made(m.Proposal), r.fx.ProbeNew))...)
}

// made lists the forwards that an applied proposal has made or changed.
func made(p publish.Proposal) []gateway.Forward {
	var out []gateway.Forward
	for _, i := range p.Items {
		if i.Action == plan.Create || i.Action == plan.Update {
			out = append(out, i.Forward)
		}
	}
	return out
}

// quit ends the console; while a plan is applied it asks, and then waits for its end.
func (r *Root) quit() tea.Cmd {
	if !r.apply.running() {
		return tea.Quit
	}
	r.confirm(views.AskMsg{
		Title: "Changes are being applied",
		Lines: []string{"They are not cut off in the middle. Portico can quit as soon as they are done."},
		Yes:   "quit when done", Cancel: "stay",
	}, func(yes bool) tea.Cmd {
		if yes && !r.apply.running() {
			return tea.Quit
		}
		r.apply.quitWhenDone = yes
		return nil
	})
	return nil
}
