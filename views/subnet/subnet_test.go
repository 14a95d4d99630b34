package subnet

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

func opened(t *testing.T) (*Screen, views.Draft) {
	t.Helper()
	s := New()
	s.Update(views.SchemesMsg{Schemes: scheme.Builtin(), Services: publish.Services()})
	inv := cloud.Inventory{
		Networks: []cloud.Network{{ID: "out", External: true}, {ID: "in"}},
		Subnets: []cloud.Subnet{
			{ID: "x", Name: "outside", NetworkID: "out", CIDR: netip.MustParsePrefix("203.0.113.0/24")},
			{ID: "a", Name: "another", NetworkID: "in", CIDR: netip.MustParsePrefix("10.0.0.0/24")},
			{ID: "six", Name: "six", NetworkID: "in", CIDR: netip.MustParsePrefix("2001:db8::/64")},
			{ID: "h", Name: "home\x1b[31m", NetworkID: "in", CIDR: netip.MustParsePrefix("192.168.0.0/24")},
		},
	}
	s.Update(views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: inv, Gateway: gateway.Gateway{Name: "gw-1", FixedIP: netip.MustParseAddr("192.168.0.4")}, State: &gateway.State{Reserved: []gateway.Reserved{{Protocol: gateway.TCP, Port: 40005, By: "a program"}}}}})
	_, intent := s.Update(views.OpenSubnetMsg{})
	d, ok := intent.(views.Both).First.(views.Draft)
	if !ok {
		t.Fatalf("opening it asks for %T", intent)
	}
	if q, ok := intent.(views.Both).Then.(views.Survey); !ok || !q.Me {
		t.Errorf("opening it does not ask where the operator comes from: %+v", intent)
	}
	return s, d
}

func press(t *testing.T, s *Screen, keys ...tea.KeyPressMsg) views.Intent {
	t.Helper()
	var intent views.Intent
	for _, k := range keys {
		_, intent = s.Update(k)
	}
	return intent
}

var (
	down  = tea.KeyPressMsg{Code: tea.KeyDown}
	up    = tea.KeyPressMsg{Code: tea.KeyUp}
	space = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	enter = tea.KeyPressMsg{Code: tea.KeyEnter}
)

// The form asks for the plan of what it says, from its first moment on and after each change.
func TestForm(t *testing.T) {
	s, d := opened(t)
	if r := d.Request; !slices.Equal(r.Subnets, []string{"h"}) || r.Existing || !slices.Equal(r.Services, []string{"ssh"}) || !r.KeepPorts || !r.KeepSources {
		t.Errorf("it begins with %+v", r)
	}
	d, _ = press(t, s, space).(views.Draft)
	if !slices.Equal(d.Request.Subnets, []string{"a"}) {
		t.Errorf("the next subnet is %v: one outside, or of IPv6, is none", d.Request.Subnets)
	}
	d, _ = press(t, s, down, space).(views.Draft)
	if !d.Request.Existing {
		t.Error("it is for every address still")
	}
	d, _ = press(t, s, down, down, space).(views.Draft)
	if !slices.Equal(d.Request.Services, []string{"ssh", "http"}) {
		t.Errorf("services %v", d.Request.Services)
	}
	d, _ = press(t, s, up, up, up, up, space).(views.Draft) // round to the sources, which is text
	if d.Seq != 0 && len(d.Request.Sources) > 0 {
		t.Errorf("a space is a source: %+v", d.Request)
	}
	for _, r := range "198.51.100.7" {
		d, _ = press(t, s, tea.KeyPressMsg{Code: r, Text: string(r)}).(views.Draft)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}; !slices.Equal(d.Request.Sources, want) || d.Request.KeepSources {
		t.Errorf("sources %v", d.Request.Sources)
	}
}

// Only the plan of what the form says now is shown and can be gone on with.
func TestFormPlan(t *testing.T) {
	s, d := opened(t)
	if _, ok := press(t, s, enter).(views.Tell); !ok {
		t.Error("one can go on without a plan")
	}
	s.Update(views.PlanMsg{Seq: d.Seq - 1})
	if _, ok := press(t, s, enter).(views.Tell); !ok {
		t.Error("a stale plan is taken")
	}
	s.Update(views.PlanMsg{Seq: d.Seq, Err: &gateway.Error{Op: "publish subnet", Kind: gateway.Conflict, Next: "use --scheme next-free"}})
	if text := draw(s, 80, 24); !strings.Contains(text, "next-free") {
		t.Errorf("the refusal is not shown:\n%s", text)
	}
	s.Update(views.PlanMsg{Seq: d.Seq})
	if _, ok := press(t, s, enter).(views.ShowPlan); !ok {
		t.Error("the plan is not shown")
	}
}

func draw(s *Screen, width, height int) string {
	return s.View(views.Frame{Width: width, Height: height, Now: time.Unix(0, 0), Styles: themes.New(themes.Palette{}, true)})
}

