package effects_test

import (
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
	"portico/views"
)

func TestHostKeyQuestions(t *testing.T) {
	p := effects.NewPrompter()
	e := start(t, effectstest.Project(), p)
	key := gateway.HostKeyQuestion{Host: "gw", Addr: "203.0.113.10", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"}
	unverified, changed := key, key
	unverified.Unverified, changed.Known = "its console log has\x1b[2J no host keys", "ssh-ed25519 SHA256:old (\u202efile line 3)"
	for _, tt := range []struct {
		q    gateway.HostKeyQuestion
		says []string
		yes  string
	}{
		{key, []string{"is not known yet", "SHA256:abc"}, "trust it"},
		{unverified, []string{"is not known yet", "could not be verified by the cloud: its console log has no host keys."}, "trust it"},
		{changed, []string{"has changed", "SHA256:abc", "and was ssh-ed25519 SHA256:old", "The cloud vouches"}, "forget the old key"},
	} {
		accepted := make(chan bool, 1)
		go func() {
			ok, err := p.HostKey(t.Context(), tt.q)
			accepted <- ok && err == nil
		}()
		ask := e.Questions()().(effects.More).Msg.(views.AskMsg)
		text := strings.Join(ask.Lines, "\n")
		for _, s := range tt.says {
			if !strings.Contains(text, s) {
				t.Errorf("%q is not in %q", s, text)
			}
		}
		for _, l := range ask.Lines {
			if cloud.Clean(l) != l {
				t.Errorf("%q is not clean", l)
			}
		}
		if ask.Yes != tt.yes {
			t.Errorf("the button says %q, want %q", ask.Yes, tt.yes)
		}
		e.Reply(views.Answer{ID: ask.ID, Yes: true})
		if !<-accepted {
			t.Error("not accepted")
		}
	}
}

// TestTell shows lines that wait for nobody, and never makes who tells them wait.
func TestTell(t *testing.T) {
	p := effects.NewPrompter()
	for range 100 {
		p.Tell("verified")
	}
	e := start(t, effectstest.Project(), p)
	more := e.Questions()().(effects.More)
	if toast, ok := more.Msg.(views.ToastMsg); !ok || toast.Text != "verified" || toast.Bad || more.Next == nil {
		t.Errorf("got %+v", more)
	}
}
