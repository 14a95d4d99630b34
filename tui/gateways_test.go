package tui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"portico/gateway"
	"portico/tui/effects/effectstest"
	"portico/views"
	"portico/views/viewtest"
)

// drifted is a project whose gateway took a change back, and is not as plans left it.
func drifted() *effectstest.Backend {
	b := effectstest.Project()
	b.State = viewtest.Drifted().State
	return b
}

func TestDriftGoldens(t *testing.T) {
	for _, size := range sizes {
		for name, keys := range map[string][]string{
			"offer": nil, "forwards": {"3"}, "gateway": {"4"}, "page": {"4", "enter"}, "repair": {"4", "R"}, "adopt": {"4", "A"},
		} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				d := drive(t, drifted(), size[0], size[1]).start()
				for _, k := range keys {
					d.keys(k)
					d.settle()
				}
				golden.RequireEqual(t, d.screen())
			})
		}
	}
}

func TestWhatTheGatewayTookBackIsOfferedToBeCleanedUp(t *testing.T) {
	b := drifted()
	d := drive(t, b, 100, 30).start()
	const offer = "the gateway took back ada@laptop's change of 09:06"
	d.shows(offer, "press 4 to see it, R there to clean up")
	d.keys("p")
	d.settle()
	d.hides(offer) // a form is not the place for it
	d.keys("esc", "4")
	d.hides(offer)
	d.shows("it took back ada@laptop's change", "its console fell silent")
	d.pass(time.Minute)
	if n := b.Calls("Apply"); n != 0 {
		t.Fatal("something was applied unasked")
	}
	d.keys("R")
	d.settle()
	d.shows("Repair  what is not as plans left it", "make again IP forwarding on", "enter repair")
	d.keys("enter")
	d.shows("Repair gw-1?", "▸ Cancel")
	d.keys("tab", "enter")
	d.settle()
	d.shows("confirmed: it stands for good")
	d.hides(offer)
	d.keys("q", "4")
	d.shows("2 by hand", "▸ gw-1")
	d.hides("took")
}

func TestANoteOfWhatWasTakenBackCanBeForgotten(t *testing.T) {
	b := drifted()
	b.State.Drift, b.State.Facts = nil, b.State.Facts[:1]
	d := drive(t, b, 100, 30).start()
	d.keys("4", "R")
	d.settle()
	d.shows("Nothing is left to repair", "ada@laptop's change of 14 Mar 09:06: its console fell silent", "▸ leave it")
	d.keys("enter")
	d.settle()
	if len(b.State.RolledBack) != 1 {
		t.Fatal("it was forgotten unasked")
	}
	d.keys("R")
	d.settle()
	d.keys("tab", "enter")
	d.settle()
	d.shows("the gateway has forgotten its note", "● ready")
	d.hides("took")
	d.keys("R")
	d.settle()
	d.shows("nothing to repair: what stands is as plans left it")
}

func TestAdopt(t *testing.T) {
	b := drifted()
	d := drive(t, b, 100, 30).start()
	d.keys("3")
	d.shows("besides: 2 made by hand, 2 not as plans left it; press 4")
	d.hides("8080")
	d.keys("4", "enter", "down", "down", "space", "A")
	d.settle()
	d.shows("Adopt  portal", "203.0.113.10:8080", "enter adopt")
	d.keys("enter", "tab", "enter")
	d.settle()
	d.shows("confirmed: it stands for good")
	d.keys("q", "3")
	d.shows("203.0.113.10:8080", "1 made by hand")
}

func TestRepairAndAdoptOnlyLookReadOnly(t *testing.T) {
	b := drifted()
	d := drive(t, b, 100, 30, func(o *Options) { o.ReadOnly = true }).start()
	d.keys("4", "R")
	d.shows("read-only")
	d.run(d.root.act(views.Repair{}))
	d.run(d.root.act(views.Adopt{}))
	d.settle()
	d.shows("Instances", "4 Gateways", "it took back")
}

func TestWhoIsChangingTheGateway(t *testing.T) {
	b := effectstest.Project()
	b.State.Armed = &gateway.Armed{By: "ada@laptop", At: effectstest.Start.Add(-time.Minute), Left: 50 * time.Second}
	d := drive(t, b, 120, 30).start()
	d.shows("◐ being changed")
	d.hides("healthy")
	d.keys("4")
	d.shows("ada@laptop has been changing it since 09:25:53", "takes it back in 0:50")
	d.now = d.now.Add(4 * time.Second)
	d.send(nil)
	d.shows("takes it back in 0:46")
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.shows("takes it back in 0:46")
}
