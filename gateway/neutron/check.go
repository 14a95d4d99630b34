package neutron

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// check refuses forwards that Neutron would, in words of what stands in the way. changed are those that
// do not stand as they are to.
func (e *Engine) check(want []gateway.Forward, changed []change) error {
	if len(changed) == 0 {
		return nil
	}
	if ok, why, next := Available(&e.Inventory); !ok {
		return obstacle("make forwards by", Name, gateway.Invalid, why, orNat(next))
	}
	if err := checkTogether(want); err != nil {
		return err
	}
	for _, c := range changed {
		if err := e.checkForward(c.want); err != nil {
			return err
		}
		if err := e.checkAddress(c.want); err != nil {
			return err
		}
		if err := e.checkOthers(c); err != nil {
			return err
		}
	}
	return nil
}

// checkTogether refuses forwards that cannot stand beside each other.
func checkTogether(want []gateway.Forward) error {
	ports := map[gateway.Key]gateway.Forward{}
	sockets := map[socket]gateway.Forward{}
	for _, f := range want {
		for n, k := range f.Keys() {
			if g, dup := ports[k]; dup {
				return conflict(f, fmt.Sprintf("%s port %d of %s would lead to %s and to %s", f.Service.Protocol, k.Public.Port(), f.Public.Addr(), g.PrivateText(), f.PrivateText()), "choose other ports with --scheme or --port")
			}
			s := socketOf(f)
			s.private = netip.AddrPortFrom(s.private.Addr(), s.private.Port()+uint16(n))
			if g, dup := sockets[s]; dup {
				return conflict(f, fmt.Sprintf("%s port %d of the VM would have two public ports, %s and %s; Neutron gives it one", f.Service.Protocol, s.private.Port(), g.PublicText(), f.PublicText()), "leave one of them out, or publish one of them with --engine nat")
			}
			ports[k], sockets[s] = f, f
		}
	}
	return nil
}

func orNat(next string) string {
	if next == "" {
		return "publish through a gateway: --engine nat"
	}
	return next + "; or publish through a gateway: --engine nat"
}

func conflict(f gateway.Forward, why, next string) error {
	return obstacle("publish", f.String(), gateway.Conflict, why, next)
}

// checkForward is about the forward alone.
func (e *Engine) checkForward(f gateway.Forward) error {
	invalid := func(next, format string, args ...any) error {
		return obstacle("publish", f.String(), gateway.Invalid, fmt.Sprintf(format, args...), next)
	}
	if _, _, _, ours := readMark(mark(f)); !ours {
		return invalid("", "a service's name has lower-case letters, digits and dashes only, 32 at most, and an instance is named by its UUID")
	}
	switch {
	case f.Subnet != "":
		return invalid("publish the subnet through a gateway: --engine nat", "Neutron forwards to VMs that there are, not to every address of a subnet")
	case !f.Private.Addr().Is4() || !f.Public.Addr().Is4():
		return invalid("publish it by an IPv4 address", "Neutron forwards IPv4 alone")
	case f.Ports() > 1 && !e.Inventory.HasExtension(extRanges):
		return invalid("publish single ports, or with --engine nat", "this cloud forwards single ports alone (Neutron lacks %s)", extRanges)
	case f.Private.Port() == 0 || f.Public.Port() == 0:
		return invalid("name a port from 1 to 65535", "a port is a number from 1 to 65535")
	case f.Service.Protocol != gateway.TCP && f.Service.Protocol != gateway.UDP:
		return invalid("", "protocol %q is neither tcp nor udp", f.Service.Protocol)
	case len(mark(f)) > maxDescription:
		return invalid("name fewer, larger networks with --from, or publish with --engine nat", "who may come in stands in the forwarding's description, which holds %d characters: %d sources are too many", maxDescription, len(f.Sources))
	}
	if i := slices.IndexFunc(f.Sources, func(s netip.Prefix) bool { return !s.Addr().Is4() }); i >= 0 {
		return invalid("name an IPv4 network", "source %s is not an IPv4 network", f.Sources[i])
	}
	return e.checkPort(f)
}

// checkPort is about the VM's port that a forward leads to.
func (e *Engine) checkPort(f gateway.Forward) error {
	p, ok := e.portOf(f)
	switch {
	case !ok:
		return conflict(f, fmt.Sprintf("no port of the VM has the address %s any more", f.Private.Addr()), "plan again")
	case !p.PortSecurity && len(f.Sources) > 0:
		return obstacle("publish", f.String(), gateway.Invalid, "port security is off at the VM's port: nothing there asks where a client comes from, and everybody could connect",
			"switch port security on, or publish with --engine nat, where the gateway's own group asks")
	}
	return nil
}

