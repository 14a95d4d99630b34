package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/doctor"
	"portico/views"
)

// Diagnoser says why a path does not connect. emit is called one at a time, with the ladder as far as
// it is known.
type Diagnoser interface {
	Diagnose(ctx context.Context, t doctor.Target, emit func(doctor.Progress)) (doctor.Diagnosis, error)
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

// StopDiagnosis ends the diagnosis under way, if there is one: nobody looks at it any more.
func (e *Effects) StopDiagnosis() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopDiagnosis != nil {
		e.stopDiagnosis()
		e.stopDiagnosis = nil
	}
}
