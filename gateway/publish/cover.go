package publish

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// Held leaves out the forwards that lead to an address which no instance has yet: there is nobody to
// answer a test.
func Held(fs []gateway.Forward) []gateway.Forward {
	return slices.DeleteFunc(slices.Clone(fs), func(f gateway.Forward) bool { return f.Instance == "" && f.Subnet != "" })
}

// nameOf says whose a forward is: an instance's name, or the subnet's where no instance has the address.
func (w *wanted) nameOf(f gateway.Forward) string {
	if f.Instance == "" && f.Subnet != "" {
		return "subnet " + SubnetName(w.s.Inventory, f.Subnet)
	}
	return w.dir.name(f.Instance)
}

// subnets works out what a request says of whole subnets.
func (w *wanted) subnets() error {
	if len(w.req.Instances) > 0 || len(w.req.Ports) > 0 {
		return &gateway.Error{
			Op: "plan", Kind: gateway.Invalid, Err: errors.New("whole subnets go without VMs, and have their ports by a scheme"), Next: "publish VMs, or ports of one's own, by another command",
		}
	}
	services, err := w.p.resolveServices(w.req.Services)
	if err != nil {
		return err
	}
	w.named, w.covers = map[string]bool{}, slices.Clone(w.s.State.Covers)
	for _, name := range w.req.Subnets {
		if w.req.Withdraw {
			err = w.uncover(name, services)
		} else {
			err = w.publishSubnet(name, services)
		}
		if err != nil {
			return err
		}
	}
	w.settleCovers()
	return nil
}

// settleCovers ends the work on subnets.
func (w *wanted) settleCovers() {
	if w.covers == nil {
		w.covers = []gateway.Cover{}
	}
	w.covers = joinCovers(w.covers)
	w.all = w.set.forwards()
	w.putBack()
	gateway.SortForwards(w.all)
}

func (w *wanted) publishSubnet(name string, services []gateway.Service) error {
	n, err := ResolveSubnet(w.s.Inventory, name)
	if err != nil {
		return err
	}
	warnings, err := Reaches(w.s, n)
	if err != nil {
		return err
	}
	w.warnings = append(w.warnings, warnings...)
	room, err := RoomOf(w.s, n)
	if err != nil {
		return err
	}
	if len(room.Places) == 0 {
		return &gateway.Error{Op: "publish subnet", Target: room.Name, Kind: gateway.Invalid, Err: errors.New("none of its addresses can hold an instance"), Next: "name a larger subnet"}
	}
	if len(services) == 0 {
		services, _ = w.p.resolveServices([]string{"ssh"})
	}
	var made []gateway.Cover
	for _, svc := range services {
		c, err := w.coverFor(n.ID, svc, services)
		if err != nil {
			return err
		}
		made = append(made, c)
		w.covers = withoutService(w.covers, n.ID, svc)
	}
	made = joinCovers(made)
	w.covers = append(w.covers, made...)
	for _, c := range made {
		if err := w.fill(c, room, true); err != nil {
			return err
		}
		w.warnings = append(w.warnings, opening(room, c))
	}
	return nil
}

// coverFor is how a service of a subnet is to be published: as the request says, and of what it does not
// speak, as it is.
func (w *wanted) coverFor(subnet string, svc gateway.Service, services []gateway.Service) (gateway.Cover, error) {
	c := gateway.Cover{Subnet: subnet, Whole: !w.req.Existing, Services: []gateway.Service{svc}, Sources: gateway.SortPrefixes(w.req.Sources)}
	req := w.req
	if i := slices.IndexFunc(w.s.State.Covers, func(o gateway.Cover) bool { return o.Subnet == subnet && o.Covers(svc) }); i >= 0 {
		old := w.s.State.Covers[i]
		if w.req.KeepSources {
			c.Sources = old.Sources
		}
		if req.KeepPorts && req.Scheme == "" && req.Formula == "" {
			c.Scheme, c.Formula = old.Scheme, old.Formula
			return c, nil
		}
	}
	sch, err := w.p.schemeFor(req, services)
	if err != nil {
		return c, err
	}
	return ruled(c, sch, svc, req.Formula != "")
}

