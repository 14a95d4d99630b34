package widget

import (
	"strings"

	"charm.land/lipgloss/v2"

	"portico/themes"
)

// Menu is a list over the screen from which one is chosen. Its texts are clean.
type Menu struct {
	Title string
	Items []MenuItem
	At    int // the one under the cursor
}

// MenuItem is one line of a menu: a name and, where there is room, what it is.
type MenuItem struct{ Name, Note string }

// Move puts the cursor by lines further, not beyond the ends.
func (m *Menu) Move(by int) { m.At = max(0, min(m.At+by, len(m.Items)-1)) }

// window is the lines above the items, how many items are in sight, and the first of them.
func (m Menu) window(height int) (head, room, top int) {
	head = 2
	if height < 12 {
		head = 1
	}
	room = min(len(m.Items), height-2-head) // within the frame
	return head, room, max(0, min(m.At-room/2, len(m.Items)-room))
}

// View draws the menu in at most width by height cells. In a low terminal the lines around the
// cursor are shown.
func (m Menu) View(st *themes.Styles, width, height int) string {
	frame := st.Border.Border(lipgloss.RoundedBorder()).BorderForeground(st.Border.GetForeground()).Padding(0, 2)
	inner := min(dialogWidth, width-frame.GetHorizontalFrameSize())
	lead, room, top := m.window(height)
	head := []string{Paint(st.Title, Truncate(m.Title, inner)), ""}[:lead]
	if inner < 8 || room < 1 {
		return ""
	}
	names, widest := 0, 0
	for _, i := range m.Items {
		names = max(names, Width(i.Name))
	}
	for _, i := range m.Items {
		widest = max(widest, names+4+Width(i.Note))
	}
	widest = min(inner, widest)
	lines := head
	for n, i := range m.Items[top : top+room] {
		here := top+n == m.At
		sign := "  "
		if here {
			sign = "▸ "
		}
		line := Spans{{Text: sign, Style: st.Mark}, {Text: Fit(i.Name, names), Style: st.Text}, {Text: "  " + i.Note, Style: st.Dim}}
		lines = append(lines, line.Fit(widest, false).Render(st, here))
	}
	for n := range head {
		lines[n] = Pad(lines[n], widest)
	}
	return frame.Render(strings.Join(lines, "\n"))
}
