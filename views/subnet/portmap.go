package subnet

import (
	"fmt"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views/portspace"
	"portico/views/widget"
)

// mapHeight is how many lines the map of ports has beside the plan.
const mapHeight = 15

// under is what stands below the form, in at most room lines.
func (s *Screen) under(plan []string, width, room int, st *themes.Styles) []string {
	if s.mapping {
		if page := s.mapLines(width, room, st); page != nil {
			return page
		}
		return []string{widget.Paint(st.Dim, widget.Truncate("the port map needs more room", width))}[:min(1, max(0, room))]
	}
	if room >= mapHeight+6 {
		if page := s.mapLines(width, mapHeight, st); page != nil {
			out := append([]string{}, plan[:min(len(plan), room-len(page)-1)]...)
			for len(out) < room-len(page) {
				out = append(out, "")
			}
			return append(out, page...)
		}
	}
	return plan[:max(0, min(len(plan), room))]
}

// mapLines is the map of the gateway's ports with those that the form asks for; nil where it does not fit.
func (s *Screen) mapLines(width, height int, st *themes.Styles) []string {
	if s.snapshot.State == nil {
		return nil
	}
	proto := s.mapProtocol()
	m := portspace.Picture(publish.PortSpaceOf(s.snapshot, proto), s.snapshot.Gateway.Name, false)
	for _, mark := range s.marks {
		if mark.proto == proto {
			m.MarkRange(mark.first, mark.last, mark.use)
		}
	}
	body := m.View(st, width, height-1)
	if body == nil {
		return nil
	}
	head := fmt.Sprintf("public %s ports of %s", proto, s.snapshot.Gateway.Name)
	return append([]string{widget.Paint(st.Column, widget.Truncate(head, width))}, body...)
}

// mapProtocol is the protocol that the map is of: tcp, unless only udp is asked for.
func (s *Screen) mapProtocol() gateway.Protocol {
	all := s.wanted()
	for _, svc := range all {
		if svc.Protocol == gateway.TCP {
			return gateway.TCP
		}
	}
	if len(all) > 0 {
		return all[0].Protocol
	}
	return gateway.TCP
}

// mark is ports that the form asks for.
type mark struct {
	proto       gateway.Protocol
	first, last uint16
	use         widget.PortUse
}

// markPlan marks what a plan would make.
func markPlan(p publish.Proposal) []mark {
	var out []mark
	for _, it := range p.Items {
		if it.Action == plan.Create || it.Action == plan.Update {
			out = append(out, mark{it.Forward.Service.Protocol, it.Forward.Public.Port(), it.Forward.PublicLast(), widget.PortAsked})
		}
	}
	return out
}

// smallEnough is the largest subnet, by its bits, whose ports are worked out between two frames.
const smallEnough = 20

// markRefused marks what a scheme would have given where there is no plan, so that what collides is seen.
func (s *Screen) markRefused() []mark {
	sch, at := s.byFormula(), s.at()
	if sch == nil || at < 0 || s.subnets[at].CIDR.Bits() < smallEnough {
		return nil
	}
	entries, err := sch.Table(s.subnets[at].CIDR)
	if err != nil {
		return nil
	}
	wanted := s.wanted()
	has, given := map[gateway.Protocol]map[uint16]bool{}, map[gateway.Protocol]map[uint16]bool{}
	for _, svc := range wanted {
		has[svc.Protocol], given[svc.Protocol] = map[uint16]bool{}, map[uint16]bool{}
		for _, r := range publish.PortSpaceOf(s.snapshot, svc.Protocol).Runs {
			for p := int(r.First); r.Use != publish.PortOurs && p <= int(r.Last); p++ {
				has[svc.Protocol][uint16(p)] = true
			}
		}
	}
	var out []mark
	for _, e := range entries {
		taken := has[e.Service.Protocol]
		if taken == nil || !asksFor(wanted, e.Service) {
			continue
		}
		for i := range e.Service.Ports() {
			p, use := e.Port+uint16(i), widget.PortAsked
			if taken[p] || given[e.Service.Protocol][p] {
				use = widget.PortClash
			}
			given[e.Service.Protocol][p] = true
			out = append(out, mark{e.Service.Protocol, p, p, use})
		}
	}
	return out
}

func asksFor(wanted []gateway.Service, svc gateway.Service) bool {
	for _, w := range wanted {
		if w.Name == svc.Name && w.Protocol == svc.Protocol {
			return true
		}
	}
	return false
}

// byFormula is the scheme that is chosen, nil where none is, or one that gives out a range.
func (s *Screen) byFormula() *scheme.Scheme {
	switch n := s.scheme; {
	case s.own():
		sch, _ := s.formula.Scheme()
		return sch
	case n > 0 && s.schemes[n-1].Range.IsZero():
		return &s.schemes[n-1]
	case n == 0 && len(s.schemes) > 0 && s.schemes[0].Range.IsZero():
		return &s.schemes[0]
	}
	return nil
}