// withoutService takes a service of a subnet out of the covers.
func withoutService(covers []gateway.Cover, subnet string, svc gateway.Service) []gateway.Cover {
	var out []gateway.Cover
	for _, c := range covers {
		if c.Subnet == subnet {
			c.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s gateway.Service) bool { return s.Name == svc.Name && s.Protocol == svc.Protocol })
		}
		if len(c.Services) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// joinCovers puts services together that are published alike.
func joinCovers(covers []gateway.Cover) []gateway.Cover {
	out := []gateway.Cover{}
	for _, c := range covers {
		i := slices.IndexFunc(out, func(o gateway.Cover) bool {
			o.Services = c.Services
			return o.Equal(c)
		})
		if i < 0 {
			out = append(out, c)
			continue
		}
		out[i].Services = slices.Concat(out[i].Services, c.Services)
	}
	return out
}

// opening warns of how much a cover opens, and to whom.
func opening(r Room, c gateway.Cover) plan.Warning {
	names := make([]string, len(c.Services))
	for i, s := range c.Services {
		names[i] = s.Name
	}
	who := "anybody on the internet"
	if len(c.Sources) > 0 {
		who = strings.Trim(fmt.Sprint(c.Sources), "[]")
	}
	held := r.Held()
	if !c.Whole {
		return plan.Warning{
			Title:  fmt.Sprintf("%s of %s: %s for %s", strings.Join(names, ", "), r.Name, counted(held, "VM"), who),
			Detail: "those that are there now; 'portico sync' publishes what comes, and withdraws what goes",
		}
	}
	w := plan.Warning{
		Title:  fmt.Sprintf("the whole subnet %s is opened: %s of %s to %s", r.Name, strings.Join(names, ", "), counted(len(r.Places), "address"), who),
		Detail: fmt.Sprintf("%s a VM now; whatever gets one of the others later is reachable as soon as its door is open", holding(held)),
	}
	if len(r.Excluded) > 0 {
		w.Detail += "; not " + excludedText(r.Excluded)
	}
	return w
}

func holding(n int) string {
	switch n {
	case 0:
		return "none of them holds"
	case 1:
		return "1 of them holds"
	}
	return fmt.Sprintf("%d of them hold", n)
}

// maxExcluded is how many excluded addresses a warning names.
const maxExcluded = 6

func excludedText(ex []Excluded) string {
	var parts []string
	for _, x := range ex[:min(len(ex), maxExcluded)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", x.Addr, x.Why))
	}
	if more := len(ex) - maxExcluded; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// fill makes the forwards that a cover stands for. told lists also what stands already, and lets in whom
// the cover says by what stands.
func (w *wanted) fill(c gateway.Cover, room Room, told bool) error {
	sch, err := w.schemeOf(c, room)
	if err != nil {
		return err
	}
	for _, p := range room.Places {
		if p.Instance != "" {
			w.named[p.Instance] = true
		}
	}
	if c.Whole {
		return w.fillWhole(c, room, sch, told)
	}
	return w.fillExisting(c, room, sch, told)
}

// fillWhole gives each address its forwards. A service of an instance that has a forward of its own, at
// the port that the address would have, keeps that.
func (w *wanted) fillWhole(c gateway.Cover, room Room, sch *scheme.Scheme, told bool) error {
	old := w.takeOut(c, sch)
	var ends []scheme.Endpoint
	holder := make(map[netip.Addr]string, len(room.Places))
	for _, p := range room.Places {
		holder[p.Addr] = p.Instance
		for _, svc := range c.Services {
			ends = append(ends, scheme.Endpoint{Addr: p.Addr, Service: svc})
		}
	}
	entries, err := w.assignAll(room, sch, ends)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f := gateway.Forward{
			Instance: holder[e.Addr], Subnet: c.Subnet, Service: e.Service, Public: addrPort(w.publicAddr(), e.Port), Private: addrPort(e.Addr, e.Service.Port),
			Sources: c.Sources, Engine: nat.Name,
		}
		if own, ok := w.ownAt(f); ok {
			if told {
				w.items = append(w.items, Item{Forward: own, Instance: w.nameOf(own)})
			}
			continue
		}
		w.replace(old, f, told)
	}
	w.drop(old)
	return nil
}

