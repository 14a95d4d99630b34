package publish

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/neutron"
	"portico/gateway/plan"
)

// InStep is what a sync has to do, by numbers; all 0 where the forwards are in step with the project.
type InStep struct {
	New   int // instances that get their first forwards
	Doors int // instances whose subnet is published whole and whose own door is still shut
	Moved int // forwards that are led to an instance's new address
	Gone  int // forwards of what is gone, or of addresses that can hold no instance any more
	Wrong int // of Moved and Gone: those that lead to another instance now
}

// Empty reports whether all is in step.
func (s InStep) Empty() bool { return s == InStep{} }

// String is what there is to do in words: "2 new VMs, 1 forward to the wrong VM"; "" when all is in step.
func (s InStep) String() string {
	var parts []string
	add := func(n int, one, many string) {
		if n == 1 {
			parts = append(parts, "1 "+one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(s.New, "new VM", "new VMs")
	add(s.Doors, "VM with its door shut", "VMs with their doors shut")
	add(s.Wrong, "forward to the wrong VM", "forwards to the wrong VM")
	add(s.Moved, "VM moved", "forwards of VMs that moved")
	add(s.Gone, "forward to nobody", "forwards to nobody")
	return strings.Join(parts, ", ")
}

// sync wants the forwards in step with the project: first what leads astray is withdrawn or led anew, then
// each cover is filled as it would be if it were made now.
func (w *wanted) sync() error {
	w.named, w.covers, w.moved = map[string]bool{}, []gateway.Cover{}, map[owner][]netip.Prefix{}
	limit, err := w.limits()
	if err != nil {
		return err
	}
	inLimit := func(f gateway.Forward) bool {
		return limit == nil || slices.ContainsFunc(slices.Collect(maps.Values(limit)), func(n cloud.Subnet) bool { return w.leadsInto(f, n) })
	}
	for place, f := range w.set.list {
		if !w.set.gone[place] && inLimit(f) && w.orphan(f) {
			w.leadAnew(place)
		}
	}
	if err := w.fillAll(limit); err != nil {
		return err
	}
	w.tellDoors()
	w.settleCovers()
	return nil
}

// fillAll fills the covers that are to be kept in step. That of a subnet which is gone goes.
func (w *wanted) fillAll(limit map[string]cloud.Subnet) error {
	had := w.reachable()
	for _, c := range w.s.State.Covers {
		n, there := w.s.Inventory.Subnet(c.Subnet)
		if !there && !w.where.unsure {
			continue
		}
		w.covers = append(w.covers, c)
		if _, in := limit[c.Subnet]; limit != nil && !in || !there {
			continue
		}
		room, err := RoomOf(w.s, n)
		if err != nil {
			return err
		}
		if err := w.fill(c, room, false); err != nil {
			return err
		}
		w.countNew(c, room, had)
	}
	return nil
}

// limits are the subnets that a request names; nil where it names none.
func (w *wanted) limits() (map[string]cloud.Subnet, error) {
	if len(w.req.Subnets) == 0 {
		return nil, nil
	}
	out := map[string]cloud.Subnet{}
	for _, name := range w.req.Subnets {
		n, err := ResolveSubnet(w.s.Inventory, name)
		if err != nil {
			return nil, err
		}
		out[n.ID] = n
	}
	return out, nil
}

// leadsInto reports whether a forward leads to an address of this very subnet: another network may have the
// same CIDR, so an instance's own ports say it, and the address alone only where no port has it any more.
func (w *wanted) leadsInto(f gateway.Forward, n cloud.Subnet) bool {
	if f.Subnet != "" {
		return f.Subnet == n.ID
	}
	if !f.Private.IsValid() {
		return false
	}
	for _, p := range w.dir.ports[f.Instance] {
		for _, ip := range p.FixedIPs {
			if ip.Addr == f.Private.Addr() {
				return ip.SubnetID == n.ID
			}
		}
	}
	return n.CIDR.Contains(f.Private.Addr())
}

// leadAnew takes a forward that leads astray away, and, where its instance has another address now, makes
// it lead there at the same public port. A subnet that is kept in step gives it the port of that address.
func (w *wanted) leadAnew(place int) {
	f := w.set.list[place]
	w.set.gone[place] = true
	wrong := w.where.wrong(f)
	if wrong {
		w.step.Wrong++
	}
	i, there := w.dir.byID[f.Instance]
	if f.Subnet == "" && there {
		w.named[f.Instance] = true
		if addr, subnet, ok := w.newAddress(i, f); ok {
			if !wrong {
				w.step.Moved++
			}
			if f.Engine != neutron.Name && w.coveredBy(subnet, f.Service, false) {
				w.moved[ownerOf(f)] = f.Sources
				w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: i.Name})
				return
			}
			f.Private = addrPort(addr, f.Private.Port())
			w.set.add(f)
			w.ledgerOf(f).Hold(f)
			w.items = append(w.items, Item{Action: plan.Update, Forward: f, Instance: i.Name})
			return
		}
	}
	if !wrong {
		w.step.Gone++
	}
	w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: w.nameOf(f)})
}

