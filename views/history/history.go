// Package history is the list of what was applied: when, by whom, and how it ended, and each apply
// again as the diff it was.
//
//	HistoryMsg -> list, beside it the record under the cursor --enter--> page of its changes
package history

import (
	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"portico/gateway/history"
	"portico/views"
	"portico/views/preview"
	"portico/views/widget"
)

// detailFrom is the width from which there is room for the detail pane, detailWidth what it takes.
const (
	detailFrom  = 120
	detailWidth = 44
)

// roomyWidth is the width from which a longer word costs no column.
const roomyWidth = 60

type row = history.Record

// Screen is the list. Make one with New.
type Screen struct {
	list  *widget.List[row]
	keys  keys
	own   views.Keys // that the operator has bound
	news  views.HistoryMsg
	page  page
	roomy bool // there is room for long words
	mute  bool // the cloud has not answered yet, and that is an error
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// New returns the empty list.
func New() *Screen {
	s := &Screen{keys: newKeys(), roomy: true}
	s.list = widget.NewList(widget.NewTable(func(r row) string { return r.ID }, s.columns()...), "record", "records")
	s.list.SortBy(0, true)
	s.list.Keys.NoMarks() // nothing here is done to several
	return s
}

// Title names the screen.
func (s *Screen) Title() string { return "History" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Nested reports whether the page of one record is open over the list.
func (s *Screen) Nested() bool { return s.page.id != "" }

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.HistoryMsg:
		if msg.Err != nil && len(msg.Records) == 0 {
			msg.Records = s.news.Records // what was last known stays
		}
		s.news = msg
		s.list.SetRows(msg.Records)
		if r, ok := s.list.Current(); s.Nested() && (!ok || r.ID != s.page.id) {
			s.page = page{} // the record is gone
		}
		s.page.doc = nil
	case views.SnapshotMsg:
		s.own = msg.Keys
		s.mute = msg.CloudErr != nil && msg.CloudAt.IsZero()
	case views.SizeMsg:
		s.list.Resize(msg.Height)
		s.roomy = msg.Width >= roomyWidth
		s.list.SetRows(s.news.Records)
	default:
		if k, ok := msg.(tea.KeyPressMsg); ok && s.Nested() {
			return s, s.pressPage(k)
		}
		if !s.list.Update(msg) {
			if k, ok := msg.(tea.KeyPressMsg); ok {
				return s, s.act(k)
			}
		}
	}
	return s, nil
}

// View draws the list, and beside it the record under the cursor.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	r, ok := s.list.Current()
	if ok && s.Nested() {
		return s.viewPage(r, f)
	}
	note := s.note(f)
	f.Height -= len(note)
	body := s.viewList(r, ok, f)
	for i := len(note) - 1; i >= 0; i-- {
		body = note[i] + "\n" + body
	}
	return body
}

func (s *Screen) viewList(r row, ok bool, f views.Frame) string {
	if !ok || f.Width < detailFrom {
		return s.list.View(f.Styles, f.Width, f.Height, s.empty())
	}
	left := f.Width - detailWidth - 4
	table := s.list.View(f.Styles, left-1, f.Height, s.empty())
	return widget.Beside(f.Styles, table, s.detail(r, f, detailWidth), left, f.Height)
}

// note says above the list what of the history could not be read. A low terminal has no room for it.
func (s *Screen) note(f views.Frame) []string {
	const lowest = 8
	most := 3
	if f.Height >= 10 {
		most = 4
	}
	if s.news.Err == nil || f.Height < lowest {
		return nil
	}
	x := views.Explain(s.news.Err)
	title := "not all of the history could be read"
	if len(s.news.Records) == 0 {
		title = "the history could not be read"
	}
	lines := preview.Note(title, x.What+": "+x.Why, f.Width-2, f.Styles)
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	if len(lines) > most { // it goes on
		lines = append(lines[:most-1], " "+widget.Paint(f.Styles.Dim, widget.Truncate(ansi.Strip(lines[most-1])+widget.Ellipsis, f.Width-2)))
	}
	return append(lines, "")
}

// empty says why there are no rows.
func (s *Screen) empty() string {
	switch {
	case s.news.At.IsZero() && s.mute:
		return "whose history it is will be known when the cloud has answered"
	case s.news.At.IsZero():
		return "reading the history…"
	case s.news.Err != nil:
		return "what was applied is not known; " + s.own.Of("refresh") + " tries again"
	case !s.roomy:
		return "nothing was applied yet"
	}
	return "nothing was applied yet; publishing and withdrawing will be listed here"
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.list.Typing() {
		return s.list.TypingKeys()
	}
	k := s.keys
	_, ok := s.list.Current()
	k.Open.SetEnabled(ok)
	k.Copy.SetEnabled(ok)
	k.list = s.list.Keys
	if s.Nested() {
		return pageKeys{keys: k, scroll: !s.page.Whole}
	}
	return k
}
