package publish

import (
	"cmp"
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views/preview"
)

// ask is one public port that the form asks for. It is worked out without the plan: what cannot be
// had is seen while it is typed.
type ask struct {
	instance string // its name
	service  gateway.Service
	port     uint16 // 0: there is none
	clash    string // who has the port, or why there is none
	nowhere  bool   // the instance has no address: no scheme can help
}

// last is the last port that is asked for.
func (a ask) last() uint16 { return uint16(min(0xffff, int(a.port)+a.service.Ports()-1)) }

// blame is why a scheme cannot give what is asked for, in a word and in full.
type blame struct{ short, why string }

// endpoint is a public port with its protocol.
type endpoint struct {
	proto gateway.Protocol
	port  uint16
}

// taken is what has the gateway's public ports.
type taken struct {
	by       map[endpoint]string          // reserved ones
	forwards map[endpoint]gateway.Forward // of instances that there are
}

// takenOf is that of the gateway, or, where one is named, of a floating IP that Neutron forwards.
func takenOf(s publish.Snapshot, via string) taken {
	t := taken{by: map[endpoint]string{}, forwards: map[endpoint]gateway.Forward{}}
	if via == "" && s.State == nil {
		return t
	}
	reserved, forwards := publish.PortsAt(s, via)
	for _, r := range reserved {
		t.by[endpoint{r.Protocol, r.Port}] = r.By
	}
	there := make(map[string]bool, len(s.Inventory.Instances))
	for _, i := range s.Inventory.Instances {
		there[i.ID] = true
	}
	for _, f := range forwards {
		if there[f.Instance] {
			for _, k := range f.Keys() {
				t.forwards[endpoint{k.Protocol, k.Public.Port()}] = f
			}
		}
	}
	return t
}

// wanted lists the services that are chosen and those that were typed, as far as they can be read.
func (s *Screen) wanted() []gateway.Service {
	var out []gateway.Service
	for _, c := range s.services {
		if c.on {
			out = append(out, c.service)
		}
	}
	return append(out, s.typed()...)
}

// typed lists the own services.
func (s *Screen) typed() []gateway.Service {
	own, err := parseOwn(s.own.Value())
	if err != nil {
		return nil
	}
	var out []gateway.Service
	for _, w := range own {
		out = append(out, serviceOf(w))
	}
	return out
}

// standsAt is the forward that a service of an instance has now, if any.
func (s *Screen) standsAt(id string, svc gateway.Service) (gateway.Forward, bool) {
	f, ok := s.now[found{id, anyPort(svc)}]
	return f, ok && f.Private.Addr() == s.places[id].addr
}

// asks lists the ports that the form would ask for with a scheme, or with own ports. What a range
// would give is not known here: then only what stands is listed.
func (s *Screen) asks(sch scheme.Scheme, own []uint16) []ask {
	var out []ask
	first, wanted := map[endpoint]int{}, s.wanted()
	n := 0
	for i, id := range s.instances {
		for _, svc := range wanted {
			a := ask{instance: s.names[i], service: svc}
			at, f := s.places[id], gateway.Forward{}
			stands := false
			if len(own) == 0 && !s.ownFormula && !s.schemeTouched {
				f, stands = s.standsAt(id, svc)
			}
			switch {
			case !at.known():
				a.clash, a.nowhere = "it has no address", true
			case stands:
				a.port = f.Public.Port()
			case n < len(own):
				a.port = own[n]
			case len(own) > 0 || !sch.Range.IsZero():
				n++
				continue
			default:
				a.port, a.clash = portOf(sch, svc, at)
			}
			n++
			if a.clash == "" {
				for p := int(a.port); p <= int(a.last()); p++ {
					e := endpoint{svc.Protocol, uint16(p)}
					if other, twice := first[e]; twice && a.clash == "" {
						a.clash = out[other].service.Name + " of " + out[other].instance
					}
					a.clash = cmp.Or(s.holder(e, id, svc), a.clash)
					first[e] = len(out)
				}
			}
			out = append(out, a)
		}
	}
	return out
}

