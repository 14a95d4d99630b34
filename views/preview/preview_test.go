package preview_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/preview/previewtest"
	"portico/views/widget"
)

var sizes = []struct{ w, h int }{{80, 24}, {120, 40}, {40, 10}}

func frame(w, h int) views.Frame {
	return views.Frame{Width: w, Height: h, Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Styles: themes.New(themes.Default(), true)}
}

// draw renders the screen and checks that it keeps to its size.
func draw(t *testing.T, s views.Screen, w, h int) string {
	t.Helper()
	out := ansi.Strip(s.View(frame(w, h)))
	lines := strings.Split(out, "\n")
	if len(lines) != h {
		t.Fatalf("%d lines, want %d", len(lines), h)
	}
	for i, l := range lines {
		if n := widget.Width(l); n > w {
			t.Fatalf("line %d is %d cells wide, want at most %d: %q", i, n, w, l)
		}
	}
	return out
}

func press(t *testing.T, s views.Screen, keys ...string) views.Intent {
	t.Helper()
	var last views.Intent
	for _, k := range keys {
		if m := keyOf(k); m.Text == "" || m.Text == k {
			_, last = s.Update(m)
			continue
		}
		for _, r := range k { // typed
			_, last = s.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	return last
}

func keyOf(name string) tea.KeyPressMsg {
	special := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "up": {Code: tea.KeyUp},
		"down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "end": {Code: tea.KeyEnd},
		"home": {Code: tea.KeyHome}, "pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp},
	}
	if k, ok := special[name]; ok {
		return k
	}
	r := []rune(name)[0]
	return tea.KeyPressMsg{Code: r, Text: string(r)}
}

func show(p publish.Proposal) *preview.Screen {
	s := preview.New()
	s.Update(views.ShowPlanMsg{Proposal: p})
	return s
}

func TestPages(t *testing.T) {
	hostile := []previewtest.VM{previewtest.Assembly, previewtest.Japanese, previewtest.Emoji}
	pages := []struct {
		name     string
		proposal publish.Proposal
		keys     []string
	}{
		{"one", previewtest.Proposal(previewtest.Assembly), nil},
		{"hostile", previewtest.Proposal(hostile...), nil},
		{"end", previewtest.Proposal(previewtest.Assembly), []string{"end"}},
		{"rules", previewtest.Proposal(previewtest.Assembly), []string{"tab"}},
		{"shell", previewtest.Proposal(previewtest.Assembly), []string{"tab", "tab"}},
		{"openstack", previewtest.Proposal(hostile...), []string{"tab", "tab", "tab"}},
		{"file", previewtest.Proposal(previewtest.Assembly), []string{"tab", "tab", "tab", "e"}},
		{"withdraw", previewtest.Withdrawal(hostile...), nil},
		{"nothing", previewtest.Nothing(hostile...), nil},
		{"confirm", previewtest.Proposal(previewtest.Assembly), []string{"enter"}},
		{"confirm-withdraw", previewtest.Withdrawal(hostile...), []string{"enter"}},
		{"confirm-withdraw-one", previewtest.Withdrawal(previewtest.Assembly), []string{"enter", "assembly-0"}},
	}
	for _, p := range pages {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", p.name, size.w, size.h), func(t *testing.T) {
				s := show(p.proposal)
				press(t, s, p.keys...)
				golden.RequireEqual(t, draw(t, s, size.w, size.h))
			})
		}
	}
}

func TestEveryChangeCanBeReached(t *testing.T) {
	for _, size := range sizes {
		s := show(previewtest.Proposal(previewtest.Assembly, previewtest.Japanese))
		seen := ""
		for range 300 {
			seen += strings.Join(strings.Fields(draw(t, s, size.w, size.h)), " ") + " "
			press(t, s, "down")
		}
		for _, want := range []string{"--dport 30011", "--dport 31020", "allow tcp 22 from group", "net.ipv4.ip_forward = 0", "portico.service enabled", "nothing else is touched"} {
			if !strings.Contains(seen, want) {
				t.Errorf("%dx%d never shows %q", size.w, size.h, want)
			}
		}
	}
}

func TestColoursTellTheAction(t *testing.T) {
	st := themes.New(themes.Default(), true)
	out := show(previewtest.Withdrawal(previewtest.Assembly)).View(frame(120, 40))
	if want := widget.Paint(st.Remove, "203.0.113.10:30011"); !strings.Contains(out, want) {
		t.Errorf("what closes is not red:\n%q", out)
	}
	out = show(previewtest.Proposal(previewtest.Assembly)).View(frame(120, 60))
	if want := widget.Paint(st.Add, "+ "); !strings.Contains(out, want) {
		t.Error("what is added is not green")
	}
}

