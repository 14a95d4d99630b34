// Package gateways is the list of what can carry forwards: the one in use with its health, who is
// changing it, what it took back by itself, and what has drifted.
//
//	SnapshotMsg -> list, the gateway under the cursor beside or below it --enter--> page of its drift
package gateways

import (
	"cmp"
	"fmt"
	"time"

	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// detailFrom is the width from which the detail is beside the list, detailWidth what it takes there.
const (
	detailFrom  = 120
	detailWidth = 56
)

// row is one gateway. What is known of the one in use only is zero for the others.
type row struct {
	gateway.Gateway
	chosen bool
	state  *gateway.State // nil unless it was observed
	err    error          // why it was not
}

func rowID(r row) string { return r.Name + " " + r.PortID + " " + r.FixedIP.String() }

// Screen is the list. Make one with New.
type Screen struct {
	list     *widget.List[row]
	keys     keys
	readOnly string // why nothing can be changed, or ""
	snapshot views.SnapshotMsg
	page     page
	width    int

	traffic views.Traffic
	schemes []scheme.Scheme
	counts  publish.Capacities
	found   publish.ByHand   // on the gateway in use
	filled  publish.Capacity // of the gateway in use; without a total while it is not known
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// New returns the empty list. In a read-only console nothing can be repaired or adopted.
func New(readOnly bool) *Screen {
	s := &Screen{keys: newKeys(), readOnly: views.StartedReadOnly(readOnly), page: newPage()}
	s.list = widget.NewList(widget.NewTable(rowID, s.columns()...), "gateway", "gateways")
	s.list.Keys.NoMarks() // nothing here is done to several
	return s
}

func (s *Screen) columns() []widget.Column[row] {
	dim := func(text func(row) string) func(row, *themes.Styles, int) widget.Spans {
		return func(r row, st *themes.Styles, _ int) widget.Spans {
			return widget.Spans{{Text: text(r), Style: st.Dim}}
		}
	}
	fixed := func(r row) string { return address(r.FixedIP.String(), r.FixedIP.IsValid()) }
	return []widget.Column[row]{
		{Title: "NAME", Min: 8, Max: 28, Text: func(r row) string { return r.Name }},
		{Title: "FLOATING IP", Priority: 1, Text: func(r row) string { return address(r.FloatingIP.String(), r.FloatingIP.IsValid()) }},
		{Title: "FIXED IP", Priority: 4, Text: fixed, Cell: dim(fixed)},
		{
			Title: "STATE", Max: 30, Text: func(r row) string { return health(r, plain).Text() },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return health(r, st) },
		},
		{Title: "FORWARDS", Priority: 2, Right: true, Text: forwards},
		{Title: "PORTS", Priority: 5, Right: true, Sparse: true, Min: 18, Max: 22, Text: s.ports, Cell: s.portsCell},
		{Title: "TRAFFIC", Priority: 6, Right: true, Sparse: true, Min: 9, Max: 9, Text: s.rate, Watch: func(row) string { return "" }},
		{Title: "DRIFT", Min: 16, Want: 16, Grow: true, Priority: 3, Text: func(r row) string { return drift(r, plain).Text() }, Cell: func(r row, st *themes.Styles, _ int) widget.Spans { return drift(r, st) }},
	}
}

// plain are the styles for text that is only searched.
var plain = &themes.Styles{}

func address(text string, known bool) string {
	if !known {
		return "-"
	}
	return text
}

// health is a glyph and a word; what needs a look comes first.
func health(r row, st *themes.Styles) widget.Spans {
	say := func(glyph, word string, style, text lipgloss.Style) widget.Spans {
		return widget.Spans{{Text: glyph + " ", Style: style}, {Text: word, Style: text}}
	}
	switch {
	case !r.chosen:
		return say("○", "not in use", st.Dim, st.Dim)
	case r.err != nil && r.state != nil:
		return say("✗", "no answer any more", st.Bad, st.Bad)
	case r.err != nil:
		return say("✗", "not reached", st.Bad, st.Bad)
	case r.state == nil:
		return say("◐", "asking", st.Dim, st.Dim)
	case r.state.Armed != nil:
		return say("◐", "being changed", st.Warn, st.Text)
	case len(r.state.RolledBack) > 0:
		return say("⚠", "took a change back", st.Warn, st.Text)
	}
	for _, f := range r.state.Facts {
		switch {
		case f.OK:
		case f.Name == "drift": // it has a column of its own
			return say("◐", "drifted", st.Warn, st.Text)
		default:
			return say("◐", f.Name+" "+f.Value, st.Warn, st.Text)
		}
	}
	return say("●", "ready", st.Good, st.Text)
}

func forwards(r row) string {
	if r.state == nil {
		return ""
	}
	return fmt.Sprint(len(r.state.Forwards))
}

// drift counts what of ours has drifted, and what was made by hand.
func drift(r row, st *themes.Styles) widget.Spans {
	if r.state == nil {
		return nil
	}
	ours, foreign, wrong := count(r.state.Drift)
	var out widget.Spans
	if wrong > 0 {
		out = append(out, widget.Span{Text: fmt.Sprintf("✗ %d reused", wrong), Style: st.Bad})
	}
	if ours > 0 {
		if len(out) > 0 {
			out = append(out, widget.Span{Text: ", ", Style: st.Dim})
		}
		out = append(out, widget.Span{Text: fmt.Sprintf("%d own", ours), Style: st.Warn})
	}
	if foreign > 0 {
		if len(out) > 0 {
			out = append(out, widget.Span{Text: ", ", Style: st.Dim})
		}
		out = append(out, widget.Span{Text: fmt.Sprintf("%d by hand", foreign), Style: st.Text})
	}
	if len(out) == 0 {
		return widget.Spans{{Text: "none", Style: st.Dim}}
	}
	return out
}

// count parts drift into what is Portico's own, what was made by hand, and forwards that lead to another
// instance than they were made for.
func count(ds []gateway.Drift) (ours, foreign, wrong int) {
	for _, d := range ds {
		switch d.Kind {
		case gateway.Foreign:
			foreign++
		case gateway.Reused:
			wrong++
		case gateway.Gone, gateway.Missing, gateway.Strange:
			ours++
		}
	}
	return ours, foreign, wrong
}

// Title names the screen.
func (s *Screen) Title() string { return "Gateways" }

// Typing reports whether a filter takes all keys.
func (s *Screen) Typing() bool {
	if s.Nested() {
		return s.page.list.Typing()
	}
	return s.list.Typing()
}

// Nested reports whether the page of one gateway is open over the list.
func (s *Screen) Nested() bool { return s.page.id != "" }

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SchemesMsg:
		s.schemes = msg.Schemes
		return s, nil
	case views.SnapshotMsg:
		s.readOnly = cmp.Or(msg.ReadOnly, s.readOnly)
		s.snapshot = msg
		s.traffic.Take(msg)
		s.filled, _ = s.counts.Of(msg.Snapshot, s.schemes)
		s.found = publish.ByHandOf(msg.Snapshot, s.schemes)
		s.list.SetRows(rows(msg))
		s.fillPage()
		return s, nil
	case views.SizeMsg:
		s.width = msg.Width
		s.list.Resize(s.listHeight(msg.Width, msg.Height))
		s.list.SetRows(rows(s.snapshot))
		return s, nil
	}
	k, isKey := msg.(tea.KeyPressMsg)
	list := s.list.Update
	if s.Nested() {
		list = s.page.list.Update
	}
	switch {
	case list(msg) || !isKey:
	case s.Nested():
		return s, s.pressPage(k)
	case s.guided():
		return s, s.pressGuide(k)
	default:
		return s, s.press(k)
	}
	return s, nil
}

