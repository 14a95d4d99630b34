package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"portico/views"
)

// doctorState is the diagnosis under way.
type doctorState struct {
	seq  int  // of the last one
	busy bool // it has not ended
}

// diagnose shows the doctor's screen, which fills as hops are looked at.
func (r *Root) diagnose(i views.Diagnose) tea.Cmd {
	r.fx.StopDiagnosis()
	r.doctor = doctorState{seq: r.doctor.seq + 1, busy: true}
	r.navigate(views.Doctor)
	return tea.Batch(r.tell(views.Doctor, views.DiagnoseMsg{Seq: r.doctor.seq, Diagnose: i}), r.fx.Diagnose(r.doctor.seq, i.Target), r.hurry())
}

func (r *Root) onDiagnosis(m views.DiagnosisMsg) tea.Cmd {
	if m.Seq == r.doctor.seq {
		r.doctor.busy = false
	}
	return r.tell(views.Doctor, m)
}

// mend shows the plan that puts a finding right.
func (r *Root) mend(i views.Mend) tea.Cmd {
	switch {
	case r.onlyLooks():
		return nil
	case r.apply.running():
		r.say("another plan is being applied; wait until it has ended", true)
		return nil
	}
	r.planning++
	return r.fx.Mend(i.Request)
}

// leaveDoctor ends a diagnosis that nobody comes back to.
func (r *Root) leaveDoctor() {
	if r.doctor.busy && r.nav.current != views.Doctor && !slices.Contains(r.nav.stack, views.Doctor) {
		r.doctor.busy = false
		r.fx.StopDiagnosis()
	}
}
