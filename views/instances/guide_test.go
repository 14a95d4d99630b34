package instances_test

import (
	"fmt"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/instances"
	"portico/views/viewtest"
)

func TestGuide(t *testing.T) {
	for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			var s views.Screen = instances.New(false)
			s, _ = s.Update(views.SnapshotMsg{CloudAt: viewtest.Start, Snapshot: publish.Snapshot{Inventory: cloud.Inventory{Identity: cloud.Identity{Project: "metagenomics"}}}})
			golden.RequireEqual(t, ansi.Strip(s.View(views.Frame{Width: size[0], Height: size[1], Now: viewtest.Start, Styles: themes.New(themes.Default(), true)})))
		})
	}
}
