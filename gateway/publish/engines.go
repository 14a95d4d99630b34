package publish

import (
	"errors"
	"fmt"

	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/neutron"
)

// NeutronEngine is the name of forwards that Neutron makes by itself. AutoEngine, where one asks for
// an engine, is the one that is recommended.
const (
	NeutronEngine = neutron.Name
	AutoEngine    = "auto"
)

// forwardingExtension is what a cloud must have for them.
const forwardingExtension = "floating-ip-port-forwarding"

// EngineChoice is one way of making forwards real, and why to take it or why it cannot be taken.
type EngineChoice struct {
	Name        string
	Title       string // "nat on gw-1"
	Available   bool
	Recommended bool // one of those that are available, at most
	Why         string
	Next        string // what would help; "" if nothing does
}

// Engines lists the ways there are for a project. What is new is made by the first that is available,
// unless another is asked for: a project that has a gateway goes on with it.
func Engines(s Snapshot) []EngineChoice {
	n, byGateway := neutronChoice(s), natChoice(s)
	n.Recommended = n.Available
	byGateway.Recommended = byGateway.Available && !n.Available
	if n.Available && byGateway.Available && !s.Gateway.NoSNAT {
		byGateway.Why += "; VMs see its address, not the client's"
	}
	if !s.HasGateway() && n.Available {
		return []EngineChoice{n, byGateway}
	}
	return []EngineChoice{byGateway, n}
}

// EngineWay is one choice of a form: an engine, and for neutron the floating IP.
type EngineWay struct {
	EngineChoice
	Via string // the floating IP; "" for the gateway, or where there is none to choose
}

// EngineWays lists the engines with each floating IP that there is, also those that cannot be used, with
// the reason. The first is the one that new forwards take.
func EngineWays(s Snapshot) []EngineWay {
	var out []EngineWay
	for _, c := range Engines(s) {
		all := neutron.Addresses(&s.Inventory)
		if c.Name != neutron.Name || !c.Available {
			out = append(out, EngineWay{EngineChoice: c})
			continue
		}
		for i, a := range all {
			w := EngineWay{EngineChoice: c, Via: a.FloatingIP.Address.String()}
			w.Title = "neutron at " + w.Via
			switch {
			case a.Why != "":
				w.Available, w.Recommended, w.Why, w.Next = false, false, a.Why, a.Next
			case i > 0:
				w.Recommended, w.Why = false, "free as well"
				if len(a.FloatingIP.Forwardings) > 0 {
					w.Why = "forwards to " + counted(len(a.FloatingIP.Forwardings), "port") + " already"
				}
			}
			out = append(out, w)
		}
	}
	return out
}

func natChoice(s Snapshot) EngineChoice {
	c := EngineChoice{Name: nat.Name, Title: nat.Name, Available: true}
	gw := s.Gateway
	switch {
	case !s.HasGateway():
		c.Available, c.Why, c.Next = false, "there is no gateway", "associate a floating IP with an instance that runs Linux; it becomes the gateway"
		return c
	case gw.FloatingIP.IsValid():
		c.Why = fmt.Sprintf("%s is attached to %s, which forwards any port to any VM it reaches", gw.FloatingIP, gw.Name)
	default:
		c.Why = gw.Name + " forwards any port to any VM it reaches"
	}
	c.Title = nat.Name + " on " + gw.Name
	return c
}

// neutronChoice says whether Neutron can forward, and at which address.
func neutronChoice(s Snapshot) EngineChoice {
	c := EngineChoice{Name: NeutronEngine, Title: NeutronEngine}
	var ok bool
	if ok, c.Why, c.Next = neutron.Available(&s.Inventory); !ok {
		return c
	}
	all := neutron.Addresses(&s.Inventory)
	if len(all) == 0 {
		c.Why, c.Next = "this project has no floating IP", "take one: portico floatingip allocate"
		return c
	}
	first := all[0]
	if first.Why != "" {
		c.Why = fmt.Sprintf("no floating IP is free: %s: %s", first.FloatingIP.Address, first.Why)
		c.Next = "take another address: portico floatingip allocate"
		return c
	}
	c.Available, c.Title = true, fmt.Sprintf("neutron at %s", first.FloatingIP.Address)
	free := "is free"
	if n := len(first.FloatingIP.Forwardings); n > 0 {
		free = "forwards to " + counted(n, "port") + " already"
	}
	c.Why = fmt.Sprintf("%s %s: the cloud's own routers forward, clients keep their address, and there is no gateway to maintain", first.FloatingIP.Address, free)
	return c
}

// usable refuses an engine that cannot be taken, with the reason.
func usable(s Snapshot, name string) error {
	for _, c := range Engines(s) {
		if c.Name == name && !c.Available {
			return &gateway.Error{
				Op: "make forwards by", Target: name, Kind: gateway.Invalid, Err: errors.New(c.Why),
				Next: nextEngine(s, c),
			}
		}
	}
	return nil
}

// nextEngine is what to do when an engine cannot be taken.
func nextEngine(s Snapshot, c EngineChoice) string {
	next := c.Next
	for _, o := range Engines(s) {
		if o.Name != c.Name && o.Available {
			if next != "" {
				next += ", or "
			}
			next += "use " + o.Name
		}
	}
	return next
}
