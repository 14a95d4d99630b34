package gateways_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/gateways"
	"portico/views/viewtest"
	"portico/views/widget"
)

var sizes = [][2]int{{80, 20}, {120, 36}, {40, 7}}

// portal is a gateway that is not in use.
var portal = gateway.Gateway{Name: "portal", InstanceID: "id-portal", PortID: "port-portal", FloatingIP: netip.MustParseAddr("203.0.113.12"), FixedIP: netip.MustParseAddr("192.168.0.40")}

func message(p *viewtest.Project) views.SnapshotMsg {
	return views.SnapshotMsg{Snapshot: p.Snapshot(), Gateways: []gateway.Gateway{p.Gateway, portal}, CloudAt: viewtest.Start, GatewayAt: viewtest.Start}
}

func open(m views.SnapshotMsg) views.Screen {
	var s views.Screen = gateways.New(false)
	s, _ = s.Update(m)
	return s
}

func press(s views.Screen, keys ...string) (i views.Intent) {
	for _, k := range keys {
		m := tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		switch k {
		case "enter":
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
		case "esc":
			m = tea.KeyPressMsg{Code: tea.KeyEscape}
		case "down":
			m = tea.KeyPressMsg{Code: tea.KeyDown}
		case "space":
			m = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
		}
		s, i = s.Update(m)
	}
	return i
}

func view(t *testing.T, s views.Screen, w, h int) string {
	t.Helper()
	s.Update(views.SizeMsg{Width: w, Height: h})
	out := ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: viewtest.Start.Add(3 * time.Second), Styles: themes.New(themes.Default(), true)}))
	lines := strings.Split(out, "\n")
	if w > 0 && h > 0 && len(lines) != h {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), h, out)
	}
	for _, l := range lines {
		if widget.Width(l) > w {
			t.Fatalf("a line is %d wide, want at most %d: %q", widget.Width(l), w, l)
		}
	}
	return out
}

func changing() *viewtest.Project {
	p := viewtest.Drifted()
	p.State.RolledBack, p.State.Drift, p.State.Facts = nil, nil, p.State.Facts[:1]
	p.State.Armed = &gateway.Armed{By: "ada@laptop", At: viewtest.Start.Add(-10 * time.Second), Left: 50 * time.Second}
	return p
}

// busy is a gateway of which two readings were taken, five seconds apart, with nearly all ports taken.
func busy() views.Screen {
	p := viewtest.Small()
	p.Inventory.Subnets = []cloud.Subnet{{ID: "lab", CIDR: netip.MustParsePrefix("192.168.0.0/28")}}
	for i := range p.Inventory.Ports {
		p.Inventory.Ports[i].FixedIPs[0].SubnetID = "lab"
	}
	p.State.Facts = append(p.State.Facts, gateway.Fact{Name: "rules", Value: "31 in 9 chains", OK: true}, gateway.Fact{Name: "connections tracked", Value: "812 of 65536", OK: true})
	var s views.Screen = gateways.New(false)
	s, _ = s.Update(views.SchemesMsg{Schemes: scheme.Builtin()})
	for n := range uint64(2) {
		state := p.State
		state.Traffic = gateway.Traffic{Total: gateway.Counter{Packets: 1_400_000 + 500*n, Bytes: 1_200_000_000 + 60_000*n}, Forwards: map[gateway.Key]gateway.ForwardTraffic{}}
		m := message(p)
		m.Snapshot.State, m.GatewayAt = &state, viewtest.Start.Add(time.Duration(n)*5*time.Second)
		s, _ = s.Update(m)
	}
	return s
}

func TestTraffic(t *testing.T) {
	for _, size := range [][2]int{{80, 20}, {120, 20}, {160, 20}, {40, 10}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, view(t, busy(), size[0], size[1]))
		})
	}
}

