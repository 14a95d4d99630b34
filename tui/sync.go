package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// publishSubnet opens the form for whole subnets.
func (r *Root) publishSubnet(views.PublishSubnet) tea.Cmd {
	if r.onlyLooks() {
		return nil
	}
	r.navigate(views.SubnetForm)
	return r.tell(views.SubnetForm, views.OpenSubnetMsg{})
}

func (r *Root) sync(views.Sync) tea.Cmd { return r.propose(publish.Request{Sync: true}) }

// onPlan answers the form that has asked: one is in sight at a time.
func (r *Root) onPlan(m views.PlanMsg) tea.Cmd { return r.tell(r.formOf(), m) }

// settle brings what stands into step with the inventory that came last, and finds out whether the forwards
// still are.
func (r *Root) settle() {
	r.snapshot = publish.Settle(r.snapshot)
	r.outOfStep = publish.OutOfStep(r.snapshot)
}

// offerSync says, on the tabs, that VMs have come, gone or moved, and with which key the forwards follow.
func (r *Root) offerSync() []string {
	if r.outOfStep.Empty() || r.apply.running() || !r.nav.top() || r.readOnly() != "" {
		return nil
	}
	here := false
	for _, a := range views.Actions() {
		here = here || a.Name == "sync" && a.Has(r.nav.current)
	}
	if !here {
		return nil
	}
	st := r.styles
	mark := st.Warn
	if r.outOfStep.Wrong > 0 {
		mark = st.Bad
	}
	next := fmt.Sprintf("  press %s to bring the forwards into step", r.o.Keys.Of("sync"))
	line := widget.Spans{{Text: " ⚠ ", Style: mark}, {Text: r.outOfStep.String(), Style: st.Text}, {Text: next, Style: st.Dim}}
	if line.Width() > r.width {
		line[2].Text = "; press " + r.o.Keys.Of("sync")
	}
	return []string{line.Cut(r.width).Render(st, false)}
}
