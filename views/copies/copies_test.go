package copies_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/copies"
	"portico/views/viewtest"
)

// open is the menu for an instance of a project.
func open(p *viewtest.Project, id string, keys publish.HostKeyLines) views.Screen {
	var s views.Screen = copies.New()
	list := publish.New(nil, nil, nil, nil, publish.Options{}).Copies(p.Snapshot(), id, gateway.Forward{}, p.Logins, keys)
	s, _ = s.Update(views.CopiesMsg{Seq: 1, Instance: id, Name: publish.InstanceName(p.Inventory, id), Copies: list})
	return s
}

func press(s views.Screen, keys string) (i views.Intent) {
	for _, r := range keys {
		m := tea.KeyPressMsg{Code: r, Text: string(r)}
		switch r {
		case '\n':
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
		case '\x1b':
			m = tea.KeyPressMsg{Code: tea.KeyEscape}
		}
		s, i = s.Update(m)
	}
	return i
}

func view(s views.Screen, w, h int) string {
	return ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: viewtest.Start, Styles: themes.New(themes.Default(), true)}))
}

var keyLines = publish.HostKeyLines{Lines: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ"}}

func TestView(t *testing.T) {
	for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}} {
		for _, vm := range []string{"assembly-02", "blast-db"} {
			t.Run(fmt.Sprintf("%s %dx%d", vm, size[0], size[1]), func(t *testing.T) {
				s := open(viewtest.Small(), "id-"+vm, keyLines)
				if vm == "assembly-02" {
					press(s, "jjjjjjjj") // known_hosts: more than a line
				}
				golden.RequireEqual(t, view(s, size[0], size[1]))
			})
		}
	}
}

func TestHostile(t *testing.T) {
	names := viewtest.HostileNames(3, 100)
	p := viewtest.Hostile(names)
	for _, i := range p.Inventory.Instances {
		s := open(p, i.ID, publish.HostKeyLines{Why: i.Name})
		for _, size := range [][2]int{{80, 20}, {120, 36}, {40, 7}, {9, 2}, {1, 1}} {
			lines := strings.Split(view(s, size[0], size[1]), "\n")
			if len(lines) != size[1] {
				t.Fatalf("%d lines of %d", len(lines), size[1])
			}
			for _, l := range lines {
				if ansi.StringWidth(l) > size[0] || strings.ContainsFunc(l, func(r rune) bool { return !cloud.IsText(r) }) {
					t.Fatalf("%d cells of %d: %q", ansi.StringWidth(l), size[0], l)
				}
			}
		}
	}
}

func TestKeys(t *testing.T) {
	cases := []struct {
		name, vm, keys string
		want           views.Intent
	}{
		{"copy", "assembly-02", "\n", views.TakeCopy{Text: "ssh -p 30011 -i ~/.ssh/mg debian@203.0.113.10", What: "ssh"}},
		{"copy another", "assembly-02", "jjjjjjjy", views.TakeCopy{Text: "http://203.0.113.10:31011/", What: "url"}},
		{"show", "assembly-02", "jjjjjjjs", views.ShowText{Text: "http://203.0.113.10:31011/", What: "url"}},
		{"back", "assembly-02", "\x1b", views.Back{}},
		{"what makes no sense says why", "blast-db", "kkkk\n", views.Tell{Text: "ssh: its ssh is not published"}},
		{"the first that makes sense is chosen", "blast-db", "\n", views.TakeCopy{
			Text: "ssh -o 'ProxyCommand=ssh -i ~/.ssh/mg -W %h:%p debian@203.0.113.10' -i ~/.ssh/mg debian@192.168.0.12", What: "jump",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, press(open(viewtest.Small(), "id-"+c.vm, keyLines), c.keys)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if i := press(copies.New(), "\njys"); i != nil {
		t.Errorf("with nothing there, a key did %+v", i)
	}
}

// What comes later leaves the cursor where it is; another instance begins anew.
func TestCursorStays(t *testing.T) {
	p := viewtest.Small()
	s := open(p, "id-assembly-02", publish.HostKeyLines{Why: "asking"})
	press(s, "jj")
	s, _ = s.Update(views.CopiesMsg{Seq: 1, Name: "assembly-02", Copies: []publish.Copy{{As: "a", Text: "1"}, {As: "b", Text: "2"}, {As: "c", Text: "3"}}})
	if got := press(s, "\n"); got != (views.TakeCopy{Text: "3", What: "c"}) {
		t.Errorf("took %+v", got)
	}
	s, _ = s.Update(views.CopiesMsg{Seq: 2, Name: "other", Copies: []publish.Copy{{As: "a", Why: "no"}, {As: "b", Text: "2"}}})
	if got := press(s, "\n"); got != (views.TakeCopy{Text: "2", What: "b"}) {
		t.Errorf("took %+v", got)
	}
}
