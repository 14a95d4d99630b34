package widget

import (
	"math"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Scroll is which lines of a page are in sight. A page is drawn with Fit, and moved by Press.
type Scroll struct {
	Top   int  // the first line in sight, from 0
	Whole bool // all lines were in sight when it was last drawn

	height int
}

// Fit tells how many lines there are and how many have room, and returns the first and the end of
// those to draw.
func (s *Scroll) Fit(lines, height int) (from, to int) {
	s.height, s.Whole = max(1, height), lines <= height
	s.Top = max(0, min(s.Top, lines-s.height))
	return s.Top, min(lines, s.Top+s.height)
}

// Press moves by the keys of a table; it reports whether the key was for it. How far it can go is
// known when it is drawn.
func (s *Scroll) Press(k TableKeys, msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, k.Up):
		s.Top--
	case key.Matches(msg, k.Down):
		s.Top++
	case key.Matches(msg, k.PageUp):
		s.Top -= s.height
	case key.Matches(msg, k.PageDown):
		s.Top += s.height
	case key.Matches(msg, k.Home):
		s.Top = 0
	case key.Matches(msg, k.End):
		s.Top = math.MaxInt / 2
	default:
		return false
	}
	s.Top = max(0, s.Top)
	return true
}
