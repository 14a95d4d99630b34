package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/doctor"
	"portico/gateway/publish"
	"portico/views"
)

// Diagnoser says why a path does not connect. emit is called one at a time, with the ladder as far as
// it is known.
type Diagnoser interface {
	Diagnose(ctx context.Context, t doctor.Target, emit func(doctor.Progress)) (doctor.Diagnosis, error)
	// All diagnoses every forward of the gateway, worst first. emit is told how far it is.
	All(ctx context.Context, emit func(done, total int)) ([]doctor.Diagnosis, error)
}

var _ Diagnoser = (*doctor.Doctor)(nil)

// Diagnose looks at one path. It ends with the console, or with StopDiagnosis. Whoever starts one
// stops the one before.
func (e *Effects) Diagnose(seq int, t doctor.Target) tea.Cmd {
	ctx, cancel := context.WithCancel(e.ctx)
	e.mu.Lock()
	e.stopDiagnosis = cancel
	e.mu.Unlock()
	s := newStream(e.ctx)
	return e.start(s, func() {
		defer cancel()
		d, err := e.backend.Diagnose(ctx, t, func(p doctor.Progress) { s.send(views.LadderMsg{Seq: seq, Progress: p}) })
		if ctx.Err() == nil {
			s.send(views.DiagnosisMsg{Seq: seq, Diagnosis: d, Err: err})
		}
	}, func(err error) tea.Msg { return views.DiagnosisMsg{Seq: seq, Err: err} })
}

// DiagnoseAll looks at every forward. It ends as Diagnose does.
func (e *Effects) DiagnoseAll(seq int) tea.Cmd {
	ctx, cancel := context.WithCancel(e.ctx)
	e.mu.Lock()
	e.stopDiagnosis = cancel
	e.mu.Unlock()
	s := newStream(e.ctx)
	return e.start(s, func() {
		defer cancel()
		all, err := e.backend.All(ctx, func(done, total int) { s.send(views.RoundsMsg{Seq: seq, Done: done, Of: total}) })
		if ctx.Err() == nil {
			s.send(views.RoundsDoneMsg{Seq: seq, Diagnoses: all, Err: err})
		}
	}, func(err error) tea.Msg { return views.RoundsDoneMsg{Seq: seq, Err: err} })
}

// Mend plans what puts a finding right, from what stands now: what is on screen may be older than the
// diagnosis.
func (e *Effects) Mend(r publish.Request) tea.Cmd {
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(e.ctx, observeTimeout)
		defer cancel()
		s, err := e.backend.SnapshotFor(ctx, r)
		if err != nil {
			return ProposalMsg{Err: err}
		}
		p, err := e.backend.Plan(ctx, s, r)
		return ProposalMsg{Proposal: p, Err: err}
	}, func(err error) tea.Msg { return ProposalMsg{Err: err} })
}

// StopDiagnosis ends the diagnosis under way, if there is one: nobody looks at it any more.
func (e *Effects) StopDiagnosis() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopDiagnosis != nil {
		e.stopDiagnosis()
		e.stopDiagnosis = nil
	}
}
