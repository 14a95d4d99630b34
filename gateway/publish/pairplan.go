package publish

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/pair"
	"portico/gateway/plan"
)

// PairVerb is what a request does with a pair of hosts.
type PairVerb string

// The verbs.
const (
	MakePair PairVerb = "pair"
	EndPair  PairVerb = "unpair"
)

// PairRequest is what an operator asks of a pair of hosts. The zero value asks nothing: then the request it
// is part of is about something else.
type PairRequest struct {
	Do    PairVerb
	Name  string
	Hosts []string // two instances, by name or ID; none: those that the pair has
	// Address is the one to share; invalid: the pair's own, else a free one of the hosts' subnet.
	Address netip.Addr
	// FloatingIP leads there, by its address; "": the one that does, else the only free one.
	FloatingIP string
	Degraded   bool // leave out a host that does not answer, when the pair is ended

	// asIs is about a pair that its hosts have taken back by themselves: they are left as they are where they
	// share nothing, and so is, without FloatingIP, where one leads.
	asIs bool
}

// pairChange is what a proposal about a pair has besides its plan.
type pairChange struct {
	req   PairRequest
	maker *pair.Maker
	from  cloud.Identity
	by    *Publisher
	last  int // how many steps wait for the others to be confirmed
}

func (c *pairChange) title() string {
	names := c.maker.Hosts[0].Member.Name + " and " + c.maker.Hosts[1].Member.Name
	if c.req.Do == EndPair {
		return "end the pair " + c.req.Name + " of " + names
	}
	return "make a pair " + c.req.Name + " of " + names
}

// AboutPair reports whether a proposal makes or ends a pair of hosts.
func (p Proposal) AboutPair() bool { return p.pair != nil }

func pairProblem(r PairRequest, kind gateway.Kind, next, format string, args ...any) error {
	op := "make the pair"
	if r.Do == EndPair {
		op = "end the pair"
	}
	return &gateway.Error{Op: op, Target: cloud.Clean(r.Name), Kind: kind, Err: fmt.Errorf(format, args...), Next: next}
}

// lookAtHosts reads the two hosts that a request about a pair is about.
func (p *Publisher) lookAtHosts(ctx context.Context, inv cloud.Inventory, r PairRequest) (*[2]pair.Host, error) {
	if err := readable(inv); err != nil {
		return nil, err
	}
	members, stands, err := p.pairMembers(inv, r)
	if err != nil {
		return nil, err
	}
	var out [2]pair.Host
	var work sync.WaitGroup
	for i, m := range members {
		work.Go(func() {
			gw := gateway.Gateway{Name: m.Name, InstanceID: m.InstanceID, PortID: m.PortID, FixedIP: m.FixedIP, FloatingIP: m.FloatingIP}
			runner := &lazyRunner{p: p, gw: gw, inv: inv}
			out[i] = pair.Look(ctx, m, runner)
			switch {
			case out[i].Err != nil:
				return
			case stands != nil:
				gw = stands.Hosts()[i]
			}
			engine := p.newEngine(gw, runner, inv)
			state, err := engine.Observe(ctx)
			out[i].Err, out[i].Forwards = err, len(state.Forwards)+len(state.Lost)
			rules := engine.Sums(state.Base)
			out[i].Sums.NAT, out[i].Sums.Filter = rules.NAT, rules.Filter
		})
	}
	work.Wait()
	return &out, nil
}

// pairMembers are the hosts that a request names, or those of the pair that stands; stands is that pair, if it is of these.
func (p *Publisher) pairMembers(inv cloud.Inventory, r PairRequest) (members [2]gateway.Member, stands *gateway.Gateway, err error) {
	for _, gw := range p.pairs(inv) {
		if gw.Name == r.Name {
			members, stands = gw.Members, &gw
		}
	}
	if len(r.Hosts) == 0 {
		if stands == nil {
			return members, nil, pairProblem(r, gateway.NotFound, "'portico gateways' lists what there is; name two hosts with --members to make one", "there is no pair of this name")
		}
		return members, stands, nil
	}
	if len(r.Hosts) != len(members) {
		return members, nil, pairProblem(r, gateway.Invalid, "name two: --members gw-a,gw-b", "a pair is two hosts, not %d", len(r.Hosts))
	}
	var found [2]cloud.Instance
	for i, name := range r.Hosts {
		if found[i], err = resolveInstance(inv, strings.TrimSpace(name)); err != nil {
			return members, nil, err
		}
	}
	for _, port := range floatingFirst(inv, inv.InstancePorts(found[0].ID)) {
		a, ok := pair.HostOn(&inv, found[0].ID, port.NetworkID)
		b, both := pair.HostOn(&inv, found[1].ID, port.NetworkID)
		if ok && both {
			if members != [2]gateway.Member{a, b} {
				stands = nil
			}
			return [2]gateway.Member{a, b}, stands, nil
		}
	}
	return members, nil, pairProblem(r, gateway.Invalid, "take two hosts on one network", "%s and %s are on no network together", found[0].Name, found[1].Name)
}

