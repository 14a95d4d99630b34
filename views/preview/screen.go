// Package preview is the page between asking and doing: every change of a proposal, exactly as
// it will be made, and the question whether to make it.
//
//	ShowPlanMsg -> page (changes | rules | shell | openstack) --enter--> dialog, Cancel has the focus --> Apply
//	                                                          --e--> dialog, a file's name -------------> Export
//
// To withdraw, the VM's name or the number of forwards is typed.
//
// The helpers that lay out forwards, warnings and errors are used by the publish form and the
// apply screen too, so that a forward looks the same wherever it is shown.
package preview

import (
	"fmt"
	"math"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// Screen shows one proposal.
type Screen struct {
	box        string // the dialog as last drawn, and where
	boxX, boxY int

	proposal publish.Proposal
	was      *publish.Proposal // that it was made in place of: the gateway has changed since
	shown    bool              // a proposal has come
	at       page              // the one in sight
	top      int               // first line in sight
	height   int               // lines of the page in sight, as last drawn
	asking   question
	onYes    bool
	input    widget.Input // of a dialog in which something is typed

	page laidOut
}

// laidOut is the page as it was last laid out, and what for.
type laidOut struct {
	doc   *Document
	width int
	at    page
	valid bool
}

var _ views.Screen = (*Screen)(nil)

// New returns the screen without a proposal.
func New() *Screen { return &Screen{height: 10} }

// Title is the screen's name.
func (s *Screen) Title() string { return "Preview" }

// Asking reports whether the dialog is open.
func (s *Screen) Asking() bool { return s.asking != askNothing }

// Typing is true while the dialog is open: its keys are no shortcuts.
func (s *Screen) Typing() bool { return s.asking != askNothing }

// Update takes a proposal or a key.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.ShowPlanMsg:
		*s = Screen{proposal: msg.Proposal, was: msg.Was, shown: true, height: s.height}
	case tea.KeyPressMsg:
		if s.Asking() {
			return s, s.answer(msg)
		}
		return s, s.press(msg)
	case tea.PasteMsg:
		if s.asking.typed() {
			s.typeInto(msg)
		}
	case *widget.Click:
		return s, s.click(msg)
	}
	return s, nil
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	has := !s.proposal.Plan.Empty()
	switch {
	case key.Matches(msg, k.back):
		return views.Back{}
	case s.moved(msg, k):
	case !has && key.Matches(msg, k.apply):
		return views.Tell{Text: "no changes: all of this already stands"}
	case !has:
	case key.Matches(msg, k.apply):
		s.open(askApply)
		if word(s.proposal) != "" {
			s.open(askTyped)
		}
	case key.Matches(msg, k.pages):
		s.at, s.top = (s.at+1)%page(len(pages)), 0
	case key.Matches(msg, k.pageBefore):
		s.at, s.top = (s.at+page(len(pages))-1)%page(len(pages)), 0
	case key.Matches(msg, k.copy):
		return views.CopyText{Text: textOf(s.proposal, s.at), What: pages[s.at].what}
	case key.Matches(msg, k.export):
		s.open(askFile)
	}
	return nil
}

// moved moves within the page, and reports whether the key was for that.
func (s *Screen) moved(msg tea.KeyPressMsg, k keyMap) bool {
	switch {
	case key.Matches(msg, k.up):
		s.scroll(-1)
	case key.Matches(msg, k.down):
		s.scroll(1)
	case key.Matches(msg, k.pageUp):
		s.scroll(-s.height)
	case key.Matches(msg, k.pageDown):
		s.scroll(s.height)
	case key.Matches(msg, k.top):
		s.top = 0
	case key.Matches(msg, k.bottom):
		s.top = math.MaxInt / 2
	default:
		return false
	}
	return true
}

// scroll moves the page; how far it can go is known when it is drawn.
func (s *Screen) scroll(by int) { s.top = max(0, s.top+by) }

