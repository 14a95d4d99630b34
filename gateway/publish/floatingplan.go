package publish

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
	"portico/gateway/plan"
)

func (w *floatingPlan) detach() (plan.Step, error) {
	if err := w.find(); err != nil {
		return nil, err
	}
	f := w.change.fip
	switch {
	case f.PortID == "" && len(f.Forwardings) > 0:
		return nil, w.problem(gateway.Conflict, fmt.Sprintf("it is attached to nothing; it has %d port forwardings of Neutron's", len(f.Forwardings)), "delete those instead: openstack floating ip port forwarding list "+f.ID)
	case f.PortID == "":
		return nil, nil // it is free already
	}
	w.change.name = w.holder()
	for _, b := range w.breaks() {
		w.warn(b.Title, b.Detail)
		w.change.typed = f.Address.String()
	}
	if w.change.typed == "" {
		w.warn(w.change.name+" is no longer reachable at "+f.Address.String(), "what is open by that address ends now; forwards through a gateway go on")
	}
	return floating.DetachStep(w.change.cloud, f, w.change.name), nil
}

// breaks lists what of Portico's stops working without the floating IP: its own way to the gateway,
// and the forwards that come in there.
func (w *floatingPlan) breaks() []plan.Warning {
	f, own := w.change.fip, w.s.Gateway
	if !w.s.HasGateway() { // it was not asked yet, or did not answer: it is the same one all the same
		own, _ = w.p.FindGateway(w.s.Inventory)
	}
	var out []plan.Warning
	for _, g := range w.p.Gateways(w.s.Inventory) {
		inUse := own.FixedIP.IsValid() && g.PortID == own.PortID && g.FixedIP == own.FixedIP
		if g.FloatingIP != f.Address || !inUse && !isMarked(w.s.Inventory, g) {
			continue
		}
		switch {
		case !inUse, w.s.State == nil:
			out = append(out, plan.Warning{Title: "what " + g.Name + " forwards stops answering", Detail: "how many forwards come in at " + f.Address.String() + " is not known"})
		case len(w.s.State.Forwards) > 0:
			out = append(out, plan.Warning{Title: stops(len(w.s.State.Forwards)), Detail: "they come in at " + f.Address.String() + ": " + endpoints(w.s)})
		}
		if inUse {
			out = append(out, plan.Warning{
				Title:  "Portico reaches " + g.Name + " by this address",
				Detail: "without it nothing can be published, withdrawn or repaired there until the gateway has an address again",
			})
		}
	}
	return out
}

func stops(n int) string {
	if n == 1 {
		return "1 forward stops answering"
	}
	return fmt.Sprintf("%d forwards stop answering", n)
}

// endpoints names the first of what stands.
func endpoints(s Snapshot) string {
	var out []string
	for i, f := range s.State.Forwards {
		if i == maxNamed {
			out = append(out, fmt.Sprintf("%d more", len(s.State.Forwards)-i))
			break
		}
		out = append(out, InstanceName(s.Inventory, f.Instance)+" "+f.Service.Name)
	}
	return strings.Join(out, ", ")
}

func (w *floatingPlan) allocate() (plan.Step, error) {
	n, err := w.network()
	if err != nil {
		return nil, err
	}
	q := w.s.Inventory.Quotas.FloatingIPs
	used := q.Used
	if !q.Known {
		used = len(w.s.Inventory.FloatingIPs)
	}
	w.quota = []QuotaLine{{Name: "floating IPs", Before: used, After: used + 1, Max: q.Max, Known: q.Known}}
	if q.Known && q.Max >= 0 && used+1 > q.Max {
		return nil, w.problem(gateway.Quota, fmt.Sprintf("the project has %d and may have %d", used, q.Max), "release one that nobody needs, or ask for a larger quota; nothing was changed")
	}
	return floating.AllocateStep(w.change.cloud, n, w.req.Description, w.s.Inventory.FloatingIPs, w.change.made), nil
}

// network is the external network to take an address of.
func (w *floatingPlan) network() (cloud.Network, error) {
	n, all, err := ExternalNetwork(w.s.Inventory, w.req.Network)
	if err == nil {
		return n, nil
	}
	var names []string
	for _, x := range all {
		names = append(names, cmp.Or(x.Name, x.ID))
	}
	next := "ask the cloud's operators which network gives out public addresses"
	if len(names) > 0 {
		next = "name one with --network: " + strings.Join(names, ", ")
	}
	return n, w.problem(gateway.Invalid, err.Error(), next)
}

// ExternalNetwork finds an external network by name or ID, or, without either, the only one there is
// or that the project's routers lead to. all are those one can choose from.
func ExternalNetwork(inv cloud.Inventory, name string) (found cloud.Network, all []cloud.Network, err error) {
	var named, routed []cloud.Network
	for _, n := range inv.Networks {
		if !n.External {
			continue
		}
		all = append(all, n)
		if n.Name == name || n.ID == name {
			named = append(named, n)
		}
		if slices.ContainsFunc(inv.Routers, func(r cloud.Router) bool { return r.ExternalNetwork == n.ID }) {
			routed = append(routed, n)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], all, nil
	case name != "" && len(named) > 1:
		return found, all, errors.New("several external networks have this name; take the ID")
	case name != "":
		return found, all, fmt.Errorf("there is no external network %s", name)
	case len(routed) == 1:
		return routed[0], all, nil
	case len(all) == 1:
		return all[0], all, nil
	case len(all) == 0:
		return found, all, errors.New("no external network is seen from this project")
	}
	return found, all, errors.New("there are several external networks")
}

func (w *floatingPlan) release() (plan.Step, error) {
	if err := w.find(); err != nil {
		return nil, err
	}
	f := w.change.fip
	switch {
	case f.PortID != "":
		return nil, w.problem(gateway.Conflict, "it is attached to "+w.holder(), "take it off there first: portico floatingip detach "+f.Address.String())
	case len(f.Forwardings) > 0:
		return nil, w.problem(gateway.Conflict, fmt.Sprintf("it has %d port forwardings of Neutron's", len(f.Forwardings)), "delete them first: openstack floating ip port forwarding list "+f.ID)
	}
	w.change.typed = f.Address.String()
	w.warn("it cannot be taken back", "the address goes back to the cloud, which may give it to somebody else; names and allow-lists that hold it lead to them then")
	return floating.ReleaseStep(w.change.cloud, f), nil
}
