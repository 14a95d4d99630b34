package subnet

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

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
	s.Update(views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: inv, Gateway: gateway.Gateway{Name: "gw-1", FixedIP: netip.MustParseAddr("192.168.0.4")}}})
	_, intent := s.Update(views.OpenSubnetMsg{})
	d, ok := intent.(views.Draft)
	if !ok {
		t.Fatalf("opening it asks for %T", intent)
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
