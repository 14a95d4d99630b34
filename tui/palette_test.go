package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
	"portico/views"
)

// elsewhere is a switcher between backends in memory, by project ID.
type elsewhere struct {
	places effects.Places
	sites  map[string]effects.Backend
	err    error
	opened []effects.Place
	hold   chan struct{} // Open waits until it is closed
}

func (e *elsewhere) Places(context.Context) effects.Places { return e.places }

func (e *elsewhere) Open(ctx context.Context, p effects.Place) (effects.Site, error) {
	e.opened = append(e.opened, p)
	if e.hold != nil {
		select {
		case <-e.hold:
		case <-ctx.Done():
		}
	}
	if e.err != nil {
		return effects.Site{}, e.err
	}
	return effects.Site{Place: p, Backend: e.sites[p.Project.ID]}, nil
}

// two is a project and a switcher that leads to another one with one instance, "scanner".
func two() (*effectstest.Backend, *elsewhere) {
	here, there := effectstest.Project(), effectstest.Project()
	here.Project.Identity.ProjectID = "p1"
	there.Project.Identity.Project, there.Project.Identity.ProjectID = "imaging", "p2"
	there.Project.Instances = []cloud.Instance{{ID: "id-scanner", Name: "scanner", Status: "ACTIVE"}}
	there.State = gateway.State{}
	return here, &elsewhere{
		places: effects.Places{Clouds: []string{"bielefeld", "bern"}, Projects: []cloud.Project{{ID: "p2", Name: "imaging"}, {ID: "p1", Name: "metagenomics"}}},
		sites:  map[string]effects.Backend{"p2": there},
	}
}

func switching(e *elsewhere) func(*Options) {
	return func(o *Options) { o.Switcher, o.Cloud = e, "bielefeld" }
}

func TestPaletteGoldens(t *testing.T) {
	for _, size := range sizes {
		for name, keys := range map[string][]string{"palette": {":"}, "found": {":", "ass"}, "nothing": {":", "xyzzy"}, "switch": {"ctrl+o"}} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				b, e := two()
				d := drive(t, b, size[0], size[1], switching(e)).start()
				d.keys(keys...)
				d.settle()
				golden.RequireEqual(t, d.screen())
			})
		}
	}
}

// TestPaletteRunsAndFinds: enter does what its own key would do, or goes there.
func TestPaletteRunsAndFinds(t *testing.T) {
	for _, c := range []struct{ typed, shows string }{
		{"hist", "publish assembly-02: ssh, http"},
		{"30011", "▸ 203.0.113.10:30011"},
		{"instance jup", "▸ jupyter"},
		{"publish", "Publish  annotation-01"},
		{"theme", "Theme"},
		{"help", "Everywhere"},
		{"gateways", "healthy"},
	} {
		t.Run(c.typed, func(t *testing.T) {
			b, e := two()
			d := drive(t, b, 100, 30, switching(e)).start()
			d.keys(":", c.typed, "enter")
			d.settle()
			d.shows(c.shows)
			d.hides("Do or find")
		})
	}
}

// TestPaletteFindsWhatAFilterHides: the filter goes, and the cursor is there.
func TestPaletteFindsWhatAFilterHides(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.keys("/", "ass", "enter", "3", ":", "portal", "enter")
	d.shows("▸ portal", "10 instances")
}

// TestPaletteRemembers: what was chosen lately comes first, and of what fits as well, too.
func TestPaletteRemembers(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.keys(":", "history", "enter", ":", "jupyter", "enter", ":")
	if i, _ := d.root.picker.Current(); i.Name != "jupyter" {
		t.Errorf("%s is first", i.Name)
	}
	d.keys("down")
	if i, _ := d.root.picker.Current(); i.Name != "History" {
		t.Errorf("%s is second", i.Name)
	}
}

// TestPaletteSaysWhyNot: what cannot be done is there, and says why; the palette stays.
func TestPaletteSaysWhyNot(t *testing.T) {
	b := effectstest.Project()
	b.Project.Identity.ReadOnly = true
	d := drive(t, b, 100, 30).start()
	d.keys(":", "publish", "enter")
	d.shows("Do or find", "this console only looks: your role")
	if b.Calls("Plan") != 0 {
		t.Error("something was planned")
	}
	d.keys("esc")
	d.hides("Do or find")
}

