package floatingips

import (
	"cmp"
	"fmt"
	"strings"

	"portico/themes"
	"portico/views/widget"
)

func (s *Screen) columns() []widget.Column[row] {
	return []widget.Column[row]{
		{
			Title: "ADDRESS", Text: func(r row) string { return r.FloatingIP.Address.String() }, Cell: addressCell,
			Compare: func(a, b row) int { return a.FloatingIP.Address.Compare(b.FloatingIP.Address) },
		},
		{Title: "ATTACHED TO", Min: 10, Max: 32, Text: attached, Cell: attachedCell},
		{
			Title: "STATUS", Max: 14, Priority: 2, Text: func(r row) string { g, w := status(r); return g + " " + w },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return statusSpans(r, st) }, Compare: byStatus,
		},
		{
			Title: "FORWARDS", Priority: 1, Right: true, Text: s.carries, Cell: s.carriesCell, Down: true, Watch: s.carriesKnown,
			Compare: func(a, b row) int { return cmp.Compare(a.Carries, b.Carries) },
		},
		{
			Title: "DESCRIPTION", Min: 12, Want: 30, Grow: true, Priority: 3,
			Text: func(r row) string { return r.FloatingIP.Description },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				return widget.Spans{{Text: r.FloatingIP.Description, Style: st.Dim}}
			},
		},
	}
}

func addressCell(r row, st *themes.Styles, _ int) widget.Spans {
	return widget.Spans{{Text: r.FloatingIP.Address.String(), Style: st.Strong}}
}

func attached(r row) string {
	switch {
	case r.Free():
		return "free"
	case r.Attached == "" && len(r.FloatingIP.Forwardings) > 0:
		return "port forwardings"
	case r.Gateway:
		return r.Attached + "  gateway"
	}
	return r.Attached
}

func attachedCell(r row, st *themes.Styles, _ int) widget.Spans {
	switch {
	case r.Free():
		return widget.Spans{{Text: "free", Style: st.Good}}
	case r.Gateway:
		return widget.Spans{{Text: r.Attached, Style: st.Text}, {Text: "  gateway", Style: st.Accent}}
	}
	return widget.Spans{{Text: attached(r), Style: st.Text}}
}

// status is Neutron's, said like an instance's. A free address is down by nature, which is no fault.
func status(r row) (glyph, word string) {
	switch r.FloatingIP.Status {
	case "ACTIVE":
		return "●", "active"
	case "ERROR":
		return "✗", "error"
	case "DOWN":
		if r.Free() {
			return "○", "not in use"
		}
		return "○", "down"
	case "":
		return "?", "unknown"
	}
	return "○", strings.ToLower(r.FloatingIP.Status)
}

func statusSpans(r row, st *themes.Styles) widget.Spans {
	glyph, word := status(r)
	style, text := st.Dim, st.Dim
	switch {
	case glyph == "●":
		style, text = st.Good, st.Text
	case glyph == "✗":
		style, text = st.Bad, st.Bad
	case word == "down":
		style, text = st.Warn, st.Text
	}
	return widget.Spans{{Text: glyph, Style: style}, {Text: " " + word, Style: text}}
}

// byStatus puts first what needs a look.
func byStatus(a, b row) int {
	rank := func(r row) int {
		glyph, word := status(r)
		switch {
		case glyph == "✗":
			return 1
		case word == "down":
			return 2
		case glyph == "?":
			return 3
		case glyph == "●":
			return 4
		}
		return 5
	}
	_, x := status(a)
	_, y := status(b)
	return cmp.Or(cmp.Compare(rank(a), rank(b)), widget.Natural(x, y))
}

// carries counts the forwards; those of a gateway that has not answered are not known.
func (s *Screen) carries(r row) string {
	switch {
	case r.Gateway && s.snapshot.Snapshot.State == nil:
		return "?"
	case r.Carries == 0:
		return ""
	}
	return fmt.Sprint(r.Carries)
}

// carriesKnown is the number, also when it is 0; "" when it is not known.
func (s *Screen) carriesKnown(r row) string {
	if r.Gateway && s.snapshot.Snapshot.State == nil {
		return ""
	}
	return fmt.Sprint(r.Carries)
}

func (s *Screen) carriesCell(r row, st *themes.Styles, _ int) widget.Spans {
	return widget.Spans{{Text: s.carries(r), Style: st.Text}}
}