// Whatever the size, the form fills just its room, and nothing hostile leaves it.
func TestFormSizes(t *testing.T) {
	s, d := opened(t)
	s.Update(views.PlanMsg{Seq: d.Seq})
	for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 10}, {20, 3}, {3, 1}} {
		text := draw(s, size[0], size[1])
		lines := strings.Split(text, "\n")
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if widget.Width(l) > size[0] {
				t.Errorf("%v: a line is %d wide", size, widget.Width(l))
			}
		}
		if strings.Contains(text, "home\x1b[31m") {
			t.Errorf("%v: a name's colour is drawn", size)
		}
	}
}

func typed(t *testing.T, s *Screen, text string) views.Intent {
	t.Helper()
	var intent views.Intent
	for _, r := range text {
		intent = press(t, s, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return intent
}

// asked is the draft and the trial in an intent.
func asked(i views.Intent) (d views.Draft, q views.TryFormula) {
	switch i := i.(type) {
	case views.Draft:
		d = i
	case views.TryFormula:
		q = i
	case views.Both:
		d, _ = asked(i.First)
		_, q = asked(i.Then)
	}
	return d, q
}

// toFormula leads from the first row to the formula, which it chooses.
func toFormula(t *testing.T, s *Screen) {
	t.Helper()
	press(t, s, up, up, tea.KeyPressMsg{Code: tea.KeyLeft}, down)
	if !s.Typing() {
		t.Fatalf("the formula has not the keyboard:\n%s", draw(s, 80, 24))
	}
}

// A formula of one's own: what it gives is told below it, one that collides is refused with the ports on
// the map, and it can be saved.
func TestFormFormula(t *testing.T) {
	s, _ := opened(t)
	toFormula(t, s)
	d, q := asked(typed(t, s, "40000 + n"))
	if r := d.Request; r.Formula != "40000 + n" || r.Scheme != "" || r.KeepPorts {
		t.Errorf("it asks for %+v", r)
	}
	s.Update(views.TriedMsg{Seq: q.Seq, Trial: publish.Try(s.snapshot, q.Scheme, q.Subnet)})
	s.Update(views.PlanMsg{Seq: d.Seq, Err: &gateway.Error{Op: "publish subnet", Kind: gateway.Conflict, Next: "choose"}})
	for _, size := range [][2]int{{80, 24}, {80, 40}, {120, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) { golden.RequireEqual(t, draw(s, size[0], size[1])) })
	}
	press(t, s, up, tea.KeyPressMsg{Code: 'm', Text: "m"})
	if text := draw(s, 80, 24); !strings.Contains(text, "✗ taken") || !strings.Contains(text, "public tcp ports of gw-1") {
		t.Errorf("the collision is not on the map:\n%s", text)
	}
	press(t, s, down)
	typed(t, s, "+oops")
	if text := draw(s, 80, 24); !strings.Contains(text, "unknown name") {
		t.Errorf("what is wrong is not told:\n%s", text)
	}
	if _, ok := press(t, s, enter).(views.Tell); !ok {
		t.Error("a formula that is wrong can be gone on with")
	}
	typed(t, s, "")
	for range "+oops" {
		press(t, s, tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	press(t, s, down)
	typed(t, s, "ours")
	if x, ok := press(t, s, tea.KeyPressMsg{Code: 's', Mod: tea.ModCtrl}).(views.SaveScheme); !ok || x.Config.Name != "ours" {
		t.Errorf("it saves %+v", x)
	}
	s.Update(views.SchemesMsg{Schemes: scheme.Builtin()[:1], Services: publish.Services()})
	if d, _ = asked(s.draft()); d.Request.Formula != "40000 + n" || len(d.Request.Services) != 1 {
		t.Errorf("other schemes change what is asked for: %+v", d.Request)
	}
}

// "me" is where the operator comes from, as soon as the gateway has told it.
func TestFormMe(t *testing.T) {
	s, _ := opened(t)
	press(t, s, up)
	if d, _ := asked(typed(t, s, "me")); d.Seq != 0 {
		t.Errorf("nobody knows who that is, and it is asked for: %+v", d.Request)
	}
	if text := draw(s, 80, 24); !strings.Contains(text, "could not let you in") {
		t.Errorf("it is not told:\n%s", text)
	}
	_, intent := s.Update(views.SurveyMsg{Seq: s.meSeq, Me: &views.Me{Addr: netip.MustParseAddr("198.51.100.7")}})
	if d, _ := asked(intent); !slices.Equal(d.Request.Sources, []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}) || d.Request.KeepSources {
		t.Errorf("it asks for %+v", d.Request)
	}
	d, _ := asked(typed(t, s, ", 10.0.0.0/8"))
	if len(d.Request.Sources) != 2 {
		t.Errorf("sources %v", d.Request.Sources)
	}
	if text := draw(s, 80, 24); !strings.Contains(text, "me is 198.51.100.7, as gw-1 sees you") {
		t.Errorf("it is not told who that is:\n%s", text)
	}
}
