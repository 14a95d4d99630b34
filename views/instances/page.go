package instances

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// detailed is the page of one instance: the detail pane on the whole screen, for terminals that
// have no room for it beside the list, or for values that are cut there.
type detailed struct {
	id string // of the instance; "" when the list is shown
	widget.Scroll
}

// pageWidth is the widest that values are laid out.
const pageWidth = 100

// page draws one instance on the whole screen.
func (s *Screen) page(r publish.InstanceRow, f views.Frame) string {
	d := &s.detailed
	width := max(1, min(f.Width-2, pageWidth))
	lines := strings.Split(s.detail(r, f.Styles, width, everyLine), "\n")
	for len(lines) > 1 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	from, to := d.Fit(len(lines), f.Height)
	lines = lines[from:to]
	if from > 0 && len(lines) > 0 {
		lines[0] = widget.Paint(f.Styles.Title, widget.Truncate(r.Instance.Name, width)) // which one it is stays in sight
	}
	return widget.Lines(" "+strings.Join(lines, "\n "), f.Width, f.Height)
}

// everyLine is more lines than an instance has facts.
const everyLine = 200

// pressDetailed handles a key on the page.
func (s *Screen) pressDetailed(msg tea.KeyPressMsg) views.Intent {
	switch {
	case key.Matches(msg, s.keys.Close):
		s.detailed = detailed{}
	case s.detailed.Press(s.list.Keys.TableKeys, msg):
	default:
		return s.act(msg)
	}
	return nil
}

// detailedKeys are the bindings on the page.
type detailedKeys struct {
	keys
	scroll bool
}

// ShortHelp is what the status bar shows, most needed first.
func (k detailedKeys) ShortHelp() []key.Binding {
	out := []key.Binding{k.Publish, k.Withdraw, k.Test, k.Diagnose, k.Copy, k.CopyMore, k.Refresh}
	if k.scroll {
		return append([]key.Binding{k.list.Down}, out...)
	}
	return out
}

// FullHelp is what the help page shows.
func (k detailedKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{{k.Publish, k.Withdraw, k.Test, k.Diagnose, k.Copy, k.CopyMore, k.Refresh, k.Close}, k.list.TableKeys.Bindings()}
}
