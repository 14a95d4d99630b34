package widget

import (
	"fmt"
	"slices"

	"charm.land/lipgloss/v2"

	"portico/themes"
)

// PortUse is what a public port is, the more important the greater.
type PortUse uint8

// The uses.
const (
	PortFree    PortUse = iota
	PortNodes           // Kubernetes may give it to a service
	PortRange           // taken now and then: the gateway's own connections use it
	PortOurs            // a forward of ours stands there
	PortForeign         // a rule made by hand
	PortHeld            // a program of the gateway's listens there
	PortAsked           // asked for
	PortClash           // asked for, and it cannot be had
)

// portGlyphs tell the uses apart without colour.
var portGlyphs = [...]string{PortFree: "·", PortNodes: "░", PortRange: "▒", PortOurs: "●", PortForeign: "▲", PortHeld: "○", PortAsked: "+", PortClash: "✗"}

func (u PortUse) style(st *themes.Styles) lipgloss.Style {
	switch u {
	case PortClash:
		return st.Bad
	case PortAsked:
		return st.Accent
	case PortForeign, PortHeld:
		return st.Warn
	case PortOurs:
		return st.Good
	case PortFree, PortNodes, PortRange:
	}
	return st.Faint
}

// PortMap is a picture of the public ports of a gateway. Make one with [NewPortMap].
type PortMap struct {
	use   [1 << 16]PortUse
	first uint16             // that may be published at
	words map[PortUse]string // what they are called; one that has no word is not shown in the legend
}

// NewPortMap returns a map on which all ports from first on are free. words says what the uses are called.
func NewPortMap(first uint16, words map[PortUse]string) *PortMap {
	return &PortMap{first: first, words: words}
}

// Mark says what a port is; the most important use of it counts.
func (m *PortMap) Mark(port uint16, use PortUse) { m.use[port] = max(m.use[port], use) }

// MarkRange marks ports from first to last.
func (m *PortMap) MarkRange(first, last uint16, use PortUse) {
	for p := int(first); p <= int(last); p++ {
		m.Mark(uint16(p), use)
	}
}

// The picture: a row is ten thousand ports, or in the part that is drawn larger, fifty.
const (
	rowPorts   = 10000
	closePorts = 50
	mapLabel   = 7 // "30000  "
)

// View draws the map in at most width by height cells: all ports, and, as far as there is room, those
// around what is asked for one by one. It is nil where there is too little room.
func (m *PortMap) View(st *themes.Styles, width, height int) []string {
	span, rows := m.span(width-mapLabel), m.rows(height-1)
	if span == 0 || len(rows) == 0 {
		return nil
	}
	seen := map[PortUse]bool{}
	var out []string
	for _, r := range rows {
		line := Spans{{Text: FitLeft(fmt.Sprint(max(r*rowPorts, int(m.first))), 5) + "  ", Style: st.Dim}}
		for from := r * rowPorts; from < (r+1)*rowPorts && from <= 65535; from += span {
			line = append(line, m.cell(from, span, seen, st))
		}
		out = append(out, joined(line).Render(st, false))
	}
	zoom := m.zoom(width, height-len(rows)-2, seen, st)
	legend := m.legend(seen, width, st)
	if len(zoom) > 0 && len(out)+len(zoom)+len(legend)+1 <= height {
		out = append(append(out, ""), zoom...)
	}
	for _, l := range legend {
		if len(out) < height {
			out = append(out, l)
		}
	}
	return out
}

// rows are the rows to draw: all, or, where there is too little room, those with something in them.
func (m *PortMap) rows(height int) []int {
	all := []int{0, 1, 2, 3, 4, 5, 6}
	if height >= len(all) || height < 1 {
		return all[:min(len(all), max(0, height))]
	}
	all = slices.DeleteFunc(all, func(r int) bool { return m.most(r) <= PortRange })
	slices.SortStableFunc(all, func(a, b int) int { return int(m.most(b)) - int(m.most(a)) })
	all = all[:min(len(all), height)]
	slices.Sort(all)
	return all
}

// most is the most important use in a row.
func (m *PortMap) most(row int) PortUse {
	return slices.Max(m.use[max(row*rowPorts, int(m.first)):min((row+1)*rowPorts, 1<<16)])
}

// span is how many ports a cell stands for, 0 where not even the coarsest fits.
func (m *PortMap) span(width int) int {
	for _, s := range []int{200, 250, 400, 500} {
		if rowPorts/s <= width {
			return s
		}
	}
	return 0
}

// cell draws the most important use among some ports.
func (m *PortMap) cell(from, n int, seen map[PortUse]bool, st *themes.Styles) Span {
	to := min(from+n, 1<<16)
	if to <= int(m.first) {
		return Span{Text: " "}
	}
	use := slices.Max(m.use[max(from, int(m.first)):to])
	seen[use] = true
	return Span{Text: portGlyphs[use], Style: use.style(st)}
}

// zoom draws the fifties in which something is asked for, those with a clash first, one cell a port.
func (m *PortMap) zoom(width, height int, seen map[PortUse]bool, st *themes.Styles) []string {
	if width < mapLabel+closePorts || height < 1 {
		return nil
	}
	var clashes, asked []int
	for from := int(m.first) / closePorts * closePorts; from < 1<<16; from += closePorts {
		switch slices.Max(m.use[from:min(from+closePorts, 1<<16)]) {
		case PortClash:
			clashes = append(clashes, from)
		case PortAsked:
			asked = append(asked, from)
		default:
		}
	}
	blocks := append(clashes, asked...)
	blocks = blocks[:min(len(blocks), height, 4)]
	slices.Sort(blocks)
	var out []string
	for _, from := range blocks {
		line := Spans{{Text: FitLeft(fmt.Sprint(from), 5) + "  ", Style: st.Dim}}
		for p := from; p < from+closePorts && p < 1<<16; p++ {
			line = append(line, m.cell(p, 1, seen, st))
		}
		out = append(out, joined(line).Render(st, false))
	}
	return out
}

// legend names what is on the map.
func (m *PortMap) legend(seen map[PortUse]bool, width int, st *themes.Styles) []string {
	var out []string
	var line Spans
	for use := int(PortClash); use >= 0; use-- {
		u := PortUse(use)
		if !seen[u] || m.words[u] == "" {
			continue
		}
		word := Spans{{Text: portGlyphs[u] + " ", Style: u.style(st)}, {Text: m.words[u] + "  ", Style: st.Dim}}
		if len(line) > 0 && line.Width()+word.Width()-2 > width {
			out = append(out, line.Render(st, false))
			line = nil
		}
		line = append(line, word...)
	}
	if len(line) > 0 {
		out = append(out, line.Cut(width).Render(st, false))
	}
	return out
}

// joined makes one span of neighbours that look the same.
func joined(s Spans) Spans {
	var out Spans
	for i, p := range s {
		if i > 1 && len(out) > 0 && s[i-1].Text == p.Text { // the same glyph has the same style
			out[len(out)-1].Text += p.Text
			continue
		}
		out = append(out, p)
	}
	return out
}
