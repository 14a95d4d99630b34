package gateways

import (
	"charm.land/lipgloss/v2"

	"portico/gateway/publish"
)

// capacity is how full the scheme is that the gateway in use works by.
func (s *Screen) capacity(r row) (publish.Capacity, bool) {
	if !r.chosen || r.state == nil {
		return publish.Capacity{}, false
	}
	return s.filled, s.filled.Total > 0
}

// nearlyFull is the part of something from which on it is worth a second look.
const nearlyFull = 0.9

func fillStyle(used, total int, calm, warn lipgloss.Style) lipgloss.Style {
	if float64(used) > nearlyFull*float64(total) {
		return warn
	}
	return calm
}
