// Package forwards is the list of what is published: each public endpoint, where it leads, who may
// come in, and what the last test said.
package forwards

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// row is a forward with its instance's name.
type row struct {
	gateway.Forward
	name   string
	astray astray
}

// astray is in what way a forward leads not to what it was made for.
type astray int

const (
	ahead  astray = iota // it leads there
	gone                 // the instance is no longer there
	moved                // the instance has another address
	reused               // it leads to another instance
)

func rowID(r row) string { return views.ForwardRow(r.Forward) }

// Screen is the list. Make one with New.
type Screen struct {
	list     *widget.List[row]
	keys     keys
	readOnly string // why nothing can be changed, or ""
	snapshot views.SnapshotMsg
	tests    views.Tests
	traffic  views.Traffic
	now      time.Time // of the frame
	roomy    bool      // there is room for long words
	height   int       // of the frames to come
}

// roomyWidth is the width from which a longer word costs no column.
const roomyWidth = 100

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
)

// New returns the empty list. In a read-only console nothing can be withdrawn.
func New(readOnly bool) *Screen {
	s := &Screen{keys: newKeys(), readOnly: views.StartedReadOnly(readOnly)}
	s.list = widget.NewList(widget.NewTable(rowID, s.columns()...), "forward", "forwards")
	s.list.SortBy(0, false)
	return s
}

func (s *Screen) columns() []widget.Column[row] {
	dim := func(text func(row) string) func(row, *themes.Styles, int) widget.Spans {
		return func(r row, st *themes.Styles, _ int) widget.Spans {
			return widget.Spans{{Text: text(r), Style: st.Dim}}
		}
	}
	private := func(r row) string { return r.PrivateText() }
	out := []widget.Column[row]{
		{
			Title: "PUBLIC", Also: "port", Compare: func(a, b row) int { return a.Public.Compare(b.Public) }, Text: func(r row) string { return r.PublicText() },
			Cell: func(r row, st *themes.Styles, _ int) widget.Spans {
				return widget.Spans{{Text: r.Public.Addr().String() + ":", Style: st.Dim}, {Text: r.PublicPorts(), Style: st.Strong}}
			},
		},
		{Title: "PRIVATE", Priority: 4, Text: private, Cell: dim(private), Compare: func(a, b row) int { return a.Private.Compare(b.Private) }},
		{Title: "SERVICE", Max: 16, Priority: 2, Text: service},
		{
			Title: "INSTANCE", Min: 12, Max: 28, Text: func(r row) string { return instance(r, plain).Text() },
			Compare: func(a, b row) int { return strings.Compare(a.name, b.name) },
			Cell:    func(r row, st *themes.Styles, _ int) widget.Spans { return instance(r, st) },
		},
		{Title: "FROM", Max: 20, Priority: 3, Text: s.sources, Cell: dim(s.sources)},
	}
	return append(append(out, s.trafficColumns()...), widget.Column[row]{
		Title: "TEST", Min: 11, Want: 11, Grow: true, Priority: 1, Compare: s.byTest,
		Text: func(r row) string { w, _ := s.tests.Word(r.Key(), plain, false); return w },
		Cell: s.testCell,
	})
}

// instance is whose forward it is, and in which way it leads not there.
func instance(r row, st *themes.Styles) widget.Spans {
	switch r.astray {
	case gone:
		return widget.Spans{{Text: "gone: ", Style: st.Warn}, {Text: r.name, Style: st.Dim}}
	case moved:
		return widget.Spans{{Text: "moved: ", Style: st.Warn}, {Text: r.name, Style: st.Text}}
	case reused:
		return widget.Spans{{Text: "✗ reused: ", Style: st.Bad}, {Text: r.name, Style: st.Text}}
	case ahead:
	}
	return widget.Spans{{Text: r.name, Style: st.Text}}
}

// plain are the styles for text that is only searched.
var plain = &themes.Styles{}

// service is the name; one that is not TCP says so.
func service(r row) string {
	if r.Service.Protocol == gateway.UDP {
		return r.Service.Name + " udp"
	}
	return r.Service.Name
}

func (s *Screen) sources(r row) string {
	switch {
	case len(r.Sources) == 0 && s.roomy:
		return "anywhere"
	case len(r.Sources) == 0:
		return "any"
	}
	out := make([]string, len(r.Sources))
	for i, p := range r.Sources {
		out[i] = p.String()
	}
	return strings.Join(out, ", ")
}

func (s *Screen) testCell(r row, st *themes.Styles, width int) widget.Spans {
	word, style := s.tests.Word(r.Key(), st, false)
	line := widget.Spans{{Text: word, Style: style}}
	if res, ok, running := s.tests.Of(r.Key()); ok && !running && res.Detail != "" && width > widget.Width(word)+8 {
		line = append(line, widget.Span{Text: "  " + res.Detail, Style: st.Dim})
	}
	return line
}

