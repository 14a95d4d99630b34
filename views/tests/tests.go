// Package tests is the list of all forwards with what tests have said of them: tested on a beat while
// the tab is in sight, from here and, where there is trouble, from the gateway.
//
//	BeatMsg -> Watch (those that are due) -> ProbeMsg, GatewayProbeMsg -> list --enter--> page of one forward
//
// What is in sight is tested often, the rest seldom, and nothing while the tab is not shown.
package tests

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// track is what is known of one forward.
type track struct {
	here, gw record
	running  bool // a test that somebody asked for is under way
}

// row is a forward with its instance.
type row struct {
	gateway.Forward
	name  string
	state string // why it is not tested on the beat: "shut off"; "" when it is
	*track
}

func rowID(r row) string { return string(r.Service.Protocol) + " " + r.Public.String() }

// Screen is the list. Make one with New.
type Screen struct {
	above    int // lines over the list, as last drawn
	list     *widget.List[row]
	keys     keys
	snapshot views.SnapshotMsg
	tracks   map[gateway.Key]*track
	ends     map[gateway.Key]gateway.Forward // what each track is of
	paused   bool
	moved    bool // somebody has put the cursor where it is; until then it stays on what is worst
	page     page
	roomy    bool // there is room for long words
	height   int  // of the frames to come
	now      time.Time
	shuffled bool // results have come that change the order
	counts   [ranks]int
	counted  bool      // counts is of the present results
	ordered  time.Time // when it was last put right
}

// roomyWidth is the width from which a longer word costs no column.
const roomyWidth = 100

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// New returns the empty list.
func New() *Screen {
	s := &Screen{keys: newKeys(), tracks: map[gateway.Key]*track{}, ends: map[gateway.Key]gateway.Forward{}}
	s.list = widget.NewList(widget.NewTable(rowID, s.columns()...), "forward", "forwards")
	s.list.SortBy(columnHere, false)
	s.list.Keys.NoMarks() // space pauses, and t is about one
	return s
}

// Title names the screen.
func (s *Screen) Title() string { return "Tests" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Nested reports whether the page of one forward is open over the list.
func (s *Screen) Nested() bool { return s.page.id != "" }

// Update takes data, beats and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.snapshot = msg
		s.refresh()
	case views.SizeMsg:
		s.height, s.roomy = msg.Height, msg.Width >= roomyWidth
		s.list.Resize(s.height - s.noteLines(s.height))
		s.list.SetRows(s.rows())
	case views.BeatMsg:
		s.now = msg.At
		s.reorder()
		return s, s.beat(msg)
	case views.ProbeStartMsg:
		for _, k := range msg.Keys {
			if t := s.tracks[k]; t != nil {
				t.running = true
			}
		}
		s.list.Touch()
	case views.ProbeMsg:
		s.took(msg)
	case views.GatewayProbeMsg:
		if t := s.tracks[msg.Key]; t != nil {
			t.gw.add(msg.Result)
			s.list.Touch()
		}
	case *widget.Click:
		msg.Y -= s.above
		s.moved = true
		s.list.Update(msg)
	default:
		s.reorder()
		return s, s.press(msg)
	}
	return s, nil
}

// press gives a key to the page or to the list, and else acts on it.
func (s *Screen) press(msg tea.Msg) views.Intent {
	k, ok := msg.(tea.KeyPressMsg)
	if ok && s.Nested() {
		return s.pressPage(k)
	}
	s.moved = s.moved || ok
	if s.list.Update(msg) || !ok {
		return nil
	}
	return s.act(k)
}

// top keeps the cursor on the first row for as long as nobody has moved it.
func (s *Screen) top() {
	if !s.moved {
		s.list.Move(-s.list.Len())
	}
}

// took notes a result. Rows move only when one has got better or worse, not with each latency.
func (s *Screen) took(msg views.ProbeMsg) {
	t := s.tracks[msg.Key]
	if t == nil {
		return
	}
	before := t.rank()
	t.running = false
	t.here.add(msg.Result)
	s.shuffled = s.shuffled || t.rank() != before
	s.counted = s.counted && t.rank() == before
	s.list.Touch()
}

// A list of so many is put in order anew no more often than this: results come by the thousand.
const (
	manyRows  = 500
	reordered = 250 * time.Millisecond
)

// reorder gives rows their new places once results have moved them.
func (s *Screen) reorder() {
	if s.shuffled {
		s.shuffled, s.ordered = false, s.now
		s.list.SetRows(s.rows())
		s.top()
	}
}

