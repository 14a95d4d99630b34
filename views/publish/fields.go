package publish

import (
	tea "charm.land/bubbletea/v2"

	"portico/views/widget"
)

// kind is what a place of the form is.
type kind int

const (
	fieldService kind = iota // a checkbox
	fieldOwn                 // a text
	fieldScheme              // a radio button
	fieldAnywhere
	fieldOnly // a text, and the other radio button of the sources
)

// field is one place that can have the focus; index tells services and schemes apart.
type field struct {
	kind  kind
	index int
}

// text reports whether the field takes what is typed.
func (f field) text() bool { return f.kind == fieldOwn || f.kind == fieldOnly }

// fields lists the form's places in the order of tab.
func (s *Screen) fields() []field {
	out := make([]field, 0, len(s.services)+len(s.schemes)+3)
	for i := range s.services {
		out = append(out, field{fieldService, i})
	}
	out = append(out, field{kind: fieldOwn})
	for i := range s.schemes {
		out = append(out, field{fieldScheme, i})
	}
	return append(out, field{kind: fieldAnywhere}, field{kind: fieldOnly})
}

// move puts the focus on the next or previous field, round the ends.
func (s *Screen) move(by int) {
	all := s.fields()
	for i, f := range all {
		if f == s.focus {
			s.focus = all[(i+by+len(all))%len(all)]
			return
		}
	}
	s.focus = all[0]
}

// toggle presses the field under the focus and reports whether the form is another one now.
func (s *Screen) toggle() bool {
	switch s.focus.kind {
	case fieldService:
		c := &s.services[s.focus.index]
		c.on = !c.on
		return true
	case fieldScheme:
		was := s.scheme
		s.scheme = s.schemes[s.focus.index].Name
		return s.scheme != was
	case fieldAnywhere:
		was := s.anywhere
		s.anywhere, s.sourcesTouched = true, true
		return !was
	case fieldOwn, fieldOnly:
	}
	return false
}

// input is the text under the focus, nil when it is none.
func (s *Screen) input() *widget.Input {
	switch s.focus.kind {
	case fieldOwn:
		return &s.own
	case fieldOnly:
		return &s.only
	case fieldService, fieldScheme, fieldAnywhere:
	}
	return nil
}

// edit hands a key or a paste to the text under the focus and reports whether the form is another one now.
// Typing networks chooses them.
func (s *Screen) edit(msg tea.Msg) bool {
	in := s.input()
	if in == nil {
		return false
	}
	was := in.Value()
	in.Update(msg)
	if in.Value() == was {
		return false
	}
	if s.focus.kind == fieldOnly {
		s.anywhere, s.sourcesTouched = false, true
	}
	return true
}
