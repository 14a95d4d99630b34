package pair

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/floating"
	"portico/gateway/plan"
)

// Maker plans pairs. It is a value for one plan: Inventory is the cloud, and Hosts the two hosts, as they
// were read for that.
type Maker struct {
	Inventory cloud.Inventory
	Cloud     Cloud
	Floating  floating.Cloud
	Groups    door.Groups
	Ports     door.Ports

	Name  string
	Hosts [2]Host
	// Address is the one to share; invalid: that of the pair as it stands, else a free one.
	Address netip.Addr
	// FloatingIP leads to it; nil: none is attached, and one that leads there stays.
	FloatingIP *cloud.FloatingIP
	// Degraded leaves out what cannot be done on a host that does not answer.
	Degraded bool
	// HostsAsIs leaves the hosts of a pair that ends as they are: they have put themselves back already.
	HostsAsIs bool
}

func (m *Maker) problem(kind gateway.Kind, next, format string, args ...any) error {
	return &gateway.Error{Op: "make the pair", Target: m.Name, Kind: kind, Err: fmt.Errorf(format, args...), Next: next}
}

// standing is the pair of this name as it is: its port, if there is one.
func (m *Maker) standing() (cloud.Port, bool) {
	i := slices.IndexFunc(m.Inventory.Ports, func(p cloud.Port) bool { return NameOf(p) == m.Name })
	if i < 0 {
		return cloud.Port{}, false
	}
	return m.Inventory.Ports[i], true
}

// Make plans what is missing to the pair: all of it, when there is none.
func (m *Maker) Make() (plan.Plan, error) {
	if err := m.check(); err != nil {
		return plan.Plan{}, err
	}
	port, stands := m.standing()
	if !stands {
		var err error
		if port, err = m.newPort(); err != nil {
			return plan.Plan{}, err
		}
	}
	shared, _ := ipv4(port)
	ref := &portRef{id: port.ID}
	var steps []plan.Step
	if !stands {
		steps = append(steps, createPort(m.Cloud, m.Name, port, ref))
	}
	d := m.door()
	for _, h := range m.Hosts {
		p, _ := door.FindPort(m.Inventory.Ports, h.Member.PortID)
		if !p.PortSecurity {
			continue // it may use any address, and filters nothing
		}
		d.Ports = append(d.Ports, p)
		if !allowed(p, shared) {
			steps = append(steps, allowStep(m.Cloud, h.Member, shared, true))
		}
	}
	d.Want = []door.Rule{{Proto: door.VRRP, Peer: d.Ref}}
	k := m.keeper()
	costs := k.Costs(d)
	if err := door.CheckQuota(costs); err != nil {
		return plan.Plan{}, err
	}
	steps = append(steps, k.Open(d)...)
	for i := range m.Hosts {
		h := &m.Hosts[i]
		if s := h.setStep(h.texts(m.Name, i, m.Hosts[1-i].Member.FixedIP, shared)); s != nil {
			steps = append(steps, s)
		}
	}
	if f := m.FloatingIP; f != nil && (f.PortID == "" || f.PortID != port.ID) {
		steps = append(steps, leadStep(m.Floating, *f, ref, shared, m.Name))
	}
	return m.plan(steps, m.warnings(steps)), nil
}