func TestView(t *testing.T) {
	for name, make := range map[string]func() views.Screen{
		"healthy":  func() views.Screen { return open(message(viewtest.Small())) },
		"drifted":  func() views.Screen { return open(message(viewtest.Drifted())) },
		"changing": func() views.Screen { return open(message(changing())) },
		"not reached": func() views.Screen {
			m := message(viewtest.Small())
			m.Snapshot.State, m.GatewayErr = nil, &cloud.Error{Op: "reach", Target: "gw-1", Kind: cloud.Unreachable, Err: errors.New("dial tcp 203.0.113.10:22: i/o timeout")}
			return open(m)
		},
		"page": func() views.Screen {
			s := open(message(viewtest.Drifted()))
			press(s, "enter", "down", "down", "space")
			return s
		},
		"not in use": func() views.Screen {
			s := open(message(viewtest.Drifted()))
			press(s, "down")
			return s
		},
	} {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				golden.RequireEqual(t, view(t, make(), size[0], size[1]))
			})
		}
	}
}

func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want views.Intent
	}{
		"repair":                      {[]string{"R"}, views.Repair{}},
		"repair on the page":          {[]string{"enter", "R"}, views.Repair{}},
		"prepare":                     {[]string{"P"}, views.MakeGateway{Make: publish.Prepare, On: viewtest.Drifted().Gateway}},
		"retire":                      {[]string{"X"}, views.MakeGateway{Make: publish.Retire, On: viewtest.Drifted().Gateway}},
		"another is not retired":      {[]string{"down", "X"}, views.Tell{Text: "this gateway is not in use"}},
		"adopt all":                   {[]string{"A"}, views.Adopt{}},
		"adopt all on the page":       {[]string{"enter", "A"}, views.Adopt{}},
		"adopt the marked":            {[]string{"enter", "down", "down", "space", "A"}, views.Adopt{Ports: []string{"tcp/8080"}}},
		"only what can be adopted is": {[]string{"enter", "space", "down", "space", "A"}, views.Adopt{Ports: []string{"tcp/8080"}}},
		"nothing marked can be":       {[]string{"enter", "space", "A"}, views.Tell{Text: "none of what is marked can be adopted"}},
		"copy a rule":                 {[]string{"enter", "down", "down", "y"}, views.CopyText{Text: viewtest.Drifted().State.Drift[1].Line, What: "the rule"}},
		"refresh":                     {[]string{"r"}, views.Refresh{}},
		"refresh on the page":         {[]string{"enter", "r"}, views.Refresh{}},
		"back to the list":            {[]string{"enter", "esc", "y"}, nil},
		"another is not opened":       {[]string{"down", "enter"}, views.Tell{Text: "it is not in use: 'portico --gateway' or 'gateway:' in the configuration file chooses it"}},
		"another is not repaired":     {[]string{"down", "R"}, views.Tell{Text: "this gateway is not in use"}},
		"another is not adopted from": {[]string{"down", "A"}, views.Tell{Text: "no forward made by hand can be adopted"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, press(open(message(viewtest.Drifted())), c.keys...), cmpopts.EquateComparable(gateway.Gateway{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsDoneReadOnlyOrBlindly(t *testing.T) {
	var s views.Screen = gateways.New(true)
	s, _ = s.Update(message(viewtest.Drifted()))
	for _, k := range []string{"R", "A"} {
		if _, told := press(s, k).(views.Tell); !told {
			t.Errorf("%s does something in a read-only console", k)
		}
	}
	m := message(viewtest.Drifted())
	m.Snapshot.State = nil
	if i, told := press(open(m), "R").(views.Tell); !told || !strings.Contains(i.Text, "not known yet") {
		t.Errorf("R without a state: %+v", i)
	}
	if i := press(open(views.SnapshotMsg{}), "enter", "R", "A", "y", "space"); i != nil {
		t.Errorf("without gateways a key did %+v", i)
	}
}

func TestMarksStayWithTheirRules(t *testing.T) {
	p := viewtest.Drifted()
	s := open(message(p))
	press(s, "enter", "down", "down", "space")
	p.State.Drift = append([]gateway.Drift{{Kind: gateway.Missing, Where: "gw-1 files", Line: "/etc/portico/rules.v4"}}, p.State.Drift...)
	s.Update(message(p))
	if diff := cmp.Diff(views.Adopt{Ports: []string{"tcp/8080"}}, press(s, "A")); diff != "" {
		t.Error(diff)
	}
	p.State.Drift = p.State.Drift[:1]
	s.Update(message(p))
	if _, told := press(s, "A").(views.Tell); !told {
		t.Error("a mark outlives its rule")
	}
	s.Update(views.SnapshotMsg{CloudAt: viewtest.Start})
	if s.(views.Nested).Nested() {
		t.Error("the page outlives its gateway")
	}
}

func TestEmpty(t *testing.T) {
	for want, m := range map[string]views.SnapshotMsg{
		"asking the cloud":           {},
		"the cloud has not answered": {CloudErr: errors.New("x")},
		"There is no gateway yet":    {CloudAt: viewtest.Start},
	} {
		if out := view(t, open(m), 100, 12); !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestTheOneInUseIsAlwaysListed, also when the project does not show it.
func TestTheOneInUseIsAlwaysListed(t *testing.T) {
	m := message(viewtest.Small())
	m.Gateways = m.Gateways[1:]
	if out := view(t, open(m), 100, 20); !strings.Contains(out, "gw-1") || !strings.Contains(out, "● ready") {
		t.Errorf("got\n%s", out)
	}
}

func TestHostileTextIsText(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := viewtest.Hostile(viewtest.HostileNames(seed, 300))
	p.State.Armed.By, p.State.RolledBack[0].Why = "x\x1b]52;c;ZXZpbA==\a", "\u202e\r\n\x9b31m"
	for _, keys := range [][]string{{"up"}, {"enter", "down"}} {
		s := open(views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: p.Inventory, Gateway: p.Gateway, State: &p.State}, CloudAt: viewtest.Start, GatewayAt: viewtest.Start})
		press(s, keys...)
		for _, size := range append(sizes, [2]int{24, 3}, [2]int{200, 60}, [2]int{7, 30}) {
			out := view(t, s, size[0], size[1])
			if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && !cloud.IsText(r) }); i >= 0 {
				t.Errorf("%dx%d: %+q", size[0], size[1], out[i:min(len(out), i+20)])
			}
		}
	}
}

func TestKeysOffered(t *testing.T) {
	offered := func(s views.Screen) (out []string) {
		for _, b := range s.Keys().ShortHelp() {
			if b.Enabled() {
				out = append(out, b.Help().Key+" "+b.Help().Desc)
			}
		}
		return out
	}
	s := open(message(viewtest.Drifted()))
	if diff := cmp.Diff([]string{"enter show all", "d doctor", "R repair", "A adopt all", "c create one", "I import all", "m port map", "/ filter", "r refresh"}, offered(s)); diff != "" {
		t.Error(diff)
	}
	press(s, "enter", "space")
	if diff := cmp.Diff([]string{"R repair", "A adopt the marked", "space mark", "I import all", "y copy the rule", "m port map", "/ filter", "r refresh"}, offered(s)); diff != "" {
		t.Error(diff)
	}
	press(s, "/")
	if !s.(views.Typing).Typing() || len(s.Keys().ShortHelp()) != 3 {
		t.Error("the filter does not take all keys")
	}
}

// The map of ports is a page of its own, from the list and from the page of drift, and goes back to both.
func TestPortMap(t *testing.T) {
	s := open(message(viewtest.Drifted()))
	nested := func() bool { return s.(views.Nested).Nested() }
	shown := func() string { return view(t, s, 100, 30) }
	press(s, "m")
	if !nested() || !strings.Contains(shown(), "public tcp ports of gw-1") {
		t.Fatalf("no map:\n%s", shown())
	}
	press(s, "m")
	if got := shown(); !nested() || strings.Contains(got, "public tcp ports") || !strings.Contains(got, "DRIFT") {
		t.Fatalf("no drift:\n%s", got)
	}
	press(s, "esc")
	if nested() {
		t.Error("the page is open still")
	}
}
