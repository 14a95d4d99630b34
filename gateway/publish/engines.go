package publish

import (
	"errors"
	"fmt"
	"strings"

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
	switch {
	case n.Available && byGateway.Available:
		byGateway.Why += "; clients come in with the gateway's address"
		if s.Gateway.NoSNAT {
			byGateway.Why = strings.TrimSuffix(byGateway.Why, "; clients come in with the gateway's address")
		}
		byGateway.Why += ". For a whole subnet, or what Neutron cannot reach"
	case byGateway.Recommended && n.Next == "":
		byGateway.Why += "; the way there is, as " + short(n.Why)
	}
	if !s.HasGateway() && n.Available {
		return []EngineChoice{n, byGateway}
	}
	return []EngineChoice{byGateway, n}
}

// short is a reason up to its first semicolon, as part of another sentence.
func short(why string) string {
	why, _, _ = strings.Cut(why, ";")
	return why
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