func portOf(sch scheme.Scheme, svc gateway.Service, at place) (port uint16, why string) {
	p, err := sch.Port(at.subnet, at.addr, svc)
	if err != nil {
		return 0, cloud.Explain(err).Why
	}
	return p, ""
}

// holder is who has a public port, "" if it is free for this service of this instance.
func (s *Screen) holder(e endpoint, id string, svc gateway.Service) string {
	if by := s.taken.by[e]; by != "" {
		return by
	}
	f, ok := s.taken.forwards[e]
	if !ok || f.Instance == id && f.Service.Name == svc.Name {
		return ""
	}
	return f.Service.Name + " of " + publish.InstanceName(s.snapshot.Inventory, f.Instance)
}

// judge works out what the form asks for, and which schemes cannot give it.
func (s *Screen) judge() {
	s.asked, s.blame = nil, map[string]blame{}
	if len(s.instances) == 0 {
		return
	}
	for _, sch := range s.schemes {
		asks := s.asks(sch, nil)
		if i := slices.IndexFunc(asks, func(a ask) bool { return a.clash != "" && a.port != 0 }); i >= 0 {
			s.blame[sch.Name] = blame{"taken", fmt.Sprintf("%d is taken: %s", asks[i].port, asks[i].clash)}
		} else if i := slices.IndexFunc(asks, func(a ask) bool { return a.port == 0 && !a.nowhere }); i >= 0 {
			s.blame[sch.Name] = blame{"no port", cmp.Or(asks[i].clash, "it has no port for "+asks[i].service.Name)}
		}
		if sch.Name == s.scheme && s.byScheme() {
			s.asked = asks
		}
	}
	switch sch, err := s.formula.Scheme(); {
	case s.ownFormula && err == nil:
		s.asked = s.asks(*sch, nil)
	case s.ownPorts:
		ports, _ := publish.ParsePorts(s.ports.Value())
		s.asked = s.asks(scheme.Scheme{}, ports)
	}
}

// misfits are those of several instances that cannot be published because they have no address.
func (s *Screen) misfits() []string {
	if len(s.instances) < 2 || s.snapshot.Inventory.Unknown("ports") {
		return nil
	}
	var out []string
	for _, id := range s.instances {
		if !s.places[id].known() {
			out = append(out, id)
		}
	}
	if len(out) == len(s.instances) {
		return nil
	}
	return out
}

// fix takes the way out that is offered, and reports whether there is one: it leaves out what cannot
// be published at all, or takes a scheme that has a port for each.
func (s *Screen) fix() bool {
	if bad := s.misfits(); len(bad) > 0 {
		s.instances = slices.DeleteFunc(slices.Clone(s.instances), func(id string) bool { return slices.Contains(bad, id) })
		s.learn()
		return true
	}
	name := s.way()
	return name != "" && s.choose(name)
}

// fixWord is what fix would do, "" if nothing.
func (s *Screen) fixWord() string {
	if bad := s.misfits(); len(bad) > 0 {
		return "leave out " + preview.Count(len(bad), "VM")
	}
	if name := s.way(); name != "" {
		return "take " + name
	}
	return ""
}

func (s *Screen) fits(name string) bool {
	_, bad := s.blame[name]
	return !bad
}

// way is the name of the first scheme that can give what is asked for; "" if there is none, or the
// present choice is good.
func (s *Screen) way() string {
	if s.byScheme() && s.fits(s.scheme) || !s.byScheme() && !slices.ContainsFunc(s.asked, func(a ask) bool { return a.clash != "" }) {
		return ""
	}
	for _, sch := range s.schemes {
		if s.fits(sch.Name) && (!s.byScheme() || sch.Name != s.scheme) {
			return sch.Name
		}
	}
	return ""
}
