package gateways

import "portico/views"

// create opens the form for a gateway from nothing.
func (s *Screen) create() views.Intent {
	switch {
	case s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case s.snapshot.CloudAt.IsZero():
		return views.Tell{Text: "the project is not known yet"}
	}
	return views.OpenCreate{}
}
