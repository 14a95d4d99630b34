package doctor_test

import (
	"errors"
	"fmt"
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
	screen "portico/views/doctor"
	"portico/views/widget"
)

var (
	now   = time.Date(2026, 11, 21, 13, 40, 0, 0, time.UTC)
	sizes = [][2]int{{80, 24}, {120, 40}, {40, 10}}
)

func open(msgs ...tea.Msg) views.Screen {
	var s views.Screen = screen.New(false)
	for _, m := range append([]tea.Msg{views.DiagnoseMsg{Seq: 1, Diagnose: asked}}, msgs...) {
		s, _ = s.Update(m)
	}
	return s
}

func ended(d doctor.Diagnosis) tea.Msg { return views.DiagnosisMsg{Seq: 1, Diagnosis: d} }

func looking(n int) tea.Msg {
	return views.LadderMsg{Seq: 1, Progress: doctor.Progress{Title: title, Hops: ladder(n)}}
}

func press(s views.Screen, keys string) (i views.Intent) {
	special := map[rune]tea.KeyPressMsg{'\n': {Code: tea.KeyEnter}, '<': {Code: tea.KeyEscape}}
	for _, r := range keys {
		m, ok := special[r]
		if !ok {
			m = tea.KeyPressMsg{Code: r, Text: string(r)}
		}
		s, i = s.Update(m)
	}
	return i
}

// view draws the screen and checks that it keeps to its size.
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

var silent = &gateway.Error{Op: "read the project", Target: "metagenomics", Kind: gateway.Unreachable, Err: errors.New("dial tcp 192.0.2.9:5000: i/o timeout"), Next: "portico doctor again when it answers"}

// states are all that the screen can be in.
func states() map[string][]tea.Msg {
	return map[string][]tea.Msg{
		"asked":    nil,
		"looking":  {looking(3)},
		"ok":       {looking(3), ended(diagnosis(doctor.OK, -1, "ok: all 8 hops are in order, 12 ms", ladder(8)))},
		"blocked":  {looking(3), ended(blocked())},
		"sentence": {ended(diagnosis(doctor.Blocked, 6, "blocked at hop 7 of 8: the groups let tcp/22 in, and jupyter does not answer", broken(7, firewall)))},
		"degraded": {ended(diagnosis(doctor.Degraded, 7, "degraded at hop 8 of 8: permission denied for centos", broken(8, wrongUser)))},
		"unknown":  {ended(unknown())},
		"error":    {views.DiagnosisMsg{Seq: 1, Err: silent}},
		"hostile":  {ended(hostile())},
	}
}

func TestView(t *testing.T) {
	for name, msgs := range states() {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				golden.RequireEqual(t, view(t, open(msgs...), size[0], size[1]))
			})
		}
	}
}

func TestEverySizeFits(t *testing.T) {
	for _, msgs := range states() {
		for _, keys := range []string{"gG", "g\njjj\n"} {
			for _, w := range []int{1, 4, 5, 12, 24, 59, 60} {
				for _, h := range []int{1, 2, 3, 5, 8, 13, 14} {
					s := open(msgs...)
					view(t, s, w, h)
					press(s, keys)
					view(t, s, w, h)
				}
			}
		}
	}
}

// TestAllCanBeRead: on the lowest terminal every line of what was found comes into sight by going down.
func TestAllCanBeRead(t *testing.T) {
	s := open(ended(blocked()))
	seen := view(t, s, 40, 10)
	press(s, "g")
	for range 60 {
		seen += view(t, s, 40, 10)
		press(s, "j")
	}
	for _, want := range []string{"1  you", "8  sshd", "no rule lets tcp/22 in", "[UNREPLIED]", "web: ingress", "attach portico-from-gw-1", "after this is fixed"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is never in sight", want)
		}
	}
}

func TestKeys(t *testing.T) {
	d := blocked()
	s := open(ended(d))
	if i, ok := press(s, "f").(views.Mend); !ok || !i.Request.Repair {
		t.Errorf("f does %+v", i)
	}
	if i, ok := press(s, "r").(views.Diagnose); !ok || i.Target != asked.Target {
		t.Errorf("r does %+v", i)
	}
	if i := press(s, "<"); i != (views.Back{}) {
		t.Errorf("esc does %+v", i)
	}
	if i, ok := press(s, "y").(views.CopyText); !ok || i.Text != doctor.Report(d) {
		t.Errorf("y copies %+v", i)
	}
}

// TestFixes: what no plan can do is copied, and the key says so.
func TestFixes(t *testing.T) {
	for _, c := range []struct{ state, text, what, help string }{
		{"sentence", firewall.Fix.Sentence, "the sentence for the owner of jupyter", "copy what to say"},
		{"degraded", wrongUser.Fix.Command, "the command", "copy the command"},
	} {
		s := open(states()[c.state]...)
		if i := press(s, "f"); i != (views.CopyText{Text: c.text, What: c.what}) {
			t.Errorf("%s: f does %+v", c.state, i)
		}
		if help := s.Keys().ShortHelp()[0].Help().Desc; help != c.help {
			t.Errorf("%s: f is called %q", c.state, help)
		}
	}
	for _, state := range []string{"asked", "looking", "ok", "unknown", "error"} {
		s := open(states()[state]...)
		if i, ok := press(s, "f").(views.Tell); !ok || s.Keys().ShortHelp()[0].Enabled() {
			t.Errorf("%s: f does %+v", state, i)
		}
	}
	var s views.Screen = screen.New(true)
	s, _ = s.Update(views.DiagnoseMsg{Seq: 1, Diagnose: asked})
	s, _ = s.Update(ended(blocked()))
	if i, ok := press(s, "f").(views.Tell); !ok || !strings.Contains(i.Text, "read-only") {
		t.Errorf("read-only: f does %+v", i)
	}
}

// TestTheOperatorMoves: a diagnosis that ends does not move the cursor that its operator has moved, and
// what belongs to another diagnosis is not shown.
func TestTheOperatorMoves(t *testing.T) {
	s := open(looking(2))
	press(s, "j\n")
	s, _ = s.Update(ended(blocked()))
	if v := view(t, s, 80, 24); !strings.Contains(v, "▸ ✓ 2") || !strings.Contains(v, "as the cloud says") {
		t.Errorf("the cursor has moved, or the hop is closed:\n%s", v)
	}
	s, _ = s.Update(views.DiagnoseMsg{Seq: 2, Diagnose: asked})
	s, _ = s.Update(ended(blocked()))
	s, _ = s.Update(looking(8))
	if v := view(t, s, 80, 24); strings.Contains(v, "hop 6") || !strings.Contains(v, "reading the project") {
		t.Errorf("another diagnosis is shown:\n%s", v)
	}
}

func TestNothingHostileGetsThrough(t *testing.T) {
	s := open(ended(hostile()))
	all := view(t, s, 120, 40)
	for _, k := range []string{"y", "f"} {
		all += press(s, k).(views.CopyText).Text
	}
	if i := strings.IndexFunc(all, func(r rune) bool { return r != '\n' && cloud.Clean(string(r)) != string(r) }); i >= 0 {
		t.Errorf("%q got through", all[i:i+1])
	}
}
