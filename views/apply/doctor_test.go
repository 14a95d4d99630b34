package apply_test

import (
	"testing"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/views"
	fixture "portico/views/preview/previewtest"
)

// TestWhatDoesNotAnswerIsDiagnosed: d is there once an apply has ended and a test has failed.
func TestWhatDoesNotAnswerIsDiagnosed(t *testing.T) {
	ssh := fixture.Forward(fixture.Assembly, fixture.SSH, 30011)
	for _, c := range []struct {
		outcome probe.Outcome
		want    views.Intent
	}{
		{probe.Timeout, views.DiagnoseForward(ssh, "assembly-02")}, {probe.Refused, views.DiagnoseForward(ssh, "assembly-02")}, {probe.Wrong, views.DiagnoseForward(ssh, "assembly-02")},
		{probe.OK, nil}, {probe.Unknown, nil},
	} {
		r := start(one()).all()
		r.send(views.ProbeStartMsg{Keys: []gateway.Key{ssh.Key()}})
		r.send(views.ProbeMsg{Key: ssh.Key(), Result: probe.Result{Outcome: c.outcome}})
		r.press("d")
		if r.intent != c.want {
			t.Errorf("%s: d does %+v", c.outcome, r.intent)
		}
	}
	for name, r := range map[string]*run{"running": start(one()).steps(2), "undone": start(one()).fail(3, -1)} {
		r.press("d")
		if r.intent != nil {
			t.Errorf("%s: d does %+v", name, r.intent)
		}
	}
}
