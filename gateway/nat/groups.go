package nat

import (
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/plan"
)

// role is which of a gateway's two groups a group is.
type role string

const (
	rolePublic  role = "public"  // on the gateway's port: the public ports
	rolePrivate role = "private" // on the instances' ports: the services
)

func (e *Engine) groupName(r role) string {
	prefix := "portico-from-"
	if r == rolePublic {
		prefix = "portico-"
	}
	// Neutron takes 255 characters, and so does Nova for the gateway's own name.
	name := []rune(prefix + e.Gateway.Name)
	return string(name[:min(len(name), 255)])
}

// groupMark is the description by which a group is known as this gateway's; names are not
// unique in Neutron and may be changed by anybody.
func (e *Engine) groupMark(r role) string {
	return fmt.Sprintf("portico v1 gateway=%s role=%s", e.Gateway.ID(), r)
}

// planGroups returns the steps that open doors and those that shut them.
func (e *Engine) planGroups(want []gateway.Forward) (open, shut []plan.Step, err error) {
	public, private, err := e.doors(want)
	if err != nil {
		return nil, nil, err
	}
	k := e.keeper()
	open = append(k.Open(public), k.Open(private)...)
	shut = append(k.Shut(private), k.Shut(public)...)
	costs := k.Costs(public, private)
	if door.TooMany(costs) {
		// Making before breaking would not fit. The gaps of a moment are better than a port that
		// cannot be closed.
		open, shut = nil, append(shut, open...)
	}
	return open, shut, door.CheckQuota(costs)
}

// doors works out both groups for the forwards that are to stand.
func (e *Engine) doors(want []gateway.Forward) (public, private *door.Door, err error) {
	public, private = e.newDoor(rolePublic), e.newDoor(rolePrivate)
	private.Peer = public
	if len(want) > 0 || e.holdsDoor(public) {
		for _, id := range e.Gateway.PortIDs() {
			port, ok := door.FindPort(e.Inventory.Ports, id)
			if !ok {
				return nil, nil, &gateway.Error{Op: "find the port of gateway", Target: e.Gateway.Name, Kind: gateway.NotFound}
			}
			if port.PortSecurity {
				public.Ports = append(public.Ports, port)
				public.Want = publicRules(want)
			}
		}
	}
	private.Ports = door.InstancePorts(&e.Inventory, want)
	if private.Needed() {
		private.Want = e.privateRules(want, public)
	}
	return public, private, nil
}

func (e *Engine) newDoor(r role) *door.Door {
	return door.New(&e.Inventory, string(r), e.groupName(r), e.groupMark(r))
}

// keeper makes the steps of both groups.
func (e *Engine) keeper() *door.Keeper {
	return &door.Keeper{
		Groups: e.Groups, Ports: e.Ports, Inventory: &e.Inventory, MayTouch: e.mayTouch, PeerName: e.groupName(rolePublic),
		Ours: func(description string) bool {
			return description == e.groupMark(rolePublic) || description == e.groupMark(rolePrivate)
		},
	}
}

// publicRules are the doors before DNAT: the public ports, from the sources.
func publicRules(want []gateway.Forward) []door.Rule {
	ports := map[door.PortSource][]uint16{}
	for _, f := range want {
		sources := gateway.SortPrefixes(f.Sources)
		if len(sources) == 0 {
			sources = []netip.Prefix{door.Anywhere}
		}
		for _, s := range sources {
			k := door.PortSource{Proto: f.Service.Protocol, Source: s}
			ports[k] = appendPorts(ports[k], f.Public.Port(), f.PublicLast())
		}
	}
	return door.Collapse(ports, nil)
}

// privateRules are the doors after DNAT: the services, from the gateway, or from the sources
// where the client's address is kept.
func (e *Engine) privateRules(want []gateway.Forward, public *door.Door) []door.Rule {
	ports := map[door.PortSource][]uint16{}
	var peer *door.Ref
	for _, f := range want {
		sources := gateway.SortPrefixes(f.Sources)
		switch {
		case !e.Gateway.NoSNAT && len(public.Ports) > 0 && len(public.Ports) == len(e.Gateway.PortIDs()):
			sources, peer = []netip.Prefix{{}}, public.Ref
		case !e.Gateway.NoSNAT:
			sources = []netip.Prefix{netip.PrefixFrom(e.Gateway.FixedIP, 32)}
		case len(sources) == 0:
			sources = []netip.Prefix{door.Anywhere}
		}
		for _, s := range sources {
			k := door.PortSource{Proto: f.Service.Protocol, Source: s}
			ports[k] = appendPorts(ports[k], f.Private.Port(), f.PrivateLast())
		}
	}
	return door.Collapse(ports, peer)
}

func appendPorts(to []uint16, first, last uint16) []uint16 {
	for p := int(first); p <= int(last); p++ {
		to = append(to, uint16(p))
	}
	return to
}

// mayTouch reports whether a plan may put the group on a port or take it off: the gateway's own
// always, an instance's when it is one of those the plan is about.
func (e *Engine) mayTouch(d *door.Door, p cloud.Port) bool {
	return d.Key == string(rolePublic) || e.Named == nil || e.Named[p.DeviceID]
}

// closedDoors tells of instances whose forwards stand although others took our group off them.
func (e *Engine) closedDoors(forwards []gateway.Forward) []plan.Warning {
	d := e.newDoor(rolePrivate)
	own := map[string]bool{} // that have a forward of their own
	for _, f := range forwards {
		own[f.Instance] = own[f.Instance] || f.Subnet == ""
	}
	var out []plan.Warning
	for _, p := range door.InstancePorts(&e.Inventory, forwards) {
		if d.Ref.ID != "" && slices.Contains(p.Groups, d.Ref.ID) {
			continue
		}
		name := p.DeviceID
		if i, ok := e.Inventory.Instance(p.DeviceID); ok {
			name = i.Name
		}
		w := plan.Warning{Title: "the door of " + name + " is closed", Detail: "it is published, but others took the group " + d.Name + " off it; 'portico repair' puts it back"}
		if !own[p.DeviceID] {
			w.Detail = "its subnet is published whole, and it does not carry the group " + d.Name + " yet; 'portico sync' gives it that"
		}
		out = append(out, w)
	}
	return out
}

// ShutDoors lists the instances, by ID, that these forwards lead to and whose ports do not carry the
// gateway's group: nothing comes in there.
func (e *Engine) ShutDoors(forwards []gateway.Forward) map[string]bool {
	d, out := e.newDoor(rolePrivate), map[string]bool{}
	for _, p := range door.InstancePorts(&e.Inventory, forwards) {
		if d.Ref.ID == "" || !slices.Contains(p.Groups, d.Ref.ID) {
			out[p.DeviceID] = true
		}
	}
	return out
}

// Cost is what a plan takes of one limit.
type Cost = door.Cost

// Costs returns what it takes of the project's quotas to have exactly these forwards.
func (e *Engine) Costs(want []gateway.Forward) ([]Cost, error) {
	public, private, err := e.doors(want)
	if err != nil {
		return nil, err
	}
	return e.keeper().Costs(public, private), nil
}