func TestDialog(t *testing.T) {
	p := previewtest.Proposal(previewtest.Assembly)
	cases := []struct {
		name  string
		keys  []string
		apply bool
		open  bool
	}{
		{"enter opens it", []string{"enter"}, false, true},
		{"enter again cancels, for Cancel has the focus", []string{"enter", "enter"}, false, false},
		{"y is no shortcut", []string{"enter", "y", "y"}, false, true},
		{"esc closes it", []string{"enter", "esc"}, false, false},
		{"right and enter apply", []string{"enter", "right", "enter"}, true, false},
		{"left and enter apply", []string{"enter", "left", "enter"}, true, false},
		{"tab and enter apply", []string{"enter", "tab", "enter"}, true, false},
		{"twice right is Cancel again", []string{"enter", "right", "right", "enter"}, false, false},
		{"a second dialog starts on Cancel", []string{"enter", "right", "esc", "enter", "enter"}, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := show(p)
			got := press(t, s, c.keys...)
			a, applied := got.(views.Apply)
			if applied != c.apply {
				t.Fatalf("got %T", got)
			}
			if applied && len(a.Proposal.Items) != len(p.Items) {
				t.Error("another proposal is applied than the one shown")
			}
			if s.Asking() != c.open || s.Typing() != c.open {
				t.Errorf("dialog open: %t, want %t", s.Asking(), c.open)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	p := previewtest.Proposal(previewtest.Assembly)
	cases := []struct {
		name     string
		proposal publish.Proposal
		key      string
		want     views.Intent
	}{
		{"esc goes back", p, "esc", views.Back{}},
		{"nothing to apply", previewtest.Nothing(previewtest.Assembly), "enter", views.Tell{Text: "no changes: all of this already stands"}},
		{"nothing to copy", previewtest.Nothing(previewtest.Assembly), "y", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, press(t, show(c.proposal), c.key)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScrollStaysWithinThePage(t *testing.T) {
	s := show(previewtest.Proposal(previewtest.Assembly))
	top := draw(t, s, 80, 24)
	press(t, s, "up", "pgup")
	if got := draw(t, s, 80, 24); got != top {
		t.Error("it scrolls above its first line")
	}
	press(t, s, "end")
	end := draw(t, s, 80, 24)
	press(t, s, "down", "pgdown")
	if got := draw(t, s, 80, 24); got != end {
		t.Error("it scrolls below its last line")
	}
	press(t, s, "up")
	if got := draw(t, s, 80, 24); got == end {
		t.Error("one line up from the end changes nothing")
	}
	s.Update(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	press(t, s, "home")
	if got := draw(t, s, 80, 24); got != top {
		t.Error("home does not show the top")
	}
}

func TestKeysOffered(t *testing.T) {
	enabled := func(s *preview.Screen, help string) bool {
		for _, b := range s.Keys().ShortHelp() {
			if b.Help().Desc == help {
				return b.Enabled()
			}
		}
		return false
	}
	if !enabled(show(previewtest.Proposal(previewtest.Assembly)), "apply") {
		t.Error("apply is not offered")
	}
	if enabled(show(previewtest.Nothing(previewtest.Assembly)), "apply") {
		t.Error("apply is offered with nothing to do")
	}
	s := show(previewtest.Withdrawal(previewtest.Assembly))
	if !enabled(s, "withdraw") {
		t.Error("withdraw is not offered")
	}
	press(t, s, "enter")
	if enabled(s, "withdraw") || !enabled(s, "cancel") {
		t.Error("the dialog's keys are not the dialog's")
	}
	var all []key.Binding
	for _, g := range s.Keys().FullHelp() {
		all = append(all, g...)
	}
	if len(all) != 3 {
		t.Errorf("%d keys in the dialog", len(all))
	}
}

func TestWithoutProposal(t *testing.T) {
	for _, size := range append(sizes, struct{ w, h int }{0, 0}, struct{ w, h int }{3, 1}, struct{ w, h int }{12, 3}) {
		out := preview.New().View(frame(size.w, size.h))
		if n := strings.Count(out, "\n") + 1; size.h > 0 && n != size.h {
			t.Errorf("%dx%d: %d lines", size.w, size.h, n)
		}
		show(previewtest.Proposal(previewtest.Emoji)).View(frame(size.w, size.h))
	}
}

func TestQuotaThatIsUnknown(t *testing.T) {
	cases := map[string]publish.QuotaLine{
		"of 100":        {After: 5, Max: 100, Known: true},
		"no limit":      {After: 5, Max: -1, Known: true},
		"limit unknown": {After: 5},
	}
	for want, q := range cases {
		if got := preview.Limit(q); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestALinesEscapesDoNotGetThrough(t *testing.T) {
	p := previewtest.Proposal(previewtest.Assembly)
	p.Plan = previewtest.Plan(plan.Change{
		Target: "gw\x1b]52;c;ZXZpbA==\x07", Title: "a\rb\u202ec", Action: plan.Create,
		After: []string{"x\x1b[2Jy"}, Shell: []string{"echo \x1b[31m\thi"},
	})
	p.Plan.Warnings = nil
	s := show(p)
	for range 4 {
		for _, r := range ansi.Strip(s.View(frame(80, 24))) {
			if r != '\n' && (r < ' ' || r == 0x9b || r == '\u202e' || r == '\t') {
				t.Fatalf("%U gets through", r)
			}
		}
		press(t, s, "tab")
	}
}

func TestProblem(t *testing.T) {
	err := &gateway.Error{Op: "plan", Kind: gateway.Quota, Err: fmt.Errorf("%s", strings.Repeat("long ", 30)), Next: "ask for more"}
	out := strings.Join(preview.Problem(err, 38, themes.New(themes.Default(), true)), "\n")
	plain := ansi.Strip(out)
	for _, want := range []string{"✗ could not plan", "why   long", "next  ask for more"} {
		if !strings.Contains(plain, want) {
			t.Errorf("no %q in\n%s", want, plain)
		}
	}
	for l := range strings.Lines(plain) {
		if widget.Width(strings.TrimSuffix(l, "\n")) > 38 {
			t.Errorf("too wide: %q", l)
		}
	}
}
