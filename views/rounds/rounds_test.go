package rounds_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/themes"
	"portico/views"
	"portico/views/rounds"
	"portico/views/widget"
)

var (
	now   = time.Date(2026, 11, 21, 13, 40, 0, 0, time.UTC)
	sizes = [][2]int{{80, 24}, {120, 40}, {40, 10}}
)

func one(name string, port uint16, v doctor.Verdict, hop int, text string) doctor.Diagnosis {
	d := doctor.Diagnosis{
		Title: name, Instance: name, Verdict: v, Broken: hop, Summary: text,
		Forward: gateway.Forward{Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), port)},
		Hops:    []doctor.Hop{{N: 1, Title: "you"}, {N: 2, Title: name + " security groups", Text: text}},
	}
	return d
}

func found() []doctor.Diagnosis {
	return []doctor.Diagnosis{
		one("jupyter", 30020, doctor.Blocked, 1, "no rule lets tcp/22 in from gw-1"),
		one("portal", 30040, doctor.Degraded, 1, "answers after 1400 ms"),
		one("old-mapper", 30033, doctor.Unknown, -1, "hop 5 could not be seen"),
		one("assembly-02", 30011, doctor.OK, -1, "all 8 hops are fine"),
	}
}

const nasty = "evil\x1b]52;c;ZXZpbA==\x07\x1b[31m\u202e\r\nline 日本語の名前はとても長い"

func states() map[string][]tea.Msg {
	evil := one(cloud.Clean(nasty), 30066, doctor.Blocked, 1, cloud.Clean(nasty+strings.Repeat("x", 200)))
	return map[string][]tea.Msg{
		"looking": {views.RoundsMsg{Seq: 1, Done: 3, Of: 14}},
		"found":   {views.RoundsMsg{Seq: 1}, views.RoundsDoneMsg{Seq: 1, Diagnoses: found(), At: now.Add(-time.Minute)}},
		"well":    {views.RoundsMsg{Seq: 1}, views.RoundsDoneMsg{Seq: 1, Diagnoses: found()[3:], At: now}},
		"none":    {views.RoundsMsg{Seq: 1}, views.RoundsDoneMsg{Seq: 1, At: now}},
		"error":   {views.RoundsMsg{Seq: 1}, views.RoundsDoneMsg{Seq: 1, Err: &gateway.Error{Op: "connect to", Target: "gateway gw-1", Kind: gateway.Unreachable, Err: errors.New("its SSH port does not answer")}}},
		"hostile": {views.RoundsMsg{Seq: 1}, views.RoundsDoneMsg{Seq: 1, Diagnoses: []doctor.Diagnosis{evil}, At: now}},
	}
}

func open(w, h int, msgs ...tea.Msg) views.Screen {
	var s views.Screen = rounds.New()
	for _, m := range append([]tea.Msg{views.SizeMsg{Width: w, Height: h}}, msgs...) {
		s, _ = s.Update(m)
	}
	return s
}

func view(t *testing.T, s views.Screen, w, h int) string {
	t.Helper()
	out := ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: now, Styles: themes.New(themes.Default(), true)}))
	lines := strings.Split(out, "\n")
	if len(lines) != h {
		t.Errorf("%dx%d: %d lines", w, h, len(lines))
	}
	for _, l := range lines {
		if widget.Width(l) > w {
			t.Errorf("%dx%d: a line of %d: %q", w, h, widget.Width(l), l)
		}
	}
	return out
}

func TestView(t *testing.T) {
	for name, msgs := range states() {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				golden.RequireEqual(t, view(t, open(size[0], size[1], msgs...), size[0], size[1]))
			})
		}
		for _, w := range []int{1, 4, 5, 12, 24, 59} {
			for _, h := range []int{1, 2, 3, 5, 11, 12} {
				view(t, open(w, h, msgs...), w, h)
			}
		}
	}
}

func TestKeys(t *testing.T) {
	press := func(s views.Screen, k tea.KeyPressMsg) (i views.Intent) { _, i = s.Update(k); return i }
	s := open(80, 24, states()["found"]...)
	if i, ok := press(s, tea.KeyPressMsg{Code: tea.KeyEnter}).(views.ShowDiagnosis); !ok || i.Diagnosis.Instance != "jupyter" {
		t.Errorf("enter does %+v", i)
	}
	if i := press(s, tea.KeyPressMsg{Code: 'r', Text: "r"}); i != (views.DiagnoseAll{}) {
		t.Errorf("r does %+v", i)
	}
	if i := press(s, tea.KeyPressMsg{Code: tea.KeyEscape}); i != (views.Back{}) {
		t.Errorf("esc does %+v", i)
	}
	s, _ = s.Update(views.RoundsMsg{Seq: 2})
	s, _ = s.Update(views.RoundsDoneMsg{Seq: 1, At: now})
	if v := view(t, s, 80, 24); !strings.Contains(v, "jupyter") || !strings.Contains(v, "looking") {
		t.Errorf("what was asked before is heard:\n%s", v)
	}
	if i := press(s, tea.KeyPressMsg{Code: 'r', Text: "r"}); i != nil {
		t.Errorf("r while looking does %+v", i)
	}
}
