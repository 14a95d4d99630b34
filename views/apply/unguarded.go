package apply

import "portico/gateway/publish"

// builds reports whether a gateway is being made, which can be stopped.
func (s *Screen) builds() bool {
	return s.Running() && s.guard.Phase == publish.Building && len(s.undo) == 0
}

// unarmed says what holds while no gateway is armed: it is about to be, or none is, because none
// changes.
func (s *Screen) unarmed(width int) protection {
	short, long := "arming the gateway's rollback", "arming the gateway's rollback; nothing was changed yet"
	switch {
	case s.guard.Phase == publish.Building || s.proposal.AboutCreation():
		short, long = "esc stops it, and takes all away", "no gateway yet, so that none is armed; esc stops it and takes away what was made"
	case s.alone || s.proposal.AboutFloatingIP():
		short, long = "no rollback: undone from here", "no gateway changes, so that none is armed; what fails is undone from here"
	}
	switch {
	case s.finished:
		return nil
	case width < 76:
		return protection{{"○ ", dim}, {short, dim}}
	}
	return protection{{"○ ", dim}, {long, dim}}
}