// Unmake plans what removes the pair: the hosts and the floating IP stay, each by itself. The last step
// deletes the port, by which the pair is known: it is for when all else is confirmed.
func (m *Maker) Unmake() (plan.Plan, error) {
	port, stands := m.standing()
	if !stands {
		return plan.Plan{}, &gateway.Error{Op: "end the pair", Target: m.Name, Kind: gateway.NotFound, Err: fmt.Errorf("there is no pair of this name"), Next: "'portico gateways' lists what there is"}
	}
	var warnings []plan.Warning
	for _, h := range m.Hosts {
		switch {
		case h.Forwards > 0:
			return plan.Plan{}, &gateway.Error{
				Op: "end the pair", Target: m.Name, Kind: gateway.Conflict, Err: fmt.Errorf("%d forwards come in by it", h.Forwards),
				Next: "withdraw them first: portico forwards --gateway " + m.Name + " lists them",
			}
		case h.Err == nil:
		case !m.Degraded:
			return plan.Plan{}, &gateway.Error{
				Op: "end the pair", Target: m.Name, Kind: gateway.Unreachable, Err: fmt.Errorf("%s does not answer, and would go on to hold the address: %w", h.Member.Name, h.Err),
				Next: "bring it back first; or end the pair on the other host and in the cloud alone with --degraded",
			}
		default:
			warnings = append(warnings, plan.Warning{Title: "keepalived stays on " + h.Member.Name, Detail: "it does not answer; there, later: " + strings.Join(dropCommands, "; ")})
		}
	}
	shared, _ := ipv4(port)
	ref := &portRef{id: port.ID}
	var steps []plan.Step
	if f := m.FloatingIP; f != nil && f.PortID == port.ID {
		steps = append(steps, unleadStep(m.Floating, *f, ref, m.Name))
		warnings = append(warnings, plan.Warning{Title: f.Address.String() + " is free then", Detail: "'portico floatingip attach' makes it lead to a machine"})
	}
	for i := range m.Hosts {
		if s := m.Hosts[i].dropStep(); s != nil && m.Hosts[i].Err == nil && !m.HostsAsIs {
			steps = append(steps, s)
		}
	}
	steps = append(steps, m.keeper().Shut(m.door())...)
	for _, h := range m.Hosts {
		if p, _ := door.FindPort(m.Inventory.Ports, h.Member.PortID); allowed(p, shared) {
			steps = append(steps, allowStep(m.Cloud, h.Member, shared, false))
		}
	}
	steps = append(steps, deletePort(m.Cloud, m.Name, port, ref))
	return m.plan(steps, warnings), nil
}

// check refuses hosts that cannot be a pair, and a name that is another's.
func (m *Maker) check() error {
	a, b := m.Hosts[0].Member, m.Hosts[1].Member
	switch {
	case !goodName.MatchString(m.Name):
		return m.problem(gateway.Invalid, "", "a pair's name has lower-case letters, digits and dashes, 32 at most")
	case a.InstanceID == b.InstanceID:
		return m.problem(gateway.Invalid, "name two: --members gw-a,gw-b", "a pair is two hosts, and both are %s", a.Name)
	}
	_, stands := m.standing()
	for i := range m.Hosts {
		h := &m.Hosts[i]
		if err := h.unfit(); err != nil {
			return err
		}
		if h.Forwards > 0 && !stands {
			return m.problem(gateway.Conflict, "withdraw them with --gateway "+h.Member.Name+", pair, and publish them again: a pair has one address for all",
				"%s carries %d forwards for an address of its own", h.Member.Name, h.Forwards)
		}
	}
	for _, i := range m.Inventory.Instances {
		if i.Name == m.Name {
			return m.problem(gateway.Conflict, "choose another name", "an instance has this name, and --gateway could mean either")
		}
	}
	return m.checkOthers(a.InstanceID, b.InstanceID)
}

// checkOthers refuses hosts that are of another pair, and a pair of this name that has other hosts.
func (m *Maker) checkOthers(first, second string) error {
	for _, p := range m.Inventory.Ports {
		other := mark.FindStringSubmatch(p.Description)
		if other == nil || p.DeviceID != "" {
			continue
		}
		hosts := other[2:]
		switch {
		case other[1] == m.Name && !slices.Equal(hosts, []string{first, second}):
			return m.problem(gateway.Conflict, "end that pair first, or choose another name", "there is a pair of this name with other hosts, or with these in the other order")
		case other[1] != m.Name && (slices.Contains(hosts, first) || slices.Contains(hosts, second)):
			return m.problem(gateway.Conflict, "end that pair first, or take other hosts", "one of the hosts is of the pair %s", other[1])
		}
	}
	return nil
}