// newAddress is where the gateway, or Neutron from the forward's floating IP, reaches an instance now, and
// the subnet that this is of.
func (w *wanted) newAddress(i cloud.Instance, f gateway.Forward) (netip.Addr, string, bool) {
	if f.Engine == neutron.Name && w.mixed != nil {
		addr, ok := w.mixed.newPlace(i, f)
		return addr, "", ok
	}
	warned := len(w.warnings)
	addr, _, err := w.privateAddress(i)
	if err != nil || i.ID == w.s.Gateway.InstanceID {
		w.warnings = w.warnings[:warned]
		return addr, "", false
	}
	for _, p := range w.dir.ports[i.ID] {
		for _, ip := range p.FixedIPs {
			if ip.Addr == addr {
				return addr, ip.SubnetID, true
			}
		}
	}
	return addr, "", true
}

// coveredBy reports whether a service of a subnet is published by a rule of this sort.
func (w *wanted) coveredBy(subnet string, svc gateway.Service, whole bool) bool {
	return slices.ContainsFunc(w.s.State.Covers, func(c gateway.Cover) bool { return c.Subnet == subnet && c.Whole == whole && c.Covers(svc) })
}

// reachable lists the instances that have forwards of their own.
func (w *wanted) reachable() map[string]bool {
	out := map[string]bool{}
	for _, f := range w.have {
		if f.Subnet == "" {
			out[f.Instance] = true
		}
	}
	return out
}

// countNew counts the instances that a cover gives their first forwards.
func (w *wanted) countNew(c gateway.Cover, room Room, had map[string]bool) {
	for _, p := range room.Places {
		if !c.Whole && p.Instance != "" && !had[p.Instance] {
			had[p.Instance] = true
			w.step.New++
		}
	}
}

// tellDoors lists the forwards of instances that came to a subnet which is published whole: they stand, and
// what is to do is to open the instances' own doors.
func (w *wanted) tellDoors() {
	if !w.s.HasGateway() {
		return
	}
	engine := w.p.newEngine(w.s.Gateway, nil, w.s.Inventory)
	standing := w.set.forwards()
	shut := engine.ShutDoors(standing)
	for id := range shut {
		if !w.named[id] {
			delete(shut, id)
		}
	}
	told := make(map[gateway.Key]bool, len(w.items))
	for _, i := range w.items {
		told[i.Forward.Key()] = true
	}
	counted := map[string]bool{}
	for _, f := range standing {
		if f.Subnet == "" || !shut[f.Instance] {
			continue
		}
		if !counted[f.Instance] {
			counted[f.Instance] = true
			w.step.Doors++
		}
		if !told[f.Key()] {
			w.items = append(w.items, Item{Forward: f, Instance: w.nameOf(f)})
		}
	}
}
