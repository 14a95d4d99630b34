package publish

import (
	"fmt"
	"net/netip"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/neutron"
	"portico/gateway/plan"
)

// whereabouts tells who has which address, to find forwards that lead astray.
type whereabouts struct {
	there   map[string]bool // instances
	subnets map[string]bool
	unsure  bool // which subnets there are could not be read
	blind   bool // which addresses they have could not be read
	has     map[string][]netip.Addr
	at      map[netip.Addr][]string // instances by address
	reached map[gateway.Key]string  // instances by the public port at which Neutron leads to them
}

func whereaboutsOf(inv cloud.Inventory) whereabouts {
	w := whereabouts{
		there: make(map[string]bool, len(inv.Instances)), subnets: make(map[string]bool, len(inv.Subnets)), unsure: inv.Unknown("subnets"), blind: inv.Unknown("ports"),
		has: make(map[string][]netip.Addr, len(inv.Ports)), at: make(map[netip.Addr][]string, len(inv.Ports)),
		reached: neutron.Reached(&inv),
	}
	for _, i := range inv.Instances {
		w.there[i.ID] = true
	}
	for _, n := range inv.Subnets {
		w.subnets[n.ID] = true
	}
	for _, p := range inv.Ports {
		if !w.there[p.DeviceID] {
			continue
		}
		for _, ip := range p.FixedIPs {
			w.has[p.DeviceID] = append(w.has[p.DeviceID], ip.Addr)
			w.at[ip.Addr] = append(w.at[ip.Addr], p.DeviceID)
		}
	}
	return w
}

// gone reports whether what a forward belongs to is not there any more.
func (w whereabouts) gone(f gateway.Forward) bool {
	if f.Subnet != "" {
		return !w.subnets[f.Subnet] && !w.unsure
	}
	return !w.there[f.Instance]
}

// astray reports whether a forward leads to where what it belongs to is not.
func (w whereabouts) astray(f gateway.Forward) bool {
	if w.gone(f) {
		return true
	}
	if f.Subnet != "" || w.blind {
		return false
	}
	to := w.holder(f)
	return !slices.Contains(w.has[f.Instance], f.Private.Addr()) || to != "" && to != f.Instance
}

// holder is the instance that a forward of an instance leads to now, "" where that is none. Neutron leads to
// a port, and a gateway to whoever has the address.
func (w whereabouts) holder(f gateway.Forward) string {
	if f.Engine == neutron.Name {
		return w.reached[f.Key()]
	}
	if slices.Contains(w.at[f.Private.Addr()], f.Instance) {
		return f.Instance
	}
	if now := w.at[f.Private.Addr()]; len(now) > 0 {
		return now[0]
	}
	return ""
}

// wrong reports whether a forward that leads astray leads to another instance.
func (w whereabouts) wrong(f gateway.Forward) bool {
	to := w.holder(f)
	return f.Subnet == "" && to != "" && to != f.Instance
}

// drift is what is to be said of a forward that leads astray: that another instance has the address now
// is dangerous.
func (w whereabouts) drift(inv cloud.Inventory, where string, f gateway.Forward) gateway.Drift {
	d := gateway.Drift{Kind: gateway.Gone, Where: where, Line: f.String(), Forward: &f}
	was := "the instance " + f.Instance + " is gone"
	switch {
	case f.Subnet != "":
		was = "the subnet " + f.Subnet + " is gone"
	case w.there[f.Instance] && slices.Contains(w.has[f.Instance], f.Private.Addr()):
		was = "it leads to a port that " + InstanceName(inv, f.Instance) + " has not any more"
	case w.there[f.Instance]:
		was = fmt.Sprintf("%s has not the address %s any more", InstanceName(inv, f.Instance), f.Private.Addr())
	}
	d.Why = was + "; nobody has its address now, but the next one to get it would be reached"
	if w.wrong(f) {
		d.Kind, d.Why = gateway.Reused, fmt.Sprintf("%s, and %s has it now: who connects reaches the wrong instance", was, InstanceName(inv, w.holder(f)))
	}
	return d
}

// Settle brings what was observed into step with the inventory: who has the address of a subnet's
// forward, and which forwards lead astray. What the snapshot holds is not changed; it returns another.
func Settle(s Snapshot) Snapshot {
	if s.State == nil {
		return s
	}
	state := *s.State
	state.Forwards = settled(s.Inventory, state.Forwards)
	state.Lost = settled(s.Inventory, state.Lost)
	state.Drift = slices.DeleteFunc(slices.Clone(state.Drift), func(d gateway.Drift) bool { return d.Kind == gateway.Gone || d.Kind == gateway.Reused })
	w := whereaboutsOf(s.Inventory)
	for _, f := range state.Forwards {
		if w.astray(f) {
			state.Drift = append(state.Drift, w.drift(s.Inventory, s.Gateway.Name+" forwards", f))
		}
	}
	s.State = &state
	return s
}

// astrayByNeutron lists those of Neutron's forwards that lead astray.
func astrayByNeutron(inv cloud.Inventory, fs []gateway.Forward) []gateway.Drift {
	if len(fs) == 0 {
		return nil
	}
	var out []gateway.Drift
	w := whereaboutsOf(inv)
	for _, f := range fs {
		if w.astray(f) {
			out = append(out, w.drift(inv, "floating IP "+f.Public.Addr().String(), f))
		}
	}
	return out
}

func settled(inv cloud.Inventory, fs []gateway.Forward) []gateway.Forward {
	if !slices.ContainsFunc(fs, func(f gateway.Forward) bool { return f.Subnet != "" }) {
		return fs
	}
	holders := inv.Holders()
	out := slices.Clone(fs)
	for i := range out {
		if f := &out[i]; f.Subnet != "" {
			f.Instance = holders[cloud.FixedIP{SubnetID: f.Subnet, Addr: f.Private.Addr()}]
		}
	}
	return out
}

// Astray lists the forwards that lead astray, the dangerous ones first.
func Astray(s gateway.State) []gateway.Drift {
	var out []gateway.Drift
	for _, kind := range []gateway.DriftKind{gateway.Reused, gateway.Gone} {
		for _, d := range s.Drift {
			if d.Kind == kind {
				out = append(out, d)
			}
		}
	}
	return out
}

// strays are the warnings that lists and plans begin with.
func strays(s gateway.State) []plan.Warning {
	var out []plan.Warning
	for _, d := range Astray(s) {
		title := "a forward leads to nobody"
		switch {
		case d.Kind == gateway.Reused:
			title = "a forward leads to another instance"
		case d.Forward.Subnet == "":
			title = "a forward leads to an instance that is gone"
		}
		out = append(out, plan.Warning{Title: title, Detail: fmt.Sprintf("%s; %s; portico sync", d.Forward, d.Why)})
	}
	return out
}
