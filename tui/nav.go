package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"

	"portico/views"
	"portico/views/apply"
	"portico/views/copies"
	"portico/views/create"
	"portico/views/doctor"
	"portico/views/floatingips"
	"portico/views/forwards"
	"portico/views/gateways"
	"portico/views/help"
	"portico/views/history"
	"portico/views/instances"
	"portico/views/preview"
	"portico/views/publish"
	"portico/views/rounds"
	"portico/views/subnet"
	"portico/views/tests"
)

// tab is a screen that is always one key away.
type tab struct {
	target views.Target
	key    key.Binding
}

// tabs lists them in their order.
func tabs() []tab {
	t := func(k, title string, to views.Target) tab {
		return tab{to, key.NewBinding(key.WithKeys(k), key.WithHelp(k, title))}
	}
	return []tab{
		t("1", "Instances", views.Instances),
		t("2", "Floating IPs", views.FloatingIPs),
		t("3", "Forwards", views.Forwards),
		t("4", "Gateways", views.Gateways),
		t("5", "Tests", views.TestsTab),
		t("6", "History", views.History),
	}
}

// targets lists the screens in the order in which they get data.
var targets = []views.Target{
	views.Instances, views.FloatingIPs, views.Forwards, views.Gateways, views.TestsTab, views.History, views.PublishForm, views.SubnetForm, views.Preview, views.ApplyRun, views.HelpPage, views.Doctor, views.Rounds, views.CopyMenu, views.CreateGateway,
}

// navigation is which screen is shown and the way back. All screens live as long as the
// console, so that each keeps its cursor and its filter.
type navigation struct {
	screens map[views.Target]views.Screen
	tabs    []tab
	tab     int // the tab one is in, also on screens opened from it
	current views.Target
	stack   []views.Target
}

func newNavigation(readOnly bool) navigation {
	n := navigation{tabs: tabs(), screens: map[views.Target]views.Screen{
		views.Instances:   instances.New(readOnly),
		views.FloatingIPs: floatingips.New(readOnly),
		views.Forwards:    forwards.New(readOnly),
		views.Gateways:    gateways.New(readOnly),
		views.TestsTab:    tests.New(),
		views.History:     history.New(),
		views.PublishForm: publish.New(),
		views.SubnetForm:  subnet.New(),
		views.Preview:     preview.New(),
		views.ApplyRun:    apply.New(),
		views.HelpPage:    help.New(),
		views.CopyMenu:    copies.New(),
		views.Doctor:      doctor.New(readOnly),
		views.Rounds:      rounds.New(),

		views.CreateGateway: create.New(readOnly),
	}}
	n.home()
	return n
}

// home goes to the present tab; the way back ends there.
func (n *navigation) home() { n.show(n.tab) }

// list is what the present tab is called within a sentence: "instances", "floating IPs".
func (n *navigation) list() string {
	title := n.tabs[n.tab].key.Help().Desc
	return strings.ToLower(title[:1]) + title[1:]
}

// show goes to a tab.
func (n *navigation) show(i int) {
	n.tab, n.current, n.stack = i, n.tabs[i].target, n.stack[:0]
}

// to goes to a screen. Tabs are where the way back ends; other screens remember where one was.
func (n *navigation) to(t views.Target) {
	for i, tab := range n.tabs {
		if tab.target == t {
			n.show(i)
			return
		}
	}
	if t != n.current {
		n.stack = append(n.stack, n.current)
		n.current = t
	}
}

// back returns to the screen before; false when there is none.
func (n *navigation) back() bool {
	if len(n.stack) == 0 {
		return false
	}
	n.current, n.stack = n.stack[len(n.stack)-1], n.stack[:len(n.stack)-1]
	return true
}

func (n *navigation) screen() views.Screen { return n.screens[n.current] }

// typing reports whether the screen takes all keys.
func (n *navigation) typing() bool {
	t, ok := n.screen().(views.Typing)
	return ok && t.Typing()
}

// top reports whether there is no way back: neither to another screen nor within this one.
func (n *navigation) top() bool {
	nested, ok := n.screen().(views.Nested)
	return len(n.stack) == 0 && (!ok || !nested.Nested())
}

func (r *Root) navigate(to views.Target) {
	r.notice, r.toast = notice{}, toast{}
	r.nav.to(to)
}

func (r *Root) back() {
	r.notice, r.toast = notice{}, toast{}
	r.nav.back()
}