// floatingFirst are ports with those first that have a floating IP: by them a gateway works.
func floatingFirst(inv cloud.Inventory, ports []cloud.Port) []cloud.Port {
	out := slices.Clone(ports)
	slices.SortStableFunc(out, func(a, b cloud.Port) int {
		return len(inv.FloatingIPsOf([]cloud.Port{b})) - len(inv.FloatingIPsOf([]cloud.Port{a}))
	})
	return out
}

// planPair plans what is asked of a pair, from the snapshot that [Publisher.SnapshotFor] took for it.
func (p *Publisher) planPair(s Snapshot, req Request) (Proposal, error) {
	r := req.Pair
	if p.options.Pairs == nil || p.options.FloatingIPs == nil {
		return Proposal{}, pairProblem(r, gateway.Internal, "", "this program was put together without a way to do that")
	}
	if s.hosts == nil {
		return Proposal{}, pairProblem(r, gateway.Unreachable, "look at the hosts first", "what the hosts have is not known yet")
	}
	m := &pair.Maker{
		Inventory: s.Inventory, Cloud: p.options.Pairs, Floating: p.options.FloatingIPs, Groups: p.groups, Ports: p.ports,
		Name: r.Name, Hosts: *s.hosts, Address: r.Address, Degraded: r.Degraded, HostsAsIs: r.asIs,
	}
	var pl plan.Plan
	fip, err := p.pairFloatingIP(s.Inventory, r)
	if err != nil {
		return Proposal{}, err
	}
	m.FloatingIP = fip
	if r.Do == EndPair {
		pl, err = m.Unmake()
	} else {
		pl, err = m.Make()
	}
	if err != nil {
		return Proposal{}, err
	}
	change := &pairChange{req: r, maker: m, from: s.Inventory.Identity, by: p}
	pr := Proposal{Request: req, Plan: pl, pair: change, Quota: []QuotaLine{}}
	if r.Do == MakePair {
		pr.Quota = quotaLines(m.Costs())
	} else {
		change.last = 1
	}
	gw := gateway.Gateway{Name: r.Name, Members: [2]gateway.Member{m.Hosts[0].Member, m.Hosts[1].Member}}
	pr.Gateway, pr.shells = gw, p.shells(gw)
	return pr, nil
}

// pairFloatingIP is the one that is to lead to the pair; of a pair to end, the one that does.
func (p *Publisher) pairFloatingIP(inv cloud.Inventory, r PairRequest) (*cloud.FloatingIP, error) {
	var leads *cloud.FloatingIP
	var free []cloud.FloatingIP
	port := ""
	for _, x := range inv.Ports {
		if pair.NameOf(x) == r.Name {
			port = x.ID
		}
	}
	for _, f := range inv.FloatingIPs {
		switch {
		case f.PortID != "" && f.PortID == port:
			leads = &f
		case f.PortID == "" && len(f.Forwardings) == 0:
			free = append(free, f)
		}
	}
	switch {
	case r.Do == EndPair, r.FloatingIP == "" && (leads != nil || r.asIs):
		return leads, nil
	case r.FloatingIP != "":
		return namedFloatingIP(inv, r, leads)
	case len(free) == 1:
		return &free[0], nil
	case len(free) == 0:
		return nil, pairProblem(r, gateway.NotFound, "take one: portico floatingip allocate; or free one: portico floatingip detach ADDRESS", "no floating IP is free to lead to the pair")
	}
	var names []string
	for _, f := range free {
		names = append(names, f.Address.String())
	}
	return nil, pairProblem(r, gateway.Invalid, "name one with --floating-ip: "+strings.Join(names, ", "), "several floating IPs are free")
}

func namedFloatingIP(inv cloud.Inventory, r PairRequest, leads *cloud.FloatingIP) (*cloud.FloatingIP, error) {
	for _, f := range inv.FloatingIPs {
		if f.Address.String() != r.FloatingIP && f.ID != r.FloatingIP {
			continue
		}
		switch {
		case leads != nil && leads.ID == f.ID:
			return &f, nil
		case leads != nil:
			return nil, pairProblem(r, gateway.Conflict, "detach that one first: portico floatingip detach "+leads.Address.String(), "%s leads to the pair already", leads.Address)
		case f.PortID != "":
			return nil, pairProblem(r, gateway.Conflict, "free it first: portico floatingip detach "+f.Address.String()+"; both hosts must then still be reached, by ~/.ssh/config for instance", "%s leads to something else", f.Address)
		case len(f.Forwardings) > 0:
			return nil, pairProblem(r, gateway.Conflict, "take another one", "%s has port forwardings of Neutron's", f.Address)
		}
		return &f, nil
	}
	return nil, pairProblem(r, gateway.NotFound, "'portico floatingips' lists those there are", "the project has no floating IP %s", cloud.Clean(r.FloatingIP))
}

var errNoneActive = errors.New("none of the hosts has taken the shared address")
