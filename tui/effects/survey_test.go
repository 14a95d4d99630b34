package effects_test

import (
	"context"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
	"portico/views"
)

// parts takes a stream to its end.
func parts(cmd tea.Cmd) []views.SurveyMsg {
	var out []views.SurveyMsg
	for cmd != nil {
		m, ok := cmd().(effects.More)
		if !ok {
			break
		}
		out = append(out, m.Msg.(views.SurveyMsg))
		cmd = m.Next
	}
	return out
}

func TestSurveyTellsEachThingOnce(t *testing.T) {
	fx := effects.New(context.Background(), effectstest.Project(), nil)
	defer fx.Close()
	ask := views.Survey{Seq: 7, Instances: []string{"a", "b"}, Services: publish.Services()}
	me, findings, done := 0, 0, 0
	for _, m := range parts(fx.Survey(publish.Snapshot{}, ask)) {
		if m.Seq != 7 {
			t.Errorf("an answer to question %d", m.Seq)
		}
		if m.Me != nil && m.Me.Err == nil {
			me++
		}
		if m.Finding != nil {
			findings++
		}
		if m.Done {
			done++
		}
	}
	if me != 1 || findings != 2*len(publish.Services()) || done != 1 {
		t.Errorf("%d times our address, %d findings, %d ends", me, findings, done)
	}
}

// A survey ends when the next one begins, or when nobody wants to know any more.
func TestANewSurveyEndsTheOneBefore(t *testing.T) {
	b := effectstest.Project()
	b.Slow = time.Hour
	fx := effects.New(context.Background(), b, nil)
	defer fx.Close()
	first := fx.Survey(publish.Snapshot{}, views.Survey{Seq: 1, Instances: []string{"a"}, Services: publish.Services()})
	if fx.Survey(publish.Snapshot{}, views.Survey{}) != nil {
		t.Error("without instances something is asked")
	}
	got := parts(first)
	if len(got) == 0 || got[0].Me == nil || got[0].Me.Err == nil || !got[len(got)-1].Done {
		t.Errorf("%+v", got)
	}
}
