package publish

import (
	"net/netip"

	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// byScheme reports whether a scheme with a name is chosen, and neither ports nor a formula of one's own.
func (s *Screen) byScheme() bool { return !s.ownPorts && !s.ownFormula }

// onFormula reports whether the focus is on the formula, or on the name to save it by.
func (s *Screen) onFormula() bool {
	return s.ownFormula && (s.focus.kind == fieldFormula || s.focus.kind == fieldName)
}

// tryFormula reads the formula for the services as they are chosen now, and asks what it gives in the
// widest of the instances' subnets.
func (s *Screen) tryFormula() views.Intent {
	if !s.ownFormula {
		return nil
	}
	s.formula.Read(s.wanted(), s.catalogue)
	var widest netip.Prefix
	for _, id := range s.instances {
		if n := s.places[id].subnet; n.IsValid() && (!widest.IsValid() || n.Bits() < widest.Bits()) {
			widest = n
		}
	}
	return s.formula.Ask(widest)
}

// formulaLines is what is known of the formula, below it.
func (s *Screen) formulaLines(width int, st *themes.Styles) []string {
	indent := s.labels(width) + 6
	var out []string
	for _, l := range s.formula.Lines(width-indent, st) {
		out = append(out, s.line("", field{kind: -1}, widget.Spans{{Text: "    "}}, width, st)+l)
	}
	return out
}

// schemeName is what to call a scheme in a sentence.
func schemeName(sch scheme.Scheme) string {
	if sch.Name == publish.OwnScheme {
		return "the formula"
	}
	return sch.Name
}