// refresh takes over what stands. Forwards that are gone are forgotten, and one that leads elsewhere
// than before is another one; while it is not known what stands, all is kept.
func (s *Screen) refresh() {
	if state := s.snapshot.Snapshot.State; state != nil {
		stands := make(map[gateway.Key]bool, len(state.Forwards))
		for _, f := range state.Forwards {
			k := f.Key()
			stands[k] = true
			if was, ok := s.ends[k]; !ok || was.Private != f.Private || was.Instance != f.Instance {
				s.tracks[k] = &track{}
			}
			s.ends[k] = f
		}
		for k := range s.tracks {
			if !stands[k] {
				delete(s.tracks, k)
				delete(s.ends, k)
			}
		}
	}
	s.list.Resize(s.height - s.noteLines(s.height))
	s.list.Refresh(s.rows(), s.snapshot.At())
	s.top()
	if r, ok := s.list.Current(); s.Nested() && (!ok || rowID(r) != s.page.id) {
		s.page = page{} // the forward is gone
	}
}

func (s *Screen) rows() []row {
	s.counted = false
	state := s.snapshot.Snapshot.State
	if state == nil {
		return nil
	}
	inv := s.snapshot.Snapshot.Inventory
	type known struct{ name, state string }
	names := make(map[string]known, len(inv.Instances))
	for _, i := range inv.Instances {
		names[i.ID] = known{i.Name, stopped(i)}
	}
	forwards := publish.Held(state.Forwards) // of the rest, nobody is there to answer
	out := make([]row, 0, len(forwards))
	for _, f := range forwards {
		k, ok := names[f.Instance]
		if !ok {
			k = known{name: publish.InstanceName(inv, f.Instance)}
		}
		out = append(out, row{Forward: f, name: k.name, state: k.state, track: s.tracks[f.Key()]})
	}
	return out
}

// stopped says why an instance cannot answer, or "".
func stopped(i cloud.Instance) string {
	switch i.Status {
	case "ACTIVE", "":
		return ""
	case "SHUTOFF":
		return "shut off"
	}
	return strings.ToLower(strings.ReplaceAll(i.Status, "_", " "))
}

// View draws the list, or the page of one forward.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	s.now = f.Now
	if s.list.Len() < manyRows || f.Now.Sub(s.ordered) >= reordered {
		s.reorder()
	}
	if r, ok := s.list.Current(); ok && s.Nested() {
		return s.viewPage(r, f)
	}
	note := s.note(f)
	s.above = len(note)
	body := s.list.ViewAt(f.Now, f.Styles, f.Width, f.Height-len(note), s.empty())
	return strings.Join(append(note, body), "\n")
}

// noteFrom is the height from which a line for how it stands costs no forward's line.
const noteFrom = 7

// noteLines is how many lines the note takes.
func (s *Screen) noteLines(height int) int {
	switch state := s.snapshot.Snapshot.State; {
	case height < noteFrom || state == nil || len(state.Forwards) == 0:
		return 0
	case height < 16:
		return 1
	}
	return 2
}

// note says above the list how it stands, and how often it is looked at.
func (s *Screen) note(f views.Frame) []string {
	lines := s.noteLines(f.Height)
	if lines == 0 {
		return nil
	}
	st, n := f.Styles, s.count()
	left := widget.Spans{{Text: " "}}
	add := func(count int, text string, style lipgloss.Style) {
		if count > 0 {
			left = append(left, widget.Span{Text: fmt.Sprintf("%d %s", count, text), Style: style}, widget.Span{Text: "   "})
		}
	}
	add(n[rankBad], "with trouble", st.Bad)
	add(n[rankShaky], "not always", st.Warn)
	add(n[rankOff], "stopped", st.Warn)
	add(n[rankUnknown]+n[rankNever], "not known", st.Dim)
	add(n[rankGood], "fine", st.Good)
	right := widget.Spans{{Text: "every " + Span(every), Style: st.Dim}}
	if s.paused {
		right = widget.Spans{{Text: "paused", Style: st.Warn}}
	}
	room := f.Width - right.Width() - 1
	line := append(left.Cut(room-1).Fit(room, false), right...)
	return []string{line.Cut(f.Width).Render(st, false), ""}[:lines]
}

// empty says why there are no rows.
func (s *Screen) empty() string {
	return s.snapshot.WhyNone("nothing is published yet, so there is nothing to test",
		"there is no gateway yet, so there is nothing to test")
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.list.Typing() {
		return s.list.TypingKeys()
	}
	k := s.keys
	r, ok := s.list.Current()
	k.Open.SetEnabled(ok)
	k.Test.SetEnabled(ok)
	k.Diagnose.SetEnabled(ok)
	k.Copy.SetEnabled(ok)
	k.CopyMore.SetEnabled(ok)
	if ok && !r.Service.IsSSH() {
		k.Copy.SetHelp("y", "copy address")
	}
	if s.paused {
		k.Pause.SetHelp("space", "go on")
	}
	k.list = s.list.Keys
	if s.Nested() {
		return pageKeys{keys: k, scroll: !s.page.Whole}
	}
	return k
}
