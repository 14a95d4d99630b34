package publish

import (
	"cmp"
	"errors"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// uncover withdraws what a subnet's covers led to, and the covers.
func (w *wanted) uncover(name string, services []gateway.Service) error {
	id, label := name, name
	n, err := ResolveSubnet(w.s.Inventory, name)
	if err == nil {
		id, label = n.ID, cmp.Or(n.Name, n.CIDR.String())
	}
	asked := func(s gateway.Service) bool {
		return len(services) == 0 || slices.ContainsFunc(services, func(o gateway.Service) bool { return o.Name == s.Name })
	}
	covered := slices.ContainsFunc(w.covers, func(c gateway.Cover) bool { return c.Subnet == id && slices.ContainsFunc(c.Services, asked) })
	if len(w.set.ofOwner(id)) == 0 && !covered {
		if err != nil {
			return err
		}
		return &gateway.Error{
			Op: "withdraw subnet", Target: label, Kind: gateway.NotFound, Err: errors.New("it is not published as a whole"), Next: "withdraw its VMs by name: portico withdraw VM",
		}
	}
	for _, place := range w.set.ofOwner(id) {
		if asked(w.set.list[place].Service) {
			w.takeAway(place)
		}
	}
	var left []gateway.Cover
	for _, c := range w.covers {
		if c.Subnet == id {
			w.uncoverExisting(c, n, asked)
			c.Services = slices.DeleteFunc(slices.Clone(c.Services), asked)
		}
		if len(c.Services) > 0 {
			left = append(left, c)
		}
	}
	w.covers = left
	return nil
}

// uncoverExisting withdraws the forwards of a subnet's instances that a cover keeps in step.
func (w *wanted) uncoverExisting(c gateway.Cover, n cloud.Subnet, asked func(gateway.Service) bool) {
	if c.Whole || !n.CIDR.IsValid() {
		return
	}
	for place, f := range w.set.list {
		if !w.set.gone[place] && f.Subnet == "" && w.leadsInto(f, n) && c.Covers(f.Service) && asked(f.Service) {
			w.takeAway(place)
		}
	}
}

// takeAway withdraws one forward, and lets its instance's door be shut.
func (w *wanted) takeAway(place int) {
	f := w.set.list[place]
	if f.Instance != "" {
		w.named[f.Instance] = true
	}
	w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: w.nameOf(f)})
	w.set.gone[place] = true
}