// Title names the screen.
func (s *Screen) Title() string { return "Forwards" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.readOnly = cmp.Or(msg.ReadOnly, s.readOnly)
		s.snapshot = msg
		s.traffic.Take(msg)
		s.tests.Keep(msg)
		s.resize()
		s.list.Refresh(rows(msg.Snapshot), msg.At())
	case views.FindMsg:
		s.list.Find(msg.Row)
	case views.SizeMsg:
		s.height = msg.Height
		s.resize()
		s.roomy = msg.Width >= roomyWidth
		s.list.SetRows(rows(s.snapshot.Snapshot))
	default:
		s.traffic.Test(msg)
		if s.tests.Take(msg) {
			s.list.Touch()
		}
		if !s.list.Update(msg) {
			if k, ok := msg.(tea.KeyPressMsg); ok {
				return s, s.act(k)
			}
		}
	}
	return s, nil
}

func rows(s publish.Snapshot) []row {
	forwards := s.Forwards()
	if len(forwards) == 0 {
		return nil
	}
	names := make(map[string]string, len(s.Inventory.Instances))
	for _, i := range s.Inventory.Instances {
		names[i.ID] = i.Name
	}
	wrong := map[gateway.Key]bool{}
	strays := map[gateway.Key]bool{}
	for _, d := range s.Drift() {
		if d.Forward != nil && (d.Kind == gateway.Gone || d.Kind == gateway.Reused) {
			strays[d.Forward.Key()], wrong[d.Forward.Key()] = true, d.Kind == gateway.Reused
		}
	}
	out := make([]row, len(forwards))
	for n, f := range forwards {
		name, ok := names[f.Instance]
		if !ok {
			name = f.Instance
		}
		if f.Subnet != "" && !ok {
			name, ok = "no VM yet, "+publish.SubnetName(s.Inventory, f.Subnet), true
		}
		out[n] = row{Forward: f, name: name}
		switch key := f.Key(); {
		case wrong[key]:
			out[n].astray = reused
		case !ok:
			out[n].astray = gone
		case strays[key]:
			out[n].astray = moved
		}
	}
	return out
}

// View draws the list.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	s.now = f.Now
	note := s.drift(f)
	body := s.list.ViewAt(f.Now, f.Styles, f.Width, f.Height-len(note), s.empty())
	return strings.Join(append([]string{body}, note...), "\n")
}

// drift says below the list that there is more on the gateway than forwards of Portico's: they are
// not mixed in, and have a screen of their own. A low terminal has no room for it.
func (s *Screen) drift(f views.Frame) []string {
	if !s.drifted(f.Height) {
		return nil
	}
	of := map[gateway.DriftKind]int{}
	for _, d := range s.snapshot.Snapshot.Drift() {
		of[d.Kind]++
	}
	keys, st := s.snapshot.Keys, f.Styles
	line := widget.Spans{{Text: " besides: ", Style: st.Dim}}
	if of[gateway.Foreign]+of[gateway.Strange]+of[gateway.Missing] == 0 {
		line[0].Text = " "
	}
	next, where := "", keys.Of("gateways")
	add := func(n int, what string, ink lipgloss.Style) {
		if n == 0 {
			return
		}
		if len(line) > 1 {
			line = append(line, widget.Span{Text: ", ", Style: st.Dim})
		}
		line = append(line, widget.Span{Text: fmt.Sprintf(what, n), Style: ink})
	}
	add(of[gateway.Reused], "✗ %d reused: another VM is reached", st.Bad)
	add(of[gateway.Gone], "%d leading to nobody", st.Warn)
	if len(line) > 1 {
		next = "; " + keys.Of("sync") + " syncs"
	}
	add(of[gateway.Foreign], "%d made by hand", st.Warn)
	add(of[gateway.Strange]+of[gateway.Missing], "%d not as plans left it", st.Warn)
	if line[0].Text != " " {
		next += "; press " + where
	}
	line = append(line, widget.Span{Text: next, Style: st.Dim})
	return []string{line.Cut(f.Width).Render(st, false)}
}

// driftFrom is the height from which a line for what has drifted costs no forward's line.
const driftFrom = 6

func (s *Screen) drifted(height int) bool {
	return height >= driftFrom && len(s.snapshot.Snapshot.Drift()) > 0
}

// resize tells the list its height.
func (s *Screen) resize() {
	h := s.height
	if s.drifted(h) {
		h--
	}
	s.list.Resize(h)
}

func (s *Screen) empty() string {
	return s.snapshot.WhyNone("nothing is published yet; choose instances on "+s.snapshot.Keys.Of("instances")+" and press "+s.snapshot.Keys.Of("publish"),
		"there is no gateway yet, so nothing is published")
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.list.Typing() {
		return s.list.TypingKeys()
	}
	k := s.keys
	r, ok := s.list.Current()
	k.Copy.SetEnabled(ok)
	k.CopyMore.SetEnabled(ok)
	if ok && !r.Service.IsSSH() {
		k.Copy.SetHelp("y", "copy address")
	}
	k.Test.SetEnabled(ok)
	k.Withdraw.SetEnabled(ok && s.readOnly == "")
	k.Move.SetEnabled(ok && s.readOnly == "")
	k.list = s.list.Keys
	return k
}
