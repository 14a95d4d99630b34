package tui

import (
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/tui/effects"
	"portico/views"
)

// onExport says where a file was written to, or asks about one that is there already.
func (r *Root) onExport(m effects.ExportMsg) tea.Cmd {
	switch {
	case m.Err != nil:
		r.note(m.Err)
	case m.Exists:
		r.confirm(views.AskMsg{
			Title: "Write over the file that is there?", Lines: []string{cloud.Clean(m.Path), "What it holds is lost."},
			Yes: "write over it", Cancel: "keep it",
		}, func(yes bool) tea.Cmd {
			if !yes {
				return nil
			}
			again := m.Export
			again.Overwrite = true
			return r.fx.Export(again)
		})
		r.dialogs[0].quiet = r.now.Add(grace) // it opens by itself
	default:
		r.say("written to "+m.Path+": "+m.Export.What, false)
	}
	return nil
}
