package tui

import (
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/tui/effects"
	"portico/views"
)

// formOf is the form in sight, which asks and is answered.
func (r *Root) formOf() views.Target {
	if r.nav.current == views.SubnetForm {
		return views.SubnetForm
	}
	return views.PublishForm
}

func (r *Root) tryFormula(i views.TryFormula) tea.Cmd { return r.fx.Try(r.snapshot, i) }

func (r *Root) saveScheme(i views.SaveScheme) tea.Cmd {
	switch {
	case r.o.Keep == nil:
		r.say("there is no configuration file to save it to", true)
		return nil
	case r.readOnly() != "":
		r.say(views.OnlyLooks(r.readOnly()), true)
		return nil
	}
	return r.fx.Save(r.o.Keep, i.Config)
}

// onSaved offers the new scheme from now on.
func (r *Root) onSaved(m effects.SavedMsg) tea.Cmd {
	if m.Err != nil {
		x := views.Explain(m.Err)
		r.say("not saved: "+x.Why, true)
		return nil
	}
	r.o.Schemes = m.Schemes
	r.broadcast(views.SchemesMsg{Schemes: r.o.Schemes, Services: r.o.Services})
	r.say("saved as scheme "+m.Name+" in "+cloud.Clean(m.Path), false)
	return nil
}
