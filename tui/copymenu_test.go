package tui

import (
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"portico/gateway/publish"
	"portico/tui/effects/effectstest"
	"portico/views"
)

// The menu opens from every list and from the end of an apply, copies, and goes back to where one was.
func TestCopyMenu(t *testing.T) {
	b := effectstest.Project()
	b.HostKeys = map[string]publish.HostKeyLines{"id-assembly-02": {Lines: []string{"ssh-ed25519 AAAA"}}}
	d := drive(t, b, 120, 30).start()
	cases := []struct {
		name  string
		keys  []string
		where string // that one comes back to
		want  string
	}{
		{"instances", []string{"1", "/assembly", "enter", "Y", "down", "down", "enter"}, "1 of 10 instances", "scp -r -P 30011 -i ~/.ssh/mg FILE debian@203.0.113.10:"},
		{"forwards", []string{"3", "/31011", "enter", "Y", "down", "down", "down", "down", "down", "down", "down", "enter"}, "1 of 5 forwards", "http://203.0.113.10:31011/"},
		{"tests", []string{"5", "/30011", "enter", "Y", "up", "G", "down", "down", "down", "down", "down", "down", "down", "down", "enter"}, "1 of 5 forwards", "[203.0.113.10]:30011 ssh-ed25519 AAAA"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d.copied = nil
			for _, k := range c.keys {
				d.keys(k)
				d.settle()
			}
			d.shows("sent to the clipboard", c.where)
			if diff := cmp.Diff([]string{c.want}, d.copied); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCopyMenuAfterAnApply(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.publishBlast()
	d.settle()
	d.shows("Y copy…")
	d.keys("Y")
	d.settle()
	d.shows("Copy  blast-db", "ssh -p 30012")
	d.keys("esc")
	d.shows("Done, and checked")
}

// What was asked for an instance before does not come into the menu of another.
func TestLateCopiesAreDropped(t *testing.T) {
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.keys("Y")
	d.settle()
	d.shows("Copy  annotation-01")
	d.send(views.CopiesMsg{Seq: d.root.copying.seq - 1, Name: "another"})
	d.shows("Copy  annotation-01")
}

// A terminal that is known to have no clipboard gets the text to select, and is not told that it was
// copied.
func TestTerminalsWithoutClipboard(t *testing.T) {
	for name, env := range map[string]tea.EnvMsg{"linux": {"TERM=linux"}, "apple": {"TERM=xterm-256color", "TERM_PROGRAM=Apple_Terminal"}} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, effectstest.Project(), 100, 30).start()
			d.send(env)
			d.copied = nil
			d.keys("y")
			d.settle()
			d.hides("sent to the clipboard")
			if len(d.copied) > 0 {
				t.Errorf("copied %q", d.copied)
			}
		})
	}
	d := drive(t, effectstest.Project(), 100, 30).start()
	d.send(tea.EnvMsg{"TERM=xterm-256color"})
	d.keys("y")
	d.settle()
	d.shows("sent to the clipboard")
	// s shows it anywhere.
	shown := d.root.act(views.ShowText{Text: "x", What: "ssh"})()
	if name := reflect.TypeOf(shown).String(); !strings.Contains(name, "exec") {
		t.Errorf("a %s does not leave the console", name)
	}
}
