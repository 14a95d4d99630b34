package tui

import (
	"fmt"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/tui/effects"
	"portico/views"
	"portico/views/widget"
)

// openPalette shows all that can be done from here, and all that one can go to, by name.
func (r *Root) openPalette() tea.Cmd {
	return r.openPicker(widget.NewPicker("Do or find", "an action, a screen, an instance, a project…", ""), "run", func() []command {
		return slices.Concat(r.actions(), r.screens(), r.elsewhere(), r.rows())
	})
}

// openSwitch shows the clouds, projects and gateways that one can go to.
func (r *Root) openSwitch() tea.Cmd {
	title := "Go to another cloud, project or gateway"
	return r.openPicker(widget.NewPicker(title, "its name", "asking the cloud…"), "go there", r.elsewhere)
}

// moves are keys that one presses rather than looks for.
var moves = []string{"up", "down", "pgup", "pgdown", "home", "end", "left", "right", "esc", "tab", "shift+tab"}

// actions are those of the screen in sight, from its bindings, and those that work everywhere.
func (r *Root) actions() []command {
	var out []command
	add := func(b key.Binding, run func() tea.Cmd) {
		h := shown(r.o.Keys, r.nav.current, b).Help()
		c := command{PickerItem: widget.PickerItem{ID: "action " + h.Desc, Name: h.Desc, Note: h.Key}, run: run}
		if !b.Enabled() {
			c.Why = r.whyNot(b)
		}
		if h.Desc != "" && !slices.ContainsFunc(out, func(o command) bool { return o.ID == c.ID }) {
			out = append(out, c)
		}
	}
	for _, group := range r.nav.screen().Keys().FullHelp() {
		for _, b := range group {
			if ks := b.Keys(); len(ks) > 0 && !slices.Contains(moves, ks[0]) {
				add(b, func() tea.Cmd { return r.keyPress(press(ks[0])) })
			}
		}
	}
	for _, b := range []key.Binding{globals.Help, globals.Switch, globals.Mouse, globals.Theme, globals.Quit} {
		add(b, func() tea.Cmd { return r.keyPress(press(b.Keys()[0])) })
	}
	return out
}

// whyNot says why a binding has nothing to act on.
func (r *Root) whyNot(b key.Binding) string {
	for _, a := range views.Actions() {
		if why := r.readOnly(); why != "" && a.Changes && a.Has(r.nav.current) && a.Keys[0] == b.Keys()[0] {
			return views.OnlyLooks(why)
		}
	}
	return "there is nothing here that it could act on"
}

// screens are the tabs.
func (r *Root) screens() []command {
	var out []command
	for i, t := range r.nav.tabs {
		h := shown(r.o.Keys, "", t.key).Help()
		out = append(out, command{
			PickerItem: widget.PickerItem{ID: "screen " + string(t.target), Name: h.Desc, Note: "screen  " + h.Key},
			run:        func() tea.Cmd { r.toTab(i); return nil },
		})
	}
	return out
}

// elsewhere are the gateways, projects and clouds that one can go to.
func (r *Root) elsewhere() []command {
	var out []command
	add := func(kind, name string, to effects.Place, here bool, why string) {
		c := command{PickerItem: widget.PickerItem{ID: kind + " " + name, Name: name, Note: kind, Why: why}, run: func() tea.Cmd { return r.leave(to) }}
		if here {
			c.Note = "this " + kind
			c.Why = "this is where you are"
		}
		if kind == "project" {
			c.ID = kind + " " + to.Project.ID
		}
		out = append(out, c)
	}
	for _, g := range r.gateways {
		to := r.here
		to.Gateway = g.Name
		add("gateway", g.Name, to, g.InstanceID == r.snapshot.Gateway.InstanceID, "")
	}
	if r.places == nil {
		return out
	}
	id, why := r.snapshot.Inventory.Identity, ""
	if r.places.Bound {
		why = "an application credential is for one project alone"
	}
	for _, p := range r.places.Projects {
		here := p.ID == id.ProjectID
		add("project", p.Name, effects.Place{Cloud: r.here.Cloud, Project: p}, here, why)
	}
	if r.places.Bound {
		out = append(out, command{PickerItem: widget.PickerItem{ID: "bound", Name: "other projects", Note: "project", Why: why + "; make one in each, with an entry of clouds.yaml"}})
	} else if r.places.Err != nil {
		out = append(out, command{PickerItem: widget.PickerItem{ID: "unlisted", Name: "other projects", Note: "not known", Why: cloud.Explain(r.places.Err).Why}})
	}
	for _, c := range r.places.Clouds {
		name := c
		if name == "" {
			name = "OS_* variables"
		}
		add("cloud", name, effects.Place{Cloud: c}, c == r.here.Cloud && r.here.Project == (cloud.Project{}), "")
	}
	return out
}

// rows are the instances and forwards.
func (r *Root) rows() []command {
	inv := r.snapshot.Inventory
	out := make([]command, 0, len(inv.Instances))
	names := make(map[string]string, len(inv.Instances))
	add := func(kind, id, name string, to views.Target) {
		out = append(out, command{
			PickerItem: widget.PickerItem{ID: kind + " " + id, Name: name, Note: kind},
			run:        func() tea.Cmd { return r.find(to, id) },
		})
	}
	for _, i := range inv.Instances {
		names[i.ID] = i.Name
		add("instance", i.ID, i.Name, views.Instances)
	}
	for _, f := range r.snapshot.Forwards() {
		name := fmt.Sprintf("%s %s %s", f.PublicText(), f.Service.Name, names[f.Instance])
		add("forward", views.ForwardRow(f), name, views.Forwards)
	}
	return out
}

// find goes to a tab and puts its cursor on a row.
func (r *Root) find(to views.Target, row string) tea.Cmd {
	for i, t := range r.nav.tabs {
		if t.target == to && r.toTab(i) {
			return r.tell(to, views.FindMsg{Row: row})
		}
	}
	return nil
}

// onPlaces completes an open picker.
func (r *Root) onPlaces(m effects.PlacesMsg) tea.Cmd {
	r.places = &m.Places
	if r.picker.open {
		r.refill()
	}
	return nil
}
