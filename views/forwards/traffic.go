package forwards

import (
	"cmp"

	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// trafficColumns are what has come through each forward. They have room in wide terminals only;
// the first go first.
func (s *Screen) trafficColumns() []widget.Column[row] {
	flow := func(r row) views.Flow { f, _ := s.traffic.Of(r.Key()); return f }
	column := func(title string, width, priority int, say func(views.Flow) string, compare func(a, b views.Flow) int) widget.Column[row] {
		text := func(r row) string {
			f, ok := s.traffic.Of(r.Key())
			if !ok {
				return ""
			}
			return say(f)
		}
		return widget.Column[row]{
			Title: title, Min: width, Max: width, Priority: priority, Right: true, Down: true, Sparse: true, Text: text,
			Watch:   func(row) string { return "" }, // they change all the time
			Compare: func(a, b row) int { return compare(flow(a), flow(b)) },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				return widget.Spans{{Text: text(r), Style: st.Dim}}
			},
		}
	}
	return []widget.Column[row]{
		column("DATA", 8, 7, func(f views.Flow) string { return shared(f, views.Bytes(float64(f.Bytes))) }, func(a, b views.Flow) int { return cmp.Compare(a.Bytes, b.Bytes) }),
		column("RATE", 9, 8, func(f views.Flow) string { return shared(f, f.Rate.PerSecond()) }, func(a, b views.Flow) int { return cmp.Compare(a.Rate.Bytes, b.Rate.Bytes) }),
		column("CONNS", 5, 6, func(f views.Flow) string { return views.Amount(f.Connections) }, func(a, b views.Flow) int { return cmp.Compare(a.Connections, b.Connections) }),
		column("LAST", 7, 5, s.last, func(a, b views.Flow) int {
			return cmp.Or(a.Used.Compare(b.Used), cmp.Compare(min(a.Connections, 1), min(b.Connections, 1)))
		}),
	}
}

// last is when somebody last connected, as far as the console has seen it.
func (s *Screen) last(f views.Flow) string {
	switch {
	case !f.Used.IsZero():
		return views.Ago(f.Used, s.now)
	case f.Connections > 0:
		return "earlier" // than the console looks
	}
	return "never"
}

// shared says that an amount is at most this forward's: it was counted together with its neighbours'.
func shared(f views.Flow, amount string) string {
	switch {
	case f.Sharing == 0:
		return ""
	case f.Sharing > 1 && amount != "0" && amount != "":
		return "<" + amount
	}
	return amount
}