// TestPaletteTakesTextOnly: it holds the keys, those of the screen too, and takes what is pasted.
func TestPaletteTakesTextOnly(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.keys(":", "q1")
	d.send(tea.PasteMsg{Content: "\x1b[31mp\n"})
	d.shows("> q1", "nothing fits")
	d.keys("esc", "q")
	d.settle()
	if !d.quit {
		t.Error("q does not quit")
	}
}

// TestSwitch: at first the old project's screens, then the new one's, and nothing of the old.
func TestSwitch(t *testing.T) {
	b, e := two()
	e.hold = make(chan struct{})
	d := drive(t, b, 100, 30, switching(e)).start()
	d.keys("/", "ass", "enter", "space", "2")
	site := d.root.site
	d.keys("ctrl+o")
	d.until("the projects are known", func() bool { return strings.Contains(d.screen(), "imaging") })
	d.keys("imag", "enter")
	d.shows("⟳ switching", "metagenomics", "203.0.113.77")
	stray := ownedBy(site, func() tea.Msg { return effects.InventoryMsg{Gen: d.root.gen + 1, Inventory: b.Project} })
	close(e.hold)
	d.settle()
	d.shows("bielefeld / imaging")
	d.hides("switching", "metagenomics")
	d.keys("1")
	d.shows("▸ scanner", "1 instance")
	d.hides("assembly", "marked", "/ ass")
	before := d.root.snapshot
	d.send(stray()) // an answer of the old project's
	if d.root.snapshot.Inventory.Identity.Project != before.Inventory.Identity.Project {
		t.Error("an answer of the project that was left was taken")
	}
	d.shows("scanner")
	if len(e.opened) != 1 || e.opened[0].Cloud != "bielefeld" || e.opened[0].Project.ID != "p2" {
		t.Errorf("opened %+v", e.opened)
	}
}

// TestASwitchThatFailsChangesNothing: one stays, with filter and marks, and reads on.
func TestASwitchThatFailsChangesNothing(t *testing.T) {
	b, e := two()
	e.err = &cloud.Error{Op: "log in to", Target: "bern", Kind: cloud.Unreachable, Err: errors.New("no answer"), Next: "try later"}
	d := drive(t, b, 100, 30, switching(e)).start()
	d.keys("/", "ass", "enter", "space", ":")
	d.settle()
	d.keys("bern", "enter")
	d.settle()
	d.shows("✗ could not log in to bern: no answer", "metagenomics", "assembly-02", "1 marked")
	n := b.Calls("Observe")
	d.pass(6e9)
	if b.Calls("Observe") == n {
		t.Error("the old project is read no longer")
	}
}

// TestNoSwitchDuringAnApply: neither is left in the middle of the other.
func TestNoSwitchDuringAnApply(t *testing.T) {
	b, e := two()
	b.Hold = make(chan struct{})
	d := drive(t, b, 100, 30, switching(e)).start()
	d.publishBlast()
	d.until("the apply runs", func() bool { return b.Calls("Apply") == 1 })
	d.run(d.root.leave(effects.Place{Cloud: "bielefeld", Project: cloud.Project{ID: "p2"}}))
	d.shows("a plan is being applied")
	if len(e.opened) != 0 {
		t.Error("it was opened all the same")
	}
	close(b.Hold)
	d.settle()

	e.hold = make(chan struct{})
	d.run(d.root.leave(effects.Place{Cloud: "bielefeld", Project: cloud.Project{ID: "p2"}}))
	d.run(d.root.act(views.Apply{}))
	d.shows("nothing is applied meanwhile")
	close(e.hold)
	d.settle()
	d.shows("imaging")
	if n := b.Calls("Apply"); n != 1 {
		t.Errorf("%d applies", n)
	}
}

// TestACredentialForOneProjectSaysSo where the projects would be.
func TestACredentialForOneProjectSaysSo(t *testing.T) {
	b, e := two()
	e.places.Bound, e.places.Projects = true, e.places.Projects[1:]
	d := drive(t, b, 120, 30, switching(e)).start()
	d.keys("ctrl+o")
	d.settle()
	d.keys("other")
	d.shows("an application credential is for one project")
	d.keys("enter")
	if len(e.opened) != 0 {
		t.Error("something was opened")
	}
}
