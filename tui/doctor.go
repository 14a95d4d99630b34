package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/doctor"
	"portico/views"
)

// doctorState is the diagnosis under way.
type doctorState struct {
	seq  int          // of the last one
	busy bool         // it has not ended
	of   views.Target // the screen that it is for
}

// diagnose shows the doctor's screen, which fills as hops are looked at.
func (r *Root) diagnose(i views.Diagnose) tea.Cmd {
	r.fx.StopDiagnosis()
	r.doctor = doctorState{seq: r.doctor.seq + 1, busy: true, of: views.Doctor}
	r.navigate(views.Doctor)
	return tea.Batch(r.tell(views.Doctor, views.DiagnoseMsg{Seq: r.doctor.seq, Diagnose: i}), r.fx.Diagnose(r.doctor.seq, i.Target), r.hurry())
}

func (r *Root) onDiagnosis(m views.DiagnosisMsg) tea.Cmd {
	if m.Seq == r.doctor.seq {
		r.doctor.busy = false
	}
	return r.tell(views.Doctor, m)
}

// diagnoseAll shows what the doctor says of every forward.
func (r *Root) diagnoseAll(views.DiagnoseAll) tea.Cmd {
	r.fx.StopDiagnosis()
	r.doctor = doctorState{seq: r.doctor.seq + 1, busy: true, of: views.Rounds}
	r.navigate(views.Rounds)
	return tea.Batch(r.tell(views.Rounds, views.RoundsMsg{Seq: r.doctor.seq}), r.fx.DiagnoseAll(r.doctor.seq), r.hurry())
}

func (r *Root) onRounds(m views.RoundsDoneMsg) tea.Cmd {
	if m.Seq == r.doctor.seq {
		r.doctor.busy = false
	}
	m.At = r.now
	return r.tell(views.Rounds, m)
}

// showDiagnosis opens the ladder of a path that was looked at along with all others.
func (r *Root) showDiagnosis(i views.ShowDiagnosis) tea.Cmd {
	d := i.Diagnosis
	r.fx.StopDiagnosis()
	r.doctor = doctorState{seq: r.doctor.seq + 1}
	r.navigate(views.Doctor)
	ask := views.Diagnose{Target: doctor.Target{Public: d.Forward.Public, Protocol: d.Forward.Service.Protocol}, Title: d.Title}
	return tea.Batch(r.tell(views.Doctor, views.DiagnoseMsg{Seq: r.doctor.seq, Diagnose: ask}), r.tell(views.Doctor, views.DiagnosisMsg{Seq: r.doctor.seq, Diagnosis: d}))
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
	if r.doctor.busy && r.nav.current != r.doctor.of && !slices.Contains(r.nav.stack, r.doctor.of) {
		r.doctor.busy = false
		r.fx.StopDiagnosis()
	}
}
