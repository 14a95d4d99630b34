package views

import (
	"strings"

	"charm.land/bubbles/v2/key"

	"portico/themes"
	"portico/views/widget"
)

// Guide is what a screen shows in place of an empty list: what there is not, what that means, and the
// keys that do something about it.
type Guide struct {
	Title string
	Lines []string // sentences, each wrapped
	Keys  []GuideKey
}

// GuideKey is one thing to do. Without a binding it is a command, typed elsewhere.
type GuideKey struct {
	Key     key.Binding
	Command string
	Does    string
}

// guideWidth is the widest text that reads well.
const guideWidth = 74

// View draws the guide in exactly height lines of at most width cells. In a low terminal the sentences go
// before the keys.
func (g Guide) View(st *themes.Styles, width, height int) string {
	inner := min(width-2, guideWidth)
	if inner < 4 || height < 1 {
		return widget.Lines("", width, height)
	}
	head := []string{widget.Paint(st.Title, widget.Truncate(g.Title, inner))}
	var text, keys []string
	for _, s := range g.Lines {
		for _, l := range widget.Wrap(s, inner) {
			text = append(text, widget.Paint(st.Text, l))
		}
		text = append(text, "")
	}
	names := 0
	for _, k := range g.Keys {
		names = max(names, widget.Width(k.name()))
	}
	for _, k := range g.Keys {
		line := widget.Spans{{Text: widget.Fit(k.name(), names), Style: st.Key}, {Text: "  " + k.Does, Style: st.Text}}
		keys = append(keys, line.Cut(inner).Render(st, false))
	}
	switch room := height - len(head) - len(keys); {
	case room >= len(text)+2:
		head = append(append([]string{""}, head...), "")
	case room >= 1:
		text = text[:min(len(text), room)]
	default:
		text = nil
	}
	return widget.Lines(" "+strings.Join(append(append(head, text...), keys...), "\n "), width, height)
}

func (k GuideKey) name() string {
	if k.Command != "" {
		return k.Command
	}
	return k.Key.Help().Key
}
