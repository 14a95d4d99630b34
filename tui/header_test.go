package tui

import (
	"strings"
	"testing"

	"portico/tui/effects/effectstest"
	"portico/views"
)

// TestHeaderSaysWhere: cloud, project and region, as far as there is room, and whether one may only look.
func TestHeaderSaysWhere(t *testing.T) {
	b := effectstest.Project()
	b.Project.Identity.Region, b.Project.Identity.ReadOnly = "RegionOne", true
	d := drive(t, b, 120, 30).start()
	first := func() string { line, _, _ := strings.Cut(d.screen(), "\n"); return line }
	if got := first(); !strings.Contains(got, "bielefeld / metagenomics / RegionOne  read-only") || !strings.Contains(got, "● healthy") {
		t.Errorf("the header is %q", got)
	}
	d.resize(80, 24)
	if got := first(); !strings.Contains(got, "bielefeld / metagenomics  read-only") || strings.Contains(got, "RegionOne") || !strings.Contains(got, "●") {
		t.Errorf("the header of 80 columns is %q", got)
	}
}

// TestAReadersRoleIsReadOnly: keys that would change something say why they cannot.
func TestAReadersRoleIsReadOnly(t *testing.T) {
	b := effectstest.Project()
	b.Project.Identity.ReadOnly = true
	d := drive(t, b, 100, 30).start()
	for _, keys := range [][]string{{"p"}, {"down", "w"}, {"4", "R"}, {"4", "A"}, {"3", "w"}} {
		d.keys("1", "up", "up")
		d.keys(keys...)
		d.settle()
		d.shows("this console only looks: your role in this project is reader")
	}
	if n := b.Calls("Plan") + b.Calls("Apply"); n != 0 {
		t.Errorf("%d plans were made", n)
	}
}

// TestWhatIsUnderWayIsSaid at the end of the status bar, where it hides no tab.
func TestWhatIsUnderWayIsSaid(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 80, 24).start()
	hold := make(chan struct{})
	b.Change(func(b *effectstest.Backend) { b.HoldProbes = hold })
	d.keys("down", "t")
	last := func() string { return d.screen()[strings.LastIndex(d.screen(), "\n")+1:] }
	if got := last(); !strings.Contains(got, "⟳ testing 2 forwards") || !strings.Contains(got, "enter open") || !strings.Contains(got, "? help  q quit") {
		t.Errorf("the status bar is %q", got)
	}
	close(hold)
	d.settle()
	d.hides("⟳")
	d.run(d.root.act(views.Withdraw{Instances: []string{"id-assembly-02"}}))
	if got := last(); !strings.Contains(got, "⟳ planning") {
		t.Errorf("the status bar is %q", got)
	}
	d.settle()
	d.hides("⟳ planning")
}
