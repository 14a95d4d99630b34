package instances

import (
	"net/netip"
	"strings"

	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

type row = publish.InstanceRow

func (s *Screen) columns() []widget.Column[row] {
	return []widget.Column[row]{
		{
			Title: "NAME", Min: 10, Max: 28,
			Text: func(r row) string { return r.Instance.Name },
		},
		{
			Title: "STATUS", Max: 18, Priority: 2, Compare: byStatus,
			Text: func(r row) string { g, w := status(r); return g + " " + w },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return statusCell(r, st) },
		},
		{
			Title: "ADDRESS", Max: 15, Priority: 3, Compare: byAddress, Watch: s.knownAddress,
			Text: func(r row) string { return address(r.Private) },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				if len(r.Private) == 0 && s.snapshot.Snapshot.Inventory.Unknown("ports") {
					return widget.Spans{{Text: "unknown", Style: st.Faint}}
				}
				return widget.Spans{{Text: address(r.Private), Style: st.Dim}}
			},
		},
		{
			Title: "REACHABLE", Also: "port", Min: 16, Want: 38, Grow: true, Priority: 1, Compare: byPort, Watch: s.endpoints,
			Text: func(r row) string { return join(s.reachable(r, plain, full)).Text() },
			Cell: s.reachableCell,
		},
		{
			Title: "TAGS", Min: 8, Max: 24, Priority: 4, Sparse: true, Text: tags,
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				return widget.Spans{{Text: tags(r), Style: st.Dim}}
			},
		},
	}
}

// plain are the styles for text that is only searched.
var plain = &themes.Styles{}

// address is the one an instance is known by; "" when it has none.
func address(addrs []netip.Addr) string {
	if a := first(addrs); a.IsValid() {
		return a.String()
	}
	return ""
}

func tags(r row) string { return strings.Join(r.Instance.Tags, " ") }

// words of Nova's status that Portico says otherwise; the rest is shown in lower case.
var statusWords = map[string][2]string{
	"ACTIVE":            {"●", "active"},
	"SHUTOFF":           {"○", "shut off"},
	"BUILD":             {"◐", "building"},
	"ERROR":             {"✗", "error"},
	"REBOOT":            {"◐", "rebooting"},
	"HARD_REBOOT":       {"◐", "rebooting"},
	"REBUILD":           {"◐", "rebuilding"},
	"RESIZE":            {"◐", "resizing"},
	"VERIFY_RESIZE":     {"◐", "resized, to confirm"},
	"MIGRATING":         {"◐", "migrating"},
	"PASSWORD":          {"◐", "setting password"},
	"SHELVED":           {"○", "shelved"},
	"SHELVED_OFFLOADED": {"○", "shelved"},
	"DELETED":           {"○", "deleted"},
	"SOFT_DELETED":      {"○", "deleted"},
	"UNKNOWN":           {"?", "unknown"},
	"":                  {"?", "unknown"},
}

// status is a glyph and a word. What Nova is doing goes before what it says the state is.
func status(r row) (glyph, word string) {
	if t := r.Instance.TaskState; t != "" && r.Instance.Status != "BUILD" {
		return "◐", strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(t))
	}
	if w, ok := statusWords[r.Instance.Status]; ok {
		return w[0], w[1]
	}
	return "○", strings.NewReplacer("_", " ").Replace(strings.ToLower(r.Instance.Status))
}

func statusCell(r row, st *themes.Styles) widget.Spans {
	glyph, word := status(r)
	style, text := st.Dim, st.Dim
	switch glyph {
	case "●":
		style, text = st.Good, st.Text
	case "◐":
		style, text = st.Warn, st.Text
	case "✗":
		style, text = st.Bad, st.Bad
	}
	return widget.Spans{{Text: glyph, Style: style}, {Text: " " + word, Style: text}}
}