// View draws the proposal.
func (s *Screen) View(f views.Frame) string {
	switch {
	case f.Width < 4 || f.Height < 1:
		return widget.Lines("", f.Width, f.Height)
	case !s.shown:
		return widget.Lines("\n "+widget.Paint(f.Styles.Dim, "nothing to preview yet: publish or withdraw an instance first"), f.Width, f.Height)
	case s.proposal.Plan.Empty():
		return s.viewNoChanges(f)
	}
	body := s.viewPage(f)
	if s.Asking() {
		s.box = s.dialog().View(f.Styles, f.Width, f.Height)
		s.boxX, s.boxY = widget.Centred(s.box, f.Width, f.Height)
		body = widget.Lines(widget.Over(body, s.box, f.Width, f.Height), f.Width, f.Height)
	}
	return body
}

// Below this height the blank line below the heading is worth more as a line of the page.
const roomy = 14

func (s *Screen) viewPage(f views.Frame) string {
	st, inner := f.Styles, f.Width-2
	head := []string{s.heading(inner, st), s.tabs(inner, st)}
	if f.Height >= roomy {
		head = append(head, "")
	}
	s.height = max(1, f.Height-len(head)-1)
	doc := s.laidOut(inner, st)
	s.top = max(0, min(s.top, doc.Len()-s.height))
	last := min(doc.Len(), s.top+s.height)
	head = append(head, doc.Draw(s.top, s.height, st)...)
	for len(head) < f.Height-1 {
		head = append(head, "")
	}
	head = append(head, s.foot(last, doc.Len(), inner, st))
	return widget.Lines(" "+strings.Join(head, "\n "), f.Width, f.Height)
}

func (s *Screen) laidOut(width int, st *themes.Styles) *Document {
	if p := s.page; p.valid && p.width == width && p.at == s.at {
		return p.doc
	}
	doc := layoutChanges(s.proposal, s.was, width, st)
	if s.at != pageChanges {
		doc = layoutText(s.proposal, s.at, width)
	}
	s.page = laidOut{doc: doc, width: width, at: s.at, valid: true}
	return doc
}

func (s *Screen) heading(width int, st *themes.Styles) string {
	return HeadingOf(s.proposal, width, st)
}

func (s *Screen) foot(last, total, width int, st *themes.Styles) string {
	left := Untouched(s.proposal.Plan.Warnings, st)
	var right widget.Spans
	if total > s.height {
		right = widget.Spans{{Text: fmt.Sprintf("%d-%d of %d", s.top+1, last, total), Style: st.Dim}}
		if last < total {
			right = append(right, widget.Span{Text: " ▼", Style: st.Accent})
		}
	}
	return HeadingWith(left, right, width, st)
}

func (s *Screen) viewNoChanges(f views.Frame) string {
	st, inner := f.Styles, f.Width-2
	out := []string{s.heading(inner, st), ""}
	what := "all of this already stands"
	switch Verb(s.proposal) {
	case "Withdraw":
		what = "there is nothing to withdraw"
	case "Repair":
		what = "what stands is as plans left it"
	case "Prepare":
		what = "it is prepared already"
	case "Retire":
		what = "nothing of Portico's is there"
	}
	if s.was != nil {
		d := NewDocument(inner)
		d.difference(*s.was, s.proposal, st)
		out = append(append(out, d.Draw(0, d.Len(), st)...), "")
	}
	line := widget.Spans{{Text: "✓ ", Style: st.Good}, {Text: "No changes", Style: st.Strong}}
	if said := append(line, widget.Span{Text: ": " + what, Style: st.Text}); said.Width() <= inner {
		line = said
	}
	out = append(out, line.Render(st, false), "")
	for _, w := range s.proposal.Plan.Warnings {
		out = append(out, Note(w.Title, w.Detail, inner, st)...)
	}
	head, rows := Forwards(s.proposal.Items, inner, st)
	if len(rows) > 0 {
		out = append(append(out, head), rows...)
	}
	s.height = max(1, f.Height-2)
	s.top = max(0, min(s.top, len(out)-f.Height))
	out = append(out[:2:2], out[2+s.top:]...)
	return widget.Lines(" "+strings.Join(out, "\n "), f.Width, f.Height)
}
