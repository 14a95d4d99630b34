package tui

import (
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/tui/effects"
)

// leave goes somewhere else: at once there are the new project's empty screens only if it lets one in.
func (r *Root) leave(to effects.Place) tea.Cmd {
	switch {
	case r.o.Switcher == nil:
		r.say("this console stays where it is", true)
	case r.switching != nil:
		r.say("already going to "+placeName(*r.switching), true)
	case r.apply.running():
		r.say("a plan is being applied; it must have ended before one goes elsewhere", true)
	case to == r.here:
		r.say("this is where you are", false)
	default:
		r.switching = &to
		return r.fx.Open(r.o.Switcher, to)
	}
	return nil
}

// onSite goes over to another project, or stays and says why. A change that was begun meanwhile goes
// first: what was opened is closed again.
func (r *Root) onSite(m effects.SiteMsg) tea.Cmd {
	r.switching = nil
	switch {
	case m.Err != nil:
		r.note(m.Err)
		return nil
	case r.apply.running():
		r.shut(nil, m.Site.Backend)
		r.say("a plan is being applied; stayed here", true)
		return nil
	}
	r.shut(r.fx, r.backend)
	r.backend, r.o.Cloud = m.Site.Backend, m.Site.Place.Cloud
	r.picker.open = false
	r.dialogs, r.notice, r.toast, r.places = nil, notice{}, toast{}, nil
	r.enter(r.effects(m.Site.Backend, m.Site.Prompter), m.Site.Place)
	r.say("now in "+placeName(m.Site.Place), false)
	return r.begin()
}

// shut ends what belongs to a site, without waiting for it; Close waits.
func (r *Root) shut(fx *effects.Effects, b effects.Backend) {
	r.leaving.Go(func() {
		if fx != nil {
			fx.Close()
		}
		if c, ok := b.(interface{ Close() }); ok {
			c.Close()
		}
	})
}

// placeName is a place as one says it.
func placeName(p effects.Place) string {
	switch {
	case p.Gateway != "":
		return "gateway " + cloud.Clean(p.Gateway)
	case p.Project.Name != "":
		return "project " + cloud.Clean(p.Project.Name)
	case p.Cloud == "":
		return "the cloud of the OS_* variables"
	}
	return "cloud " + cloud.Clean(p.Cloud)
}
