package forwards_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/forwards"
	"portico/views/viewtest"
)

// Forwards that lead astray say how, by a word and a glyph and not by colour alone, and = syncs them.
func TestAstray(t *testing.T) {
	b := viewtest.Small()
	b.Inventory.Ports = slices.Clone(b.Inventory.Ports)
	at := func(id string) *cloud.Port {
		i := slices.IndexFunc(b.Inventory.Ports, func(p cloud.Port) bool { return p.DeviceID == id })
		return &b.Inventory.Ports[i]
	}
	taken, moved := b.State.Forwards[0].Instance, b.State.Forwards[2].Instance
	at(taken).DeviceID = b.State.Forwards[4].Instance
	at(moved).FixedIPs = []cloud.FixedIP{{Addr: b.Gateway.FixedIP.Next()}}
	var s views.Screen = forwards.New(false)
	s, _ = s.Update(views.SnapshotMsg{Snapshot: publish.Settle(b.Snapshot()), CloudAt: viewtest.Start, GatewayAt: viewtest.Start})
	for _, size := range [][2]int{{80, 14}, {120, 14}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s, _ = s.Update(views.SizeMsg{Width: size[0], Height: size[1]})
			golden.RequireEqual(t, ansi.Strip(s.View(views.Frame{Width: size[0], Height: size[1], Now: viewtest.Start, Styles: themes.New(themes.Default(), true)})))
		})
	}
	if i, ok := press(s, "=").(views.Sync); !ok {
		t.Errorf("= is %T", i)
	}
}