// newPort is the port to make: with the address that was asked for, else a free one.
func (m *Maker) newPort() (cloud.Port, error) {
	a, _ := door.FindPort(m.Inventory.Ports, m.Hosts[0].Member.PortID)
	b, ok := door.FindPort(m.Inventory.Ports, m.Hosts[1].Member.PortID)
	if !ok || a.NetworkID != b.NetworkID {
		return cloud.Port{}, m.problem(gateway.Invalid, "take two hosts on one network", "the hosts are not on the same network, and cannot share an address")
	}
	i := slices.IndexFunc(a.FixedIPs, func(x cloud.FixedIP) bool { return x.Addr == m.Hosts[0].Member.FixedIP })
	subnet, known := m.Inventory.Subnet(a.FixedIPs[max(0, i)].SubnetID)
	if !known || !subnet.CIDR.Contains(m.Hosts[1].Member.FixedIP) {
		return cloud.Port{}, m.problem(gateway.Invalid, "take two hosts in one subnet", "the hosts are not in the same subnet")
	}
	addr := m.Address
	if !addr.IsValid() {
		addr = m.freeAddress(subnet)
	}
	switch {
	case !addr.IsValid():
		return cloud.Port{}, m.problem(gateway.Conflict, "name one with --address", "no address of %s is free, as far as this project sees", subnet.CIDR)
	case !subnet.CIDR.Contains(addr) || !addr.Is4():
		return cloud.Port{}, m.problem(gateway.Invalid, "name one of the hosts' subnet", "%s is not in %s", addr, subnet.CIDR)
	case m.taken()[addr] || addr == subnet.GatewayIP:
		return cloud.Port{}, m.problem(gateway.Conflict, "name a free one", "somebody has %s", addr)
	}
	return cloud.Port{
		Name: "portico-pair-" + m.Name, Description: markOf(m.Name, m.Hosts[0].Member.InstanceID, m.Hosts[1].Member.InstanceID), NetworkID: a.NetworkID,
		FixedIPs: []cloud.FixedIP{{SubnetID: subnet.ID, Addr: addr}},
	}, nil
}

func (m *Maker) taken() map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	for _, p := range m.Inventory.Ports {
		for _, ip := range p.FixedIPs {
			out[ip.Addr] = true
		}
	}
	return out
}

// tries is how many addresses are looked at for a free one.
const tries = 4096

// freeAddress is the first address after the second host's that no port has; going round at the end.
func (m *Maker) freeAddress(subnet cloud.Subnet) netip.Addr {
	taken := m.taken()
	net := subnet.CIDR.Masked()
	a := m.Hosts[1].Member.FixedIP
	for range tries {
		a = a.Next()
		if !net.Contains(a.Next()) { // the last one is for all
			a = net.Addr().Next()
		}
		if !taken[a] && a != subnet.GatewayIP {
			return a
		}
	}
	return netip.Addr{}
}

func (m *Maker) door() *door.Door {
	return door.New(&m.Inventory, "vrrp", groupName(m.Name), groupMark(m.Name))
}

func (m *Maker) keeper() *door.Keeper {
	mark := groupMark(m.Name)
	return &door.Keeper{Groups: m.Groups, Ports: m.Ports, Inventory: &m.Inventory, PeerName: groupName(m.Name), Ours: func(d string) bool { return d == mark }}
}

// Costs is what making the pair takes of the project's quotas.
func (m *Maker) Costs() []door.Cost {
	d := m.door()
	for _, h := range m.Hosts {
		if p, ok := door.FindPort(m.Inventory.Ports, h.Member.PortID); ok && p.PortSecurity {
			d.Ports = append(d.Ports, p)
		}
	}
	d.Want = []door.Rule{{Proto: door.VRRP, Peer: d.Ref}}
	return m.keeper().Costs(d)
}

func (m *Maker) warnings(steps []plan.Step) []plan.Warning {
	if len(steps) == 0 {
		return nil
	}
	out := []plan.Warning{{Title: "connections end when the other host takes over", Detail: "new ones are let in within about 2 s; one that is open breaks, because the other host does not know it"}}
	for _, h := range m.Hosts {
		if !h.Member.FloatingIP.IsValid() {
			out = append(out, plan.Warning{Title: h.Member.Name + " has no floating IP of its own", Detail: "Portico changes both hosts and has to reach each: by ~/.ssh/config, through the other one for instance"})
		}
	}
	return out
}

func (m *Maker) plan(steps []plan.Step, warnings []plan.Warning) plan.Plan {
	h := sha256.New()
	var base []plan.Fingerprint
	for i := range m.Hosts {
		x := &m.Hosts[i]
		if x.Err == nil {
			base = append(base, plan.Fingerprint{Source: cmp.Or(x.Member.Name, "host") + " keepalived", Value: x.Sums.Files})
		}
	}
	_, _ = fmt.Fprintf(h, "%+v", base)
	for _, s := range steps {
		_, _ = fmt.Fprintf(h, "%+v", s.Change())
	}
	return plan.Plan{ID: hex.EncodeToString(h.Sum(nil))[:12], Steps: steps, Warnings: warnings, Base: base}
}
