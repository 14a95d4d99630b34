package effects

import (
	"context"
	"net/netip"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
)

// Surveyor asks the gateway what is behind it, and from where we come.
type Surveyor interface {
	// Survey emits each finding once, from one goroutine.
	Survey(ctx context.Context, s publish.Snapshot, instances []string, services []gateway.Service, emit func(publish.Finding))
	ClientAddress(ctx context.Context, s publish.Snapshot) (netip.Addr, error)
}

// surveyTimeout bounds a survey of many instances: what was not tried by then is unknown.
const surveyTimeout = 30 * time.Second

// Survey asks the gateway, and ends the survey before this one.
func (e *Effects) Survey(s publish.Snapshot, i views.Survey) tea.Cmd {
	if e.survey != nil {
		e.survey()
		e.survey = nil
	}
	if len(i.Instances) == 0 && !i.Me {
		return nil
	}
	ctx, cancel := context.WithTimeout(e.ctx, surveyTimeout)
	e.survey = cancel
	out := newStream(e.ctx)
	return e.start(out, func() {
		defer cancel()
		addr, err := e.backend.ClientAddress(ctx, s)
		out.send(views.SurveyMsg{Seq: i.Seq, Me: &views.Me{Addr: addr, Err: err}})
		if len(i.Services) > 0 {
			e.backend.Survey(ctx, s, i.Instances, i.Services, func(f publish.Finding) {
				out.send(views.SurveyMsg{Seq: i.Seq, Finding: &f})
			})
		}
		out.send(views.SurveyMsg{Seq: i.Seq, Done: true})
	}, func(err error) tea.Msg { return views.SurveyMsg{Seq: i.Seq, Me: &views.Me{Err: err}, Done: true} })
}

// Survey emits nothing when there is no connection: nothing was found out.
func (l *lazy) Survey(ctx context.Context, s publish.Snapshot, instances []string, services []gateway.Service, emit func(publish.Finding)) {
	if b, err := l.get(ctx); err == nil {
		b.Survey(ctx, s, instances, services, emit)
	}
}

// ClientAddress asks the backend.
func (l *lazy) ClientAddress(ctx context.Context, s publish.Snapshot) (netip.Addr, error) {
	b, err := l.get(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	return b.ClientAddress(ctx, s)
}