// takeOut takes the forwards of a cover's services out of what is to stand, by whose they are. Where a
// formula gives the ports they are free from then on: forwards may change places.
func (w *wanted) takeOut(c gateway.Cover, sch *scheme.Scheme) map[owner]gateway.Forward {
	old := map[owner]gateway.Forward{}
	for _, n := range w.set.ofOwner(c.Subnet) {
		f := w.set.list[n]
		if !c.Covers(f.Service) {
			continue
		}
		old[ownerOf(f)] = f
		w.set.gone[n] = true
		if sch.Range.IsZero() {
			w.ledger().Release(f)
		}
	}
	return old
}

// ownAt finds an instance's own forward that does what one of its subnet would do.
func (w *wanted) ownAt(f gateway.Forward) (gateway.Forward, bool) {
	for _, n := range w.set.meeting(f) {
		if own := w.set.list[n]; own.Subnet == "" && own.Private == f.Private && !w.orphan(own) {
			return own, true
		}
	}
	return gateway.Forward{}, false
}

// replace puts a subnet's forward in the place of the one that its address had, and of what leads astray.
func (w *wanted) replace(old map[owner]gateway.Forward, f gateway.Forward, told bool) {
	for _, n := range w.set.meeting(f) {
		if stray := w.set.list[n]; w.orphan(stray) {
			w.items = append(w.items, Item{Action: plan.Delete, Forward: stray, Instance: w.nameOf(stray)})
			w.set.gone[n] = true
		}
	}
	item := Item{Action: plan.Create, Forward: f, Instance: w.nameOf(f)}
	was, stood := old[ownerOf(f)]
	delete(old, ownerOf(f))
	switch {
	case !stood || was.Equal(f) && w.lost(f):
	case was.Equal(f):
		item.Action = 0
	case was.Key() == f.Key():
		item.Action = plan.Update
	default:
		w.items = append(w.items, Item{Action: plan.Delete, Forward: was, Instance: w.nameOf(was)})
	}
	w.set.add(f)
	w.ledger().Hold(f)
	if told || item.Action != 0 {
		w.items = append(w.items, item)
	}
}

// drop withdraws what is left of a subnet's forwards: their addresses can hold no instance any more.
func (w *wanted) drop(old map[owner]gateway.Forward) {
	rest := make([]gateway.Forward, 0, len(old))
	for _, f := range old {
		rest = append(rest, f)
	}
	gateway.SortForwards(rest)
	for _, f := range rest {
		w.ledger().Release(f)
		w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: w.nameOf(f)})
	}
}

// fillExisting gives each instance of a subnet its own forwards. What it has at its present address stays,
// and lets in whom the request says, if it speaks of that.
func (w *wanted) fillExisting(c gateway.Cover, room Room, sch *scheme.Scheme, told bool) error {
	old := w.takeOut(c, sch) // of the whole subnet, as it was published before
	var ends []scheme.Endpoint
	holder := make(map[netip.Addr]string, len(room.Places))
	seen := map[string]bool{}
	for _, p := range room.Places {
		if p.Instance == "" || seen[p.Instance] {
			continue
		}
		seen[p.Instance], holder[p.Addr] = true, p.Instance
		for _, svc := range c.Services {
			if w.leaves(c, p, svc, told) {
				continue
			}
			ends = append(ends, scheme.Endpoint{Addr: p.Addr, Service: svc})
		}
	}
	entries, err := w.assignAll(room, sch, ends)
	if err != nil {
		return err
	}
	for _, e := range entries {
		i := w.dir.byID[holder[e.Addr]]
		f := gateway.Forward{
			Instance: i.ID, Service: e.Service, Public: addrPort(w.publicAddr(), e.Port), Private: addrPort(e.Addr, e.Service.Port), Engine: nat.Name,
		}
		f.Sources = w.letIn(c, f, told)
		at := owner{e.Addr.String(), e.Service.Name, e.Service.Protocol}
		if was, stood := old[at]; stood && was.Key() == f.Key() {
			delete(old, at)
			w.set.add(f)
			w.ledger().Hold(f)
			w.items = append(w.items, Item{Action: plan.Update, Forward: f, Instance: i.Name})
			continue
		}
		w.put(i, f)
	}
	w.drop(old)
	return nil
}
