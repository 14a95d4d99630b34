package publish_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portico/cloud"
	"portico/gateway"
	usecase "portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	fixture "portico/views/preview/previewtest"
	"portico/views/publish"
	"portico/views/widget"
)

var sizes = []struct{ w, h int }{{80, 24}, {80, 20}, {120, 40}, {40, 10}}

func draw(t *testing.T, s views.Screen, w, h int) string {
	t.Helper()
	f := views.Frame{Width: w, Height: h, Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Styles: themes.New(themes.Default(), true)}
	out := ansi.Strip(s.View(f))
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

// form drives one form and remembers the last intent and the last draft.
type form struct {
	*publish.Screen
	intent views.Intent
	draft  views.Draft
	survey views.Survey // that came with the last draft
	drafts int
	asked  views.TryFormula // the last
}

func open(standing []gateway.Forward, vms ...fixture.VM) *form {
	f := &form{Screen: publish.New()}
	f.send(views.SchemesMsg{Schemes: scheme.Builtin()})
	f.send(views.SnapshotMsg{Snapshot: fixture.Snapshot(standing, vms...)})
	var ids []string
	for _, vm := range vms {
		ids = append(ids, vm.ID)
	}
	f.send(views.OpenFormMsg{Instances: ids})
	return f
}

func (f *form) send(msg tea.Msg) {
	_, f.intent = f.Update(msg)
	if b, ok := f.intent.(views.Both); ok {
		f.intent = b.First
		switch then := b.Then.(type) {
		case views.Survey:
			f.survey = then
		case views.TryFormula:
			f.asked = then
		default: // it ends the survey, and leaves
			f.intent = b.Then
		}
	}
	if a, ok := f.intent.(views.TryFormula); ok {
		f.asked = a
	}
	if d, ok := f.intent.(views.Draft); ok {
		f.draft = d
		f.drafts++
	}
}

func (f *form) press(keys ...string) {
	special := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"space": {Code: tea.KeySpace, Text: " "}, "bs": {Code: tea.KeyBackspace}, "ctrl+v": {Code: 'v', Mod: tea.ModCtrl}, "ctrl+s": {Code: 's', Mod: tea.ModCtrl},
	}
	for _, k := range keys {
		if m, ok := special[k]; ok {
			f.send(m)
			continue
		}
		for _, r := range k {
			f.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

var keyEsc = tea.KeyPressMsg{Code: tea.KeyEscape}

func (f *form) answer(p usecase.Proposal, err error) {
	f.send(views.PlanMsg{Seq: f.draft.Seq, Proposal: p, Err: err})
}

// Ways to the fields, from the first.
var (
	toOwn      = []string{"down", "down", "down", "down"}
	toScheme2  = append(toOwn[:4:4], "down", "down")
	toNeutron  = []string{"up"}
	toOnly     = []string{"up", "up", "up"}
	toMe       = append(toOnly[:3:3], "up")
	toAnywhere = append(toMe[:4:4], "up")
	toPorts    = append(toAnywhere[:5:5], "up")
	toFormula  = append(toPorts[:6:6], "up")
)

func TestDrafts(t *testing.T) {
	cidr := netip.MustParsePrefix
	cases := []struct {
		name string
		keys [][]string
		want usecase.Request
	}{
		{"as it opens", nil, usecase.Request{Services: []string{"ssh"}}},
		{"http too", [][]string{{"down", "space"}}, usecase.Request{Services: []string{"ssh", "http"}}},
		{"only https", [][]string{{"space", "tab", "tab", "space"}}, usecase.Request{Services: []string{"https"}}},
		{"shift+tab goes back", [][]string{{"down", "down", "shift+tab", "space"}}, usecase.Request{Services: []string{"ssh", "http"}}},
		{"right and left move too", [][]string{{"right", "right", "left", "space"}}, usecase.Request{Services: []string{"ssh", "http"}}},
		{"an own service", [][]string{toOwn, {"jupyter=tcp/8888"}}, usecase.Request{Services: []string{"ssh", "jupyter=tcp/8888"}}},
		{"two own services", [][]string{toOwn, {"a=tcp/1,", "space", "b=udp/65535"}}, usecase.Request{Services: []string{"ssh", "a=tcp/1", "b=udp/65535"}}},
		{"another scheme", [][]string{toScheme2, {"space"}}, usecase.Request{Services: []string{"ssh"}, Scheme: "interleaved"}},
		{"a network", [][]string{toOnly, {"198.51.100.0/24"}}, usecase.Request{Services: []string{"ssh"}, Sources: []netip.Prefix{cidr("198.51.100.0/24")}}},
		{"an address", [][]string{toOnly, {"198.51.100.7"}}, usecase.Request{Services: []string{"ssh"}, Sources: []netip.Prefix{cidr("198.51.100.7/32")}}},
		{
			"several, unmasked and twice", [][]string{toOnly, {"198.51.100.7/24 10.0.0.0/8,198.51.100.0/24"}},
			usecase.Request{Services: []string{"ssh"}, Sources: []netip.Prefix{cidr("10.0.0.0/8"), cidr("198.51.100.0/24")}},
		},
		{"a network, then anywhere after all", [][]string{toOnly, {"10.0.0.0/8", "up", "up", "space"}}, usecase.Request{Services: []string{"ssh"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := open(nil, fixture.Assembly)
			for _, k := range c.keys {
				f.press(k...)
			}
			c.want.Instances = []string{fixture.Assembly.ID}
			if c.want.KeepPorts = c.want.Scheme == ""; c.want.KeepPorts {
				c.want.Scheme = "per-service"
			}
			if diff := cmp.Diff(c.want, f.draft.Request, cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}), cmpopts.IgnoreUnexported(usecase.PairRequest{}), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsWrongIsSaidInPlace(t *testing.T) {
	cases := []struct {
		name string
		keys [][]string
		want string
	}{
		{"no service", [][]string{{"space"}}, "choose at least one service"},
		{"half a service", [][]string{toOwn, {"jupyter"}}, "say protocol and port"},
		{"an unknown protocol", [][]string{toOwn, {"a=sctp/80"}}, "neither tcp nor udp"},
		{"port 0", [][]string{toOwn, {"a=tcp/0"}}, "ports run from 1 to 65535"},
		{"port 65536", [][]string{toOwn, {"a=tcp/65536"}}, "ports run from 1 to 65535"},
		{"a name that no rule can carry", [][]string{toOwn, {"A_b=tcp/80"}}, "names have a-z"},
		{"no address", [][]string{toOnly, {"10.0.0.300"}}, "10.0.0.300 is no address or network"},
		{"a prefix that is too long", [][]string{toOnly, {"10.0.0.0/33"}}, "10.0.0.0/33 is no address or network"},
		{"IPv6", [][]string{toOnly, {"2001:db8::/32"}}, "2001:db8::/32 is not IPv4"},
		{"an address with a zone", [][]string{toOnly, {"fe80::1%eth0"}}, "is not IPv4"},
		{"networks typed and deleted", [][]string{toOnly, {"1", "bs"}}, "type networks"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := open(nil, fixture.Assembly)
			f.answer(fixture.Proposal(fixture.Assembly), nil)
			for _, k := range c.keys {
				f.press(k...)
			}
			if f.intent != nil {
				t.Errorf("the last key asked for %T", f.intent)
			}
			if out := draw(t, f, 120, 40); !strings.Contains(out, c.want) {
				t.Errorf("no %q in\n%s", c.want, out)
			}
			f.press("enter")
			if tell, ok := f.intent.(views.Tell); !ok || !strings.Contains(tell.Text, c.want) {
				t.Errorf("enter gives %#v", f.intent)
			}
		})
	}
}

func TestTypingNetworksNeverMeansAnywhere(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toOnly...)
	before := f.drafts
	for _, key := range []string{"1", "9", "8", ".", "5", "1", ".", "1", "0", "0", ".", "0", "/", "2", "4", "bs", "bs", "bs", "bs"} {
		f.press(key)
		if f.drafts > before && len(f.draft.Request.Sources) == 0 {
			t.Fatalf("after %q the draft lets anybody in", key)
		}
	}
}

func TestStalePlansAreDropped(t *testing.T) {
	f := open(nil, fixture.Assembly)
	first := f.draft.Seq
	f.press("down", "space")
	if f.draft.Seq <= first {
		t.Fatalf("draft %d follows %d", f.draft.Seq, first)
	}
	f.send(views.PlanMsg{Seq: first, Proposal: fixture.Proposal(fixture.Assembly)})
	if out := draw(t, f, 120, 40); strings.Contains(out, "to add") {
		t.Error("the answer to an earlier draft is shown")
	}
	f.answer(fixture.Proposal(fixture.Assembly), nil)
	if out := draw(t, f, 120, 40); !strings.Contains(out, "8 to add, 3 to change") {
		t.Error("the answer to the last draft is not shown")
	}
	f.press("up")
	f.press(toOnly...)
	f.press("x")
	f.answer(fixture.Proposal(fixture.Assembly), nil)
	if out := draw(t, f, 120, 40); strings.Contains(out, "to add") {
		t.Error("a plan is shown for a form that can't be planned")
	}
}

func TestEnter(t *testing.T) {
	t.Run("shows the plan", func(t *testing.T) {
		f := open(nil, fixture.Assembly)
		f.answer(fixture.Proposal(fixture.Assembly), nil)
		f.press("enter")
		if s, ok := f.intent.(views.ShowPlan); !ok || len(s.Proposal.Items) != 2 {
			t.Errorf("got %T", f.intent)
		}
	})
	t.Run("waits for the plan", func(t *testing.T) {
		f := open(nil, fixture.Assembly)
		f.press("enter")
		if f.intent != nil {
			t.Fatalf("got %T", f.intent)
		}
		f.answer(fixture.Proposal(fixture.Assembly), nil)
		if _, ok := f.intent.(views.ShowPlan); !ok {
			t.Errorf("got %T", f.intent)
		}
	})
	t.Run("does not wait when another key was pressed", func(t *testing.T) {
		f := open(nil, fixture.Assembly)
		f.press("enter", "down")
		f.answer(fixture.Proposal(fixture.Assembly), nil)
		if f.intent != nil {
			t.Errorf("got %T", f.intent)
		}
	})
	t.Run("says that nothing changes", func(t *testing.T) {
		f := open(nil, fixture.Assembly)
		f.answer(fixture.Nothing(fixture.Assembly), nil)
		f.press("enter")
		if s, ok := f.intent.(views.ShowPlan); !ok || !s.Proposal.Plan.Empty() { // a screen of its own
			t.Errorf("got %T", f.intent)
		}
	})
	t.Run("does not open a plan that failed", func(t *testing.T) {
		f := open(nil, fixture.Assembly)
		f.answer(fixture.Proposal(fixture.Assembly), errors.New("no"))
		f.press("enter")
		if _, ok := f.intent.(views.Tell); !ok {
			t.Errorf("got %T", f.intent)
		}
	})
}

func TestEscLeavesATextFirst(t *testing.T) {
	for name, way := range map[string][]string{"other": toOwn, "only": toOnly} {
		f := open(nil, fixture.Assembly)
		f.press(way...)
		f.press("1")
		f.press("esc")
		if _, left := f.intent.(views.Back); left || f.Typing() {
			t.Fatalf("%s: the first esc gives %T", name, f.intent)
		}
		if out := draw(t, f, 80, 24); !strings.Contains(out, name+" 1") {
			t.Errorf("%s: what was typed is gone:\n%s", name, out)
		}
		f.press("esc")
		if _, ok := f.intent.(views.Back); !ok {
			t.Errorf("%s: the second esc gives %T", name, f.intent)
		}
	}
}

func TestTheHintStaysWhileTyping(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toOwn...)
	f.press("web=tcp/80")
	if out := draw(t, f, 80, 24); !strings.Contains(out, "name=tcp/8080") || !strings.Contains(out, "web=tcp/80") {
		t.Errorf("no hint in\n%s", out)
	}
}

func TestAServiceOutsideTheSchemeIsSentToOneThatHasItAll(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toOwn...)
	f.press("jupyter=tcp/8888")
	f.answer(usecase.Proposal{}, &gateway.Error{Op: "give a public port to", Target: "jupyter", Kind: gateway.Invalid, Err: errors.New("scheme per-service has ssh, http, https"), Next: "'portico scheme list'"})
	out := draw(t, f, 120, 40)
	if !strings.Contains(out, "choose next-free") || strings.Contains(out, "scheme list") {
		t.Errorf("other advice in\n%s", out)
	}
}

func TestAllThatCannotBePublishedAreNamed(t *testing.T) {
	f := open(nil, fixture.Assembly, fixture.Japanese)
	s := fixture.Snapshot(nil, fixture.Assembly, fixture.Japanese)
	s.Inventory.Instances = append(s.Inventory.Instances, cloud.Instance{ID: "a", Name: "first-bare"}, cloud.Instance{ID: "b", Name: "second-bare"})
	f.send(views.SnapshotMsg{Snapshot: s})
	f.send(views.OpenFormMsg{Instances: []string{"a", fixture.Assembly.ID, "b"}})
	f.answer(usecase.Proposal{}, &gateway.Error{Op: "publish", Target: "first-bare", Kind: gateway.Invalid, Err: errors.New("it has no fixed IPv4 address")})
	if out := draw(t, f, 120, 40); !strings.Contains(out, "2 of 3 have no address to publish  first-bare, second-bare") {
		t.Errorf("not all are named in\n%s", out)
	}
}

func TestEscLeavesAndAsksForNothingMore(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press("esc")
	if _, ok := f.intent.(views.Back); !ok {
		t.Fatalf("got %T", f.intent)
	}
	before := f.drafts
	f.send(views.SnapshotMsg{Snapshot: fixture.Snapshot(nil, fixture.Assembly)})
	if f.drafts != before {
		t.Error("a form that was left asks for plans")
	}
}
