package widget

import (
	"strings"

	"charm.land/lipgloss/v2"

	"portico/themes"
)

// Dialog is a question over the screen. The focus begins on Cancel: nobody says yes by accident.
type Dialog struct {
	Title       string
	Lines       []string
	Input       *Input // nil when nothing is to be typed
	Alert       string // a line that is never left out: what happens without an answer
	Yes, Cancel string // Yes "" leaves one button
	OnYes       bool   // the focus is on Yes
}

// dialogWidth is the widest text of a dialog that reads well.
const dialogWidth = 64

// View draws the dialog in at most width by height cells. In a low terminal lines of the
// explanation are left out, never the buttons.
func (d Dialog) View(st *themes.Styles, width, height int) string {
	frame := st.Border.Border(lipgloss.RoundedBorder()).BorderForeground(st.Border.GetForeground()).Padding(0, 2)
	roomy := height >= 12
	inner := min(dialogWidth, width-frame.GetHorizontalFrameSize())
	if inner < 8 {
		return ""
	}
	fixed := frame.GetVerticalFrameSize() + 2 // title, buttons
	if d.Input != nil {
		fixed++
	}
	if roomy {
		fixed += 2
	}
	if d.Alert != "" {
		fixed++
	}
	text := d.text(inner, max(0, height-fixed))
	lines := []string{Paint(st.Title, Truncate(d.Title, inner))}
	if roomy && len(text) > 0 {
		lines = append(lines, "")
	}
	for _, l := range text {
		lines = append(lines, Paint(st.Text, l))
	}
	if d.Input != nil {
		lines = append(lines, Paint(st.Accent, "> ")+d.Input.View(st, inner-2, true))
	}
	if roomy {
		lines = append(lines, "")
	}
	if d.Alert != "" {
		lines = append(lines, Paint(st.Warn, Truncate(d.Alert, inner)))
	}
	lines = append(lines, d.buttons(st, inner))
	widest := 0
	for _, l := range lines {
		widest = max(widest, Width(l))
	}
	for i, l := range lines {
		lines[i] = Pad(l, min(inner, max(widest, 32)))
	}
	return frame.Render(strings.Join(lines, "\n"))
}

// text wraps the explanation to at most height lines. When not all of it fits, blank lines go first,
// and then whole sentences: half a sentence may say the opposite. One that is too long alone is cut.
func (d Dialog) text(width, height int) []string {
	var all, dense, out []string
	for _, l := range d.Lines {
		all = append(all, Wrap(l, width)...)
		if l != "" {
			dense = append(dense, l)
		}
	}
	if len(all) <= height {
		return all
	}
	for _, l := range dense {
		if lines := Wrap(l, width); len(out)+len(lines) <= height {
			out = append(out, lines...)
		}
	}
	if len(out) == 0 && height > 0 && len(dense) > 0 {
		out = Wrap(dense[0], width)[:height]
		out[height-1] = Truncate(out[height-1]+Ellipsis, width)
	}
	return out
}

func (d Dialog) buttons(st *themes.Styles, width int) string {
	button := func(text string, focus bool) string {
		style := st.Button
		if focus {
			style = st.ButtonFocus
		}
		return Paint(style, buttonText(text, focus))
	}
	line := button(d.Cancel, !d.OnYes)
	if d.Yes != "" {
		line = button(d.Yes, d.OnYes) + "  " + line
	}
	return Truncate(line, width)
}

func buttonText(text string, focus bool) string {
	if focus {
		return " ▸ " + text + " "
	}
	return "   " + text + " "
}

// Over draws box in the middle of base, which is width by height cells.
func Over(base, box string, width, height int) string {
	if box == "" {
		return base
	}
	x, y := Centred(box, width, height)
	return lipgloss.NewCompositor(lipgloss.NewLayer(base), lipgloss.NewLayer(box).X(x).Y(y).Z(1)).Render()
}
