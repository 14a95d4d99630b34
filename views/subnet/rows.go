package subnet

import (
	"slices"

	"portico/gateway"
	"portico/views"
	"portico/views/widget"
)

// kind is what a row of the form is about.
type kind int

const (
	rowSubnet kind = iota
	rowWhat
	rowService
	rowScheme
	rowFormula // a text, where a formula is chosen
	rowName    // a text: by which name to save it
	rowFrom    // a text
)

// row is one row of the form; service tells those of the services apart.
type row struct {
	kind    kind
	service int
}

// rows lists the rows from top to bottom.
func (s *Screen) rows() []row {
	out := []row{{kind: rowSubnet}, {kind: rowWhat}}
	for i := range s.services {
		out = append(out, row{rowService, i})
	}
	out = append(out, row{kind: rowScheme})
	if s.own() {
		out = append(out, row{kind: rowFormula}, row{kind: rowName})
	}
	return append(out, row{kind: rowFrom})
}

// at is the row that has the focus.
func (s *Screen) here() row {
	all := s.rows()
	return all[min(s.focus, len(all)-1)]
}

func (s *Screen) move(by int) { s.focus = (s.focus + by + len(s.rows())) % len(s.rows()) }

// input is the text under the focus, nil where there is none.
func (s *Screen) input() *widget.Input {
	switch s.here().kind {
	case rowFormula:
		return &s.formula.Text
	case rowName:
		return &s.formula.Name
	case rowFrom:
		return &s.from
	case rowSubnet, rowWhat, rowService, rowScheme:
	}
	return nil
}

// own reports whether a formula of one's own is chosen.
func (s *Screen) own() bool { return s.scheme == len(s.schemes)+1 }

// onFormula reports whether the focus is on the formula, or on the name to save it by.
func (s *Screen) onFormula() bool { k := s.here().kind; return k == rowFormula || k == rowName }

// wanted lists the services that are chosen.
func (s *Screen) wanted() []gateway.Service {
	var out []gateway.Service
	for _, c := range s.services {
		if c.on {
			out = append(out, c.service)
		}
	}
	return out
}

// tryFormula reads the formula for what is chosen now, and asks what it gives in the subnet.
func (s *Screen) tryFormula() views.Intent {
	at := s.at()
	if !s.own() || at < 0 {
		return nil
	}
	catalogue := make([]gateway.Service, len(s.services))
	for i, c := range s.services {
		catalogue[i] = c.service
	}
	s.formula.Read(s.wanted(), catalogue)
	return s.formula.Ask(s.subnets[at].CIDR)
}

// change takes the next value of the row in focus, or the one before.
func (s *Screen) change(step int) {
	switch r := s.here(); r.kind {
	case rowSubnet:
		if n := len(s.subnets); n > 0 {
			s.chosen = s.subnets[(s.at()+step+n)%n].ID
		}
	case rowWhat:
		s.existing = !s.existing
	case rowService:
		s.services = slices.Clone(s.services)
		s.services[r.service].on = !s.services[r.service].on
	case rowScheme:
		n := len(s.schemes) + 2
		s.scheme = (s.scheme + step + n) % n
	case rowFormula, rowName, rowFrom:
	}
}
