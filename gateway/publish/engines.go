package publish

import (
	"errors"
	"fmt"

	"portico/gateway"
	"portico/gateway/nat"
)

// NeutronEngine is the name of forwards that Neutron makes by itself. This version has none.
const NeutronEngine = "neutron"

// forwardingExtension is what a cloud must have for them.
const forwardingExtension = "floating-ip-port-forwarding"

// EngineChoice is one way of making forwards real, and why to take it or why it cannot be taken.
type EngineChoice struct {
	Name      string
	Title     string // "nat on gw-1"
	Available bool
	Why       string
	Next      string // what would help; "" if nothing does
}

// Engines lists the ways there are for a project; the first is the one to take.
func Engines(s Snapshot) []EngineChoice {
	return []EngineChoice{natChoice(s), neutronChoice(s)}
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

// neutronChoice says the truth of the cloud, and that it does not matter yet.
func neutronChoice(s Snapshot) EngineChoice {
	c := EngineChoice{Name: NeutronEngine, Title: NeutronEngine}
	const later = "; Portico makes no such forwards yet"
	inv, gw := s.Inventory, s.Gateway
	switch {
	case inv.Unknown("extensions"):
		c.Why = "whether this cloud has it is unknown: its extensions cannot be read" + later
	case !inv.HasExtension(forwardingExtension):
		c.Why = "this cloud does not have it (" + forwardingExtension + ")"
	case gw.FloatingIP.IsValid() && gw.InstanceID != "":
		c.Why = fmt.Sprintf("%s is attached to %s: Neutron forwards only addresses that are free", gw.FloatingIP, gw.Name) + later
		for _, f := range FloatingIPRows(s) {
			if f.Free() {
				c.Next = fmt.Sprintf("%s is free", f.FloatingIP.Address)
				break
			}
		}
	default:
		c.Why = "this cloud has it" + later
	}
	return c
}

// usable refuses an engine that cannot be taken, with the reason.
func usable(s Snapshot, name string) error {
	for _, c := range Engines(s) {
		if c.Name == name && !c.Available {
			return &gateway.Error{
				Op: "make forwards by", Target: name, Kind: gateway.Invalid, Err: errors.New(c.Why),
				Next: "use " + Engines(s)[0].Name,
			}
		}
	}
	return nil
}
