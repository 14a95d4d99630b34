package publish

import (
	"fmt"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views/portspace"
	"portico/views/preview"
	"portico/views/widget"
)

// portMap is the gateway's public ports of a protocol, with those that are asked for.
func (s *Screen) portMap(proto gateway.Protocol) *widget.PortMap {
	m := portspace.Picture(publish.PortSpaceOf(s.snapshot, proto), s.snapshot.Gateway.Name, false)
	if s.snapshot.State == nil {
		return m
	}
	for _, a := range s.asked {
		s.markAsk(m, a, proto)
	}
	s.markRange(m, proto)
	return m
}

// markRange marks what a range would give, which only the plan knows.
func (s *Screen) markRange(m *widget.PortMap, proto gateway.Protocol) {
	if sch, _ := s.chosen(); s.ownPorts || sch.Range.IsZero() || s.answered != s.seq {
		return
	}
	for _, it := range s.proposal.Items {
		if (it.Action == plan.Create || it.Action == plan.Update) && it.Forward.Service.Protocol == proto {
			m.MarkRange(it.Forward.Public.Port(), it.Forward.PublicLast(), widget.PortAsked)
		}
	}
}

func (s *Screen) markAsk(m *widget.PortMap, a ask, proto gateway.Protocol) {
	switch {
	case a.port == 0 || a.service.Protocol != proto:
	case a.clash != "":
		m.MarkRange(a.port, a.last(), widget.PortClash)
	default:
		if _, stands := s.taken.forwards[endpoint{proto, a.port}]; !stands {
			m.MarkRange(a.port, a.last(), widget.PortAsked)
		}
	}
}

// mapProtocol is the protocol that the map is of: tcp, unless only udp is asked for.
func (s *Screen) mapProtocol() gateway.Protocol {
	for _, a := range s.asked {
		if a.service.Protocol == gateway.TCP {
			return gateway.TCP
		}
	}
	if len(s.asked) > 0 {
		return s.asked[0].service.Protocol
	}
	return gateway.TCP
}

// mapLines is the port map with its heading and what cannot be had, in at most height lines; none where
// there is too little room.
func (s *Screen) mapLines(width, height int, st *themes.Styles) []string {
	proto := s.mapProtocol()
	clashes := s.clashes(width, st)
	clashes = clashes[:min(len(clashes), max(1, height-9))]
	body := s.portMap(proto).View(st, width, height-1-len(clashes))
	if body == nil {
		return nil
	}
	head := fmt.Sprintf("public %s ports of %s", proto, publicName(s.snapshot))
	return append(append([]string{widget.Paint(st.Column, widget.Truncate(head, width))}, clashes...), body...)
}

func publicName(s publish.Snapshot) string {
	if s.Gateway.FloatingIP.IsValid() {
		return s.Gateway.FloatingIP.String()
	}
	return s.Gateway.Name
}

// clashes says of each port that is asked for and cannot be had who has it.
func (s *Screen) clashes(width int, st *themes.Styles) []string {
	var out []string
	n := 0
	for _, a := range s.asked {
		if a.clash == "" {
			continue
		}
		if n++; len(out) > 5 {
			continue
		}
		what := fmt.Sprintf("✗ %s of %s: %s", a.service.Name, a.instance, a.clash)
		if a.port != 0 {
			what = fmt.Sprintf("✗ %s for %s of %s is taken: %s", gateway.PortText(a.port, a.service.Ports()), a.service.Name, a.instance, a.clash)
		}
		out = append(out, widget.Paint(st.Bad, widget.Truncate(what, width)))
	}
	if n > len(out) {
		out = append(out, widget.Paint(st.Bad, "… "+preview.Count(n-len(out), "more port")))
	}
	return out
}

// mapPage is the map in place of the preview.
func (s *Screen) mapPage(width, height int, st *themes.Styles) []string {
	out := s.mapLines(width, height, st)
	if out == nil {
		out = append(s.clashes(width, st), widget.Paint(st.Dim, "the port map needs more room"))
	}
	if len(out) > height {
		out = out[:height]
	}
	for len(out) < height {
		out = append(out, "")
	}
	return out
}