// rows lists the gateways. The one in use is among them even when the project's list lacks it.
func rows(m views.SnapshotMsg) []row {
	all := m.Gateways
	chosen := func(g gateway.Gateway) bool {
		return m.Snapshot.HasGateway() && g.PortID == m.Snapshot.Gateway.PortID && g.FixedIP == m.Snapshot.Gateway.FixedIP
	}
	out := make([]row, 0, len(all)+1)
	found := false
	for _, g := range all {
		r := row{Gateway: g}
		if chosen(g) {
			found, r = true, current(m)
		}
		out = append(out, r)
	}
	if !found && m.Snapshot.HasGateway() {
		out = append([]row{current(m)}, out...)
	}
	for i := range out {
		out[i].Name = cloud.Clean(out[i].Name)
	}
	return out
}

func current(m views.SnapshotMsg) row {
	return row{Gateway: m.Snapshot.Gateway, chosen: true, state: m.Snapshot.State, err: m.GatewayErr}
}

// listHeight is the room for the list: with the detail below it, as much as its rows need.
func (s *Screen) listHeight(width, height int) int {
	const least, rest = 7, 8 // of the detail
	if width >= detailFrom || height < least+rest {
		return height
	}
	return min(max(s.list.Len()+3, 4), height-rest)
}

// View draws the list and the gateway under the cursor, or that gateway's page.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	if s.guided() {
		return s.guide().View(f.Styles, f.Width, f.Height)
	}
	r, ok := s.list.Current()
	if ok && s.Nested() {
		return s.viewPage(r, f)
	}
	h := s.listHeight(f.Width, f.Height)
	if !ok || h == f.Height && f.Width < detailFrom {
		return s.list.View(f.Styles, f.Width, f.Height, s.empty())
	}
	if f.Width >= detailFrom {
		left := f.Width - detailWidth - 4
		return widget.Beside(f.Styles, s.list.View(f.Styles, left-1, f.Height, s.empty()), s.detail(r, f, detailWidth, f.Height), left, f.Height)
	}
	inner := f.Width - 2
	return s.list.View(f.Styles, f.Width, h, s.empty()) + "\n" + indent(s.detail(r, f, inner, f.Height-h))
}

// empty says why there are no rows.
func (s *Screen) empty() string {
	switch err := s.snapshot.CloudErr; {
	case err != nil && s.snapshot.CloudAt.IsZero():
		return "what could be a gateway is not known: the cloud has not answered"
	case s.snapshot.CloudAt.IsZero():
		return "asking the cloud…"
	}
	return "no instance of this project has a floating IP; one that has can be the gateway"
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.Typing() {
		if s.Nested() {
			return s.page.list.TypingKeys()
		}
		return s.list.TypingKeys()
	}
	if s.guided() {
		return s.guideKeys()
	}
	k := s.keys
	r, ok := s.list.Current()
	state := r.state != nil && s.readOnly == ""
	k.Open.SetEnabled(ok && r.chosen)
	k.Diagnose.SetEnabled(ok)
	k.Repair.SetEnabled(state)
	k.Prepare.SetEnabled(state && !r.state.Prepared)
	k.Retire.SetEnabled(state)
	k.Create.SetEnabled(s.readOnly == "" && !s.snapshot.CloudAt.IsZero())
	k.Adopt.SetEnabled(state && adoptable(r.state.Drift) > 0)
	k.Import.SetEnabled(state && s.importable())
	k.Ports.SetEnabled(ok && r.chosen)
	k.list = s.list.Keys
	if s.Nested() {
		return s.pageKeys(k)
	}
	return k
}

// clock is a time of day as the operator's clock shows it.
func clock(at, now time.Time) string { return at.In(now.Location()).Format(time.TimeOnly) }
