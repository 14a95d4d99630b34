package tui

import (
	"fmt"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/views/widget"
)

// header is the first line: where one is, the gateway and its health, and how old the data is. What
// matters least goes first when there is no room.
func (r *Root) header() string {
	st := r.styles
	left := func(region bool) widget.Spans {
		line := widget.Spans{{Text: " "}, {Text: "portico", Style: st.Brand}, {Text: "  " + cloud.Clean(r.place()), Style: st.Text}}
		if name := r.snapshot.Inventory.Identity.Region; region && name != "" {
			line = append(line, widget.Span{Text: " / " + cloud.Clean(name), Style: st.Dim})
		}
		if r.readOnly() != "" {
			line = append(line, widget.Span{Text: "  "}, widget.Span{Text: "read-only", Style: st.Warn})
		}
		return line
	}
	var right, place widget.Spans
	for detail := 5; detail >= 0; detail-- {
		place, right = left(detail == 5), r.headerRight(min(detail, 4))
		if place.Width()+right.Width()+3 <= r.width {
			break
		}
	}
	room := r.width - right.Width() - 1
	return place.Cut(room-2).Fit(room, false).Render(st, false) + right.Render(st, false)
}

// headerRight says more the higher detail is.
func (r *Root) headerRight(detail int) widget.Spans {
	st, gw := r.styles, r.snapshot.Gateway
	var out widget.Spans
	if gw.FixedIP.IsValid() {
		if detail >= 1 {
			out = append(out, widget.Span{Text: widget.Truncate(gw.Name, 20) + " ", Style: st.Text})
		}
		if detail >= 2 && gw.FloatingIP.IsValid() {
			out = append(out, widget.Span{Text: gw.FloatingIP.String() + " ", Style: st.Dim})
		}
	}
	health := r.health()
	if detail < 4 && gw.FixedIP.IsValid() {
		health = health[:1]
	}
	if detail >= 1 || gw.FixedIP.IsValid() {
		out = append(out, health...)
	}
	if s := r.snapshot.State; s != nil && detail >= 3 {
		out = append(out, widget.Span{Text: fmt.Sprintf("  %d %s", len(s.Forwards), plural(len(s.Forwards), "forward")), Style: st.Dim})
	}
	return append(out, r.age()...)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// health is a glyph and a word about the gateway.
func (r *Root) health() widget.Spans {
	st := r.styles
	switch {
	case r.gw.err != nil && cloud.KindOf(r.gw.err) == gateway.NotFound:
		return widget.Spans{{Text: "○", Style: st.Warn}, {Text: " no gateway", Style: st.Warn}}
	case r.gw.err != nil:
		return widget.Spans{{Text: "✗", Style: st.Bad}, {Text: " not reached", Style: st.Bad}}
	case r.snapshot.State == nil && r.cloud.at.IsZero():
		return widget.Spans{{Text: ""}}
	case r.snapshot.State == nil:
		return widget.Spans{{Text: "◐", Style: st.Dim}, {Text: " asking the gateway", Style: st.Dim}}
	}
	if r.gw.hangs(r.now) {
		return widget.Spans{{Text: "?", Style: st.Warn}, {Text: " unknown", Style: st.Warn}}
	}
	if r.snapshot.State.Armed != nil {
		return widget.Spans{{Text: "◐", Style: st.Warn}, {Text: " being changed", Style: st.Warn}}
	}
	for _, f := range r.snapshot.State.Facts {
		if !f.OK {
			return widget.Spans{{Text: "◐", Style: st.Warn}, {Text: " " + f.Name + " " + f.Value, Style: st.Warn}}
		}
	}
	return widget.Spans{{Text: "●", Style: st.Good}, {Text: " healthy", Style: st.Dim}}
}

// ageWidth keeps the header still while the age grows.
const ageWidth = 10

// age is that of the oldest data in sight; what is older than it should be stands out.
func (r *Root) age() widget.Spans {
	at, stale := r.cloud.at, r.cloud.stale(r.now)
	if !r.gw.at.IsZero() && r.gw.at.Before(at) {
		at = r.gw.at
	}
	stale = stale || r.gw.stale(r.now) || r.gw.hangs(r.now) || r.gw.err != nil && !r.gw.at.IsZero()
	switch {
	case at.IsZero():
		return widget.Spans{{Text: widget.PadLeft("", ageWidth+2)}}
	case stale:
		return widget.Spans{{Text: "  " + widget.PadLeft("⚠ "+ago(r.now.Sub(at)), ageWidth), Style: r.styles.Warn}}
	}
	return widget.Spans{{Text: "  " + widget.PadLeft(ago(r.now.Sub(at)), ageWidth), Style: r.styles.Dim}}
}

// ago is an age as one says it.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d d ago", int(d.Hours()/24))
}

// tabBar names the tabs with their keys. In a narrow terminal only the tab in sight has its name.
func (r *Root) tabBar() string {
	for _, gap := range []string{"   ", "  "} {
		if line := r.tabNames(gap, false); line.Width() <= r.width {
			return line.Fit(r.width, false).Render(r.styles, false)
		}
	}
	return r.tabNames("   ", true).Fit(r.width, false).Render(r.styles, false)
}

func (r *Root) tabNames(gap string, short bool) widget.Spans {
	line := widget.Spans{{Text: " "}}
	r.drawn.tabs = r.drawn.tabs[:0]
	at := 1
	for i, t := range r.nav.tabs {
		h, number, name := shown(r.o.Keys, "", t.key).Help(), r.styles.Faint, r.styles.Tab
		if i == r.nav.tab {
			number, name = r.styles.Accent, r.styles.TabActive
		}
		if i > 0 {
			line = append(line, widget.Span{Text: gap})
			at += widget.Width(gap)
		}
		from := at
		at += widget.Width(h.Key)
		line = append(line, widget.Span{Text: h.Key, Style: number})
		if !short || i == r.nav.tab {
			line = append(line, widget.Span{Text: " "}, widget.Span{Text: h.Desc, Style: name})
			at += 1 + widget.Width(h.Desc)
		}
		r.drawn.tabs = append(r.drawn.tabs, stretch{from, at})
	}
	return line
}