// checkAddress is about the floating IP and the way from it to the VM.
func (e *Engine) checkAddress(f gateway.Forward) error {
	for _, a := range Addresses(&e.Inventory) {
		if a.FloatingIP.Address != f.Public.Addr() {
			continue
		}
		if a.Why != "" {
			return obstacle("publish", f.String(), gateway.Conflict, a.FloatingIP.Address.String()+": "+a.Why, a.Next)
		}
		i, ok := e.Inventory.Instance(f.Instance)
		if !ok {
			return conflict(f, "there is no such instance any more", "withdraw it")
		}
		place, err := e.placesOf(a.FloatingIP).On(i)
		if err == nil && place.Addr != f.Private.Addr() {
			if _, here := e.portOf(f); !here {
				return conflict(f, fmt.Sprintf("the VM has another address by now, %s", place.Addr), "plan again")
			}
		}
		return err
	}
	return obstacle("publish", f.String(), gateway.NotFound, fmt.Sprintf("this project has no floating IP %s", f.Public.Addr()), "'portico floatingips' lists those that it has")
}

// checkOthers is about forwardings of others that stand already. Of two at one public port, or at one
// port of a VM, Neutron refuses the second.
func (e *Engine) checkOthers(c change) error {
	f := c.want
	for _, o := range e.all() {
		if o.ours || o.rule.ID == c.ruleID() || o.rule.Protocol != string(f.Service.Protocol) {
			continue
		}
		if o.fip.Address == f.Public.Addr() && o.rule.External <= f.PublicLast() && f.Public.Port() <= o.rule.Last() {
			return conflict(f, fmt.Sprintf("%s port %s of %s is taken by a forwarding that was made elsewhere: %s", f.Service.Protocol, f.PublicPorts(), f.Public.Addr(), describe(o.rule)),
				fmt.Sprintf("choose another port with --port, or take it over: portico adopt %d", o.rule.External))
		}
		if o.rule.Internal.Addr() == f.Private.Addr() && o.rule.Internal.Port() <= f.PrivateLast() && f.Private.Port() <= o.rule.LastInternal() && e.samePort(o.rule.InternalPortID, f) {
			return conflict(f, fmt.Sprintf("a forwarding that was made elsewhere leads to this port of the VM already, and Neutron makes no second one: %s %s", o.fip.Address, describe(o.rule)),
				fmt.Sprintf("take it over: portico adopt %d", o.rule.External))
		}
	}
	return nil
}

// samePort reports whether a forward leads to this port of Neutron's.
func (e *Engine) samePort(id string, f gateway.Forward) bool {
	p, ok := e.portOf(f)
	return ok && p.ID == id
}

// refusal is one that Neutron may still answer with, because something has changed since the plan was
// made, and what to do about it.
type refusal struct{ words, why, next string }

// refusals are in Neutron's own words, as far as they are the same in all its versions.
var refusals = []refusal{
	{"external_port_range", "somebody has made a forwarding from this port meanwhile", "plan again"},
	{"internal_port_range", "somebody has made a forwarding to this port of the VM meanwhile, and Neutron makes no second one", "plan again"},
	{"has a binding floating IP", "somebody has given the VM a floating IP of its own meanwhile", "plan again; a VM that has one needs no forwarding"},
	{"already has a floating IP on external network", "somebody has attached the floating IP meanwhile", "plan again with another address (--via)"},
	{"in use by Port Forwarding", "the floating IP has port forwardings", "withdraw what it forwards first"},
	{"Port Forwarding binding", "the VM has port forwardings, and its router is a distributed one", "withdraw what is forwarded to it first"},
	{"must allocate an IPv4 address", "the VM has no IPv4 address any more", "plan again"},
	{"is not suitable for internal neutron port", "the VM has another address by now", "plan again"},
	{"does not correspond to an address on the internal port", "the VM has another address by now", "plan again"},
	{"is not reachable from subnet", "no router joins the VM's subnet to the floating IP's network", "join them by a router (openstack router add subnet), or publish with --engine nat"},
	{"had been set on router", "what this floating IP forwards already is on another router than the VM's", "choose another floating IP with --via"},
	{"A duplicate port forwarding entry", "somebody has made the same forwarding meanwhile", "plan again"},
	{"Another port forwarding entry", "somebody has made such a forwarding meanwhile", "plan again"},
	{"must be N-N or 1-N", "as many public ports as ports of the VM are needed, or a single port of the VM", "name ranges of one length"},
	{"between 1 and 65535", "a port is a number from 1 to 65535", "name another port"},
}

// explained adds to a refusal of Neutron's what it means and what to do about it.
func explained(op string, f cloud.FloatingIP, err error) error {
	if err == nil {
		return nil
	}
	if cloud.KindOf(err) == gateway.Permission {
		return &gateway.Error{
			Op: op, Target: "a forwarding of " + target(f), Kind: gateway.Permission, Err: err,
			Next: "ask for the role member; some clouds of 2023 let administrators alone forward ports, which their operators can correct (Neutron bug 2018989)",
		}
	}
	for _, r := range refusals {
		if strings.Contains(err.Error(), r.words) {
			return &gateway.Error{Op: op, Target: "a forwarding of " + target(f), Kind: cloud.KindOf(err), Err: fmt.Errorf("%s: %w", r.why, err), Next: r.next}
		}
	}
	return err
}
