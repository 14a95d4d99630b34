package publish

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// kind is what a place of the form is.
type kind int

const (
	fieldService kind = iota // a checkbox
	fieldOwn                 // a text
	fieldScheme              // a radio button
	fieldFormula             // a text, and another radio button of the schemes
	fieldName                // a text: by which name to save the formula
	fieldPorts               // a text, and another radio button of the schemes
	fieldAnywhere
	fieldMe
	fieldOnly   // a text, and the last radio button of the sources
	fieldEngine // a radio button
)

// from is who may connect.
type from int

const (
	fromAnywhere from = iota
	fromMe
	fromOnly
)

// field is one place that can have the focus; index tells services and schemes apart.
type field struct {
	kind  kind
	index int
}

// text reports whether the field takes what is typed.
func (f field) text() bool {
	return f.kind == fieldOwn || f.kind == fieldOnly || f.kind == fieldPorts || f.kind == fieldFormula || f.kind == fieldName
}

// fields lists the form's places in the order of tab.
func (s *Screen) fields() []field {
	out := make([]field, 0, len(s.services)+len(s.schemes)+7)
	for i := range s.services {
		out = append(out, field{fieldService, i})
	}
	out = append(out, field{kind: fieldOwn})
	for i := range s.schemes {
		out = append(out, field{fieldScheme, i})
	}
	out = append(out, field{kind: fieldFormula})
	if s.ownFormula {
		out = append(out, field{kind: fieldName})
	}
	out = append(out, field{kind: fieldPorts}, field{kind: fieldAnywhere}, field{kind: fieldMe}, field{kind: fieldOnly})
	for i := range publish.EngineWays(s.snapshot) {
		out = append(out, field{fieldEngine, i})
	}
	return out
}

// move puts the focus on the next or previous field, round the ends. Own services are looked for when
// they have been typed.
func (s *Screen) move(by int) views.Intent {
	all, left := s.fields(), s.focus
	at := 0
	for i, f := range all {
		if f == s.focus {
			at = (i + by + len(all)) % len(all)
		}
	}
	s.focus = all[at]
	if left.kind == fieldOwn && s.survey.begun {
		return s.look(false)
	}
	return nil
}

// toggle presses the field under the focus and reports whether the form is another one now.
func (s *Screen) toggle() bool {
	switch s.focus.kind {
	case fieldService:
		c := &s.services[s.focus.index]
		c.on = !c.on
		return true
	case fieldScheme:
		return s.choose(s.schemes[s.focus.index].Name)
	case fieldAnywhere:
		return s.let(fromAnywhere)
	case fieldMe:
		return s.let(fromMe)
	case fieldEngine:
		return s.takeEngine()
	case fieldOwn, fieldFormula, fieldName, fieldPorts, fieldOnly:
	}
	return false
}

// choose takes a scheme in place of another one or of own ports.
func (s *Screen) choose(name string) bool {
	same := s.scheme == name && s.byScheme() && s.schemeTouched
	s.scheme, s.ownPorts, s.ownFormula, s.schemeTouched = name, false, false, true
	return !same
}

func (s *Screen) let(f from) bool {
	was := s.from
	s.from, s.sourcesTouched = f, true
	return s.from != was
}

// input is the text under the focus, nil when it is none.
func (s *Screen) input() *widget.Input {
	switch s.focus.kind {
	case fieldOwn:
		return &s.own
	case fieldFormula:
		return &s.formula.Text
	case fieldName:
		return &s.formula.Name
	case fieldPorts:
		return &s.ports
	case fieldOnly:
		return &s.only
	case fieldService, fieldScheme, fieldAnywhere, fieldMe, fieldEngine:
	}
	return nil
}

// edit hands a key or a paste to the text under the focus and reports whether the form is another one now.
// Typing networks or ports chooses them; without any ports the scheme is chosen again.
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
	switch s.focus.kind {
	case fieldOnly:
		s.from, s.sourcesTouched = fromOnly, true
	case fieldPorts:
		s.ownPorts = strings.TrimSpace(in.Value()) != ""
		s.ownFormula = s.ownFormula && !s.ownPorts
	case fieldFormula:
		s.ownFormula = strings.TrimSpace(in.Value()) != ""
		s.ownPorts = s.ownPorts && !s.ownFormula
	case fieldName:
		return false
	default:
	}
	return true
}
