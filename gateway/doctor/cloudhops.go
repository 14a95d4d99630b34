package doctor

import (
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// judgeFloatingIP says whether the public address is one of the project's and leads where it should.
func (f *facts) judgeFloatingIP() []Finding {
	addr := f.fwd.Public.Addr()
	if f.inv.Unknown("floating IPs") {
		return []Finding{unknownPart("floating IPs")}
	}
	if !addr.IsValid() {
		return []Finding{blocked(NotAssociated, f.endName()+" has no floating IP", Evidence{Words: "the project's floating IPs", Raw: f.floatingList()}).with(
			tell("the project's operator", "%s has no floating IP, so nothing reaches it from outside. Take one (portico floatingip allocate) and attach it (portico floatingip attach ADDRESS %s).", f.endName(), f.endWord()))}
	}
	if f.floating == nil {
		if f.outside() {
			return []Finding{ok(fmt.Sprintf("%s is the gateway's own address, not a floating IP of this project", addr))}
		}
		return []Finding{blocked(NoSuchAddress, fmt.Sprintf("the project has no floating IP %s", addr),
			Evidence{Words: "its floating IPs", Raw: f.floatingList()}).with(
			tell("whoever gave you the address", "%s is not a floating IP of project %s: is it the right address, and the right project?", addr, f.inv.Identity.Project))}
	}
	fip := f.floating
	raw := Evidence{Words: "the floating IP as Neutron has it", Raw: fmt.Sprintf("id %s status %s port %s router %s", fip.ID, fip.Status, orNone(fip.PortID), orNone(fip.RouterID))}
	switch {
	case f.route == viaNeutron:
		if fip.Status == "ACTIVE" {
			return []Finding{ok(fmt.Sprintf("%s forwards ports, active", addr), raw)}
		}
		return []Finding{degraded(FloatingIPDown, fmt.Sprintf("%s forwards ports, but its status is %s", addr, fip.Status), raw)}
	case fip.PortID == "":
		return []Finding{blocked(NotAssociated, fmt.Sprintf("%s is not associated with anything", addr), raw).with(f.associate())}
	case f.target() != nil && fip.PortID != f.target().ID:
		return []Finding{blocked(WrongAssociation, fmt.Sprintf("%s leads to %s, not to %s", addr, f.portName(fip.PortID), f.endName()), raw)}
	case fip.Status != "ACTIVE":
		return []Finding{degraded(FloatingIPDown, fmt.Sprintf("%s is attached to %s, but its status is %s", addr, f.endName(), fip.Status), raw)}
	}
	return []Finding{ok(fmt.Sprintf("%s is attached to %s, active", addr, f.endName()), raw)}
}

// outside reports whether the gateway is a host that configuration names, not an instance.
func (f *facts) outside() bool {
	return f.gw.FixedIP.IsValid() && f.gw.InstanceID == "" && !f.gw.IsPair()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (f *facts) floatingList() string {
	var out []string
	for _, x := range f.inv.FloatingIPs {
		out = append(out, fmt.Sprintf("%s %s", x.Address, x.Status))
	}
	return strings.Join(out, "\n")
}

// target is the port that the floating IP should lead to; nil if it is not known.
func (f *facts) target() *cloud.Port {
	if f.route == direct {
		return f.vmPort
	}
	if f.gw.IsPair() {
		return f.gwEnd
	}
	return f.gwPort
}

// endName is what the floating IP should lead to.
func (f *facts) endName() string {
	if f.route == direct {
		return f.vmName()
	}
	return f.gw.Name
}

// endWord names the end in a command: a placeholder where no gateway is known.
func (f *facts) endWord() string {
	if f.route != direct && f.gw.InstanceID == "" {
		return "VM"
	}
	return gateway.Quote(f.endName())
}

func (f *facts) portName(id string) string {
	for _, p := range f.inv.Ports {
		if p.ID == id {
			return publish.InstanceName(*f.inv, p.DeviceID)
		}
	}
	return "port " + id
}

func (f *facts) associate() *Fix {
	p := f.target()
	if f.elsewhere != nil {
		return tell("whoever gave you the address", "Floating IP %s is free: it leads nowhere. The gateway %s is at %s: try port %d there.", f.fwd.Public.Addr(), f.elsewhere.Name, f.elsewhere.FloatingIP, f.fwd.Public.Port())
	}
	if f.guessed { // another one may be promised to somebody
		return tell("the project's operator", "%s has no floating IP any more, and it is not known which of the free ones it had. Attach that one: portico floatingip attach ADDRESS %s",
			f.gw.Name, f.gw.InstanceID)
	}
	if f.gw.IsPair() && f.route != direct {
		return tell("the project's operator", "Floating IP %s leads nowhere. Make it lead to the pair: portico gateway pair %s --floating-ip %s", f.fwd.Public.Addr(), f.gw.Name, f.fwd.Public.Addr())
	}
	if p == nil {
		return tell("the project's operator", "Floating IP %s is not associated. Associate it with the port of the machine that it should lead to.", f.fwd.Public.Addr())
	}
	return &Fix{
		Title: fmt.Sprintf("associate %s with %s", f.fwd.Public.Addr(), f.endName()), Kind: FixPlan,
		Request: &publish.Request{FloatingIP: publish.FloatingIPRequest{Do: publish.Attach, Address: f.floating.ID, Instance: p.DeviceID, Fixed: fixedOf(*p)}},
	}
}

// fixedOf is a port's IPv4 address.
func fixedOf(p cloud.Port) string {
	for _, ip := range p.FixedIPs {
		if ip.Addr.Is4() {
			return ip.Addr.String()
		}
	}
	return ""
}

// judgeRouter says whether the router between outside and inside is up and has a way out.
func (f *facts) judgeRouter() []Finding {
	if f.inv.Unknown("routers") {
		return []Finding{unknownPart("routers")}
	}
	if f.floating == nil && f.outside() {
		return []Finding{unknown("", "the gateway is outside of this project: its routers are not seen here", "the project that the gateway belongs to")}
	}
	r, found := f.router()
	if !found {
		return []Finding{unknown(NotPermitted, "the router of its network is not visible in this project", "the right to see the router")}
	}
	raw := Evidence{Words: "the router as Neutron has it", Raw: fmt.Sprintf("id %s status %s admin_state_up %t external network %s", r.ID, r.Status, r.AdminUp, orNone(r.ExternalNetwork))}
	switch {
	case !r.AdminUp:
		return []Finding{blocked(RouterDown, r.Name+" is switched off (admin state down)", raw).with(
			tell("the project's operator", "Router %s (%s) is administratively down. Switch it on: openstack router set --enable %s", r.Name, r.ID, r.ID))}
	case r.ExternalNetwork == "":
		return []Finding{blocked(NoExternalGateway, r.Name+" has no external gateway", raw).with(
			tell("the project's operator", "Router %s (%s) has no external gateway, so floating IP %s leads nowhere. Set it: openstack router set --external-gateway %s %s",
				r.Name, r.ID, f.fwd.Public.Addr(), f.externalNetwork(), r.ID))}
	case r.Status != "ACTIVE":
		return []Finding{degraded(RouterDown, fmt.Sprintf("%s has the status %s", r.Name, r.Status), raw).with(
			tell("cloud support", "Router %s has the status %s since we noticed at %s; floating IP %s does not answer.", r.ID, r.Status, f.inv.At.UTC().Format("15:04 UTC"), f.fwd.Public.Addr()))}
	}
	return []Finding{ok(r.Name+" has its external gateway, up", raw)}
}

func (f *facts) externalNetwork() string {
	if f.floating != nil && f.floating.NetworkID != "" {
		return f.floating.NetworkID
	}
	return "NETWORK"
}

// router is the one that the floating IP hangs on, or else one with a port on the same network.
func (f *facts) router() (cloud.Router, bool) {
	id := ""
	if f.floating != nil {
		id = f.floating.RouterID
	}
	p := f.target()
	if p == nil {
		p = f.vmPort
	}
	if id == "" && p != nil {
		for _, x := range f.inv.Ports {
			if x.NetworkID == p.NetworkID && strings.HasPrefix(x.DeviceOwner, "network:") && strings.Contains(x.DeviceOwner, "router_interface") {
				id = x.DeviceID
				break
			}
		}
	}
	i := slices.IndexFunc(f.inv.Routers, func(r cloud.Router) bool { return r.ID == id })
	if i < 0 {
		return cloud.Router{}, false
	}
	return f.inv.Routers[i], true
}

// judgePort says whether a port and its network are switched on.
func (f *facts) judgePort(p cloud.Port, of string) []Finding {
	if !p.AdminUp {
		return []Finding{blocked(PortDown, "the port of "+of+" is switched off (admin state down)", Evidence{Words: "the port as Neutron has it", Raw: "id " + p.ID + " admin_state_up false status " + p.Status}).with(
			tell("the project's operator", "Port %s of %s is administratively down. Switch it on: openstack port set --enable %s", p.ID, of, p.ID))}
	}
	for _, n := range f.inv.Networks {
		if n.ID == p.NetworkID && !n.AdminUp {
			return []Finding{blocked(NetworkDown, "network "+n.Name+" is switched off (admin state down)", Evidence{Words: "the network as Neutron has it", Raw: "id " + n.ID + " admin_state_up false"}).with(
				tell("the project's operator", "Network %s (%s) is administratively down. Switch it on: openstack network set --enable %s", n.Name, n.ID, n.ID))}
		}
	}
	return nil
}

// judgeGatewayGroups says whether the public port is let in at the gateway's port, which is before
// any translation.
func (f *facts) judgeGatewayGroups() []Finding {
	if f.inv.Unknown("ports") {
		return []Finding{unknownPart("ports")}
	}
	if f.fwd.Public.Port() == 0 {
		return f.noAddress()
	}
	if f.gwPort == nil {
		if !f.outside() {
			return nil
		}
		return []Finding{unknown("", f.gw.Name+" is no instance of this project: its groups are not seen here", "the project that the gateway belongs to")}
	}
	t := traffic{proto: f.fwd.Service.Protocol, port: f.fwd.Public.Port(), from: f.me(), who: "outside"}
	found := judgeAdmission(f.inv, *f.gwPort, t, GatewayGroup, GatewayGroup)
	if found.Verdict == Blocked && f.standing == absent {
		found.Cause, found.Text = NotPublished, fmt.Sprintf("%s is not published: %s", t.service(), found.Text)
	}
	if found.Verdict == Blocked {
		found.Fix = f.repair(fmt.Sprintf("open %s in portico-%s", t.service(), f.gw.Name))
		if f.route == toGateway {
			found.Fix = tell("the project's operator", "Let %s in to %s: openstack security group rule create --protocol %s --dst-port %d GROUP, with a group that its port %s carries.",
				t.service(), f.gw.Name, t.proto, t.port, f.gwPort.ID)
		}
	}
	return append(f.judgePort(*f.gwPort, f.gw.Name), found)
}

// repair puts right what is Portico's own. Of what is not published there is nothing to put right:
// then it is published.
func (f *facts) repair(title string, instances ...string) *Fix {
	switch f.standing {
	case byHand:
		return tell("the project's operator", "Forward %s was made by hand on %s. To do: %s. Portico can take it over: portico adopt %d", f.fwd.Public, f.gw.Name, title, f.fwd.Public.Port())
	case absent:
		return f.publishFix()
	case assumed:
		return tell("the project's operator", "%s cannot be looked at now. When it answers: portico repair. By hand, what is to do is: %s.", f.gw.Name, title)
	case published, lost:
	}
	return &Fix{Title: title, Kind: FixPlan, Request: &publish.Request{Repair: true, Instances: instances, On: f.gw}}
}

func (f *facts) publishFix() *Fix {
	if f.vm == nil {
		return nil
	}
	return &Fix{
		Title: fmt.Sprintf("publish %s of %s", f.fwd.Service.Name, f.vm.Name), Kind: FixPlan,
		Request: &publish.Request{Instances: []string{f.vm.ID}, Services: []string{f.serviceText()}, KeepPorts: true, KeepSources: true, On: f.gw},
	}
}

// serviceText is the service as a request names it.
func (f *facts) serviceText() string {
	s := f.fwd.Service
	for _, known := range publish.Services() {
		if known == s {
			return s.Name
		}
	}
	return fmt.Sprintf("%s=%s/%d", s.Name, s.Protocol, s.Port)
}

// judgeVMGroups says whether the service is let in at the VM's port, from the gateway or the client.
func (f *facts) judgeVMGroups() []Finding {
	if f.inv.Unknown("ports") {
		return []Finding{unknownPart("ports")}
	}
	if f.vmPort == nil && f.fwd.Private.IsValid() {
		return []Finding{f.goneFinding()}
	}
	if f.vmPort == nil {
		return f.noAddress()
	}
	t := traffic{proto: f.fwd.Service.Protocol, port: f.fwd.Private.Port(), from: f.me(), who: "outside"}
	if f.snat() {
		t.from, t.who = f.gw.FixedIP, f.gw.Name
	}
	found := judgeAdmission(f.inv, *f.vmPort, t, VMGroup, VMGroupElsewhere)
	if found.Verdict == Blocked {
		found.Fix = f.openVM(t)
	}
	return append(f.judgePort(*f.vmPort, f.vmName()), found)
}

// noAddress is a VM that no way can lead to yet.
func (f *facts) noAddress() []Finding {
	if f.vm == nil {
		return nil
	}
	return []Finding{unknown("", f.vm.Name+" has no address, so that nothing can lead to it", "an address of "+f.vm.Name)}
}

func (f *facts) openVM(t traffic) *Fix {
	if f.route == viaGateway {
		return f.repair(fmt.Sprintf("attach portico-from-%s to %s", f.gw.Name, f.vmName()), f.fwd.Instance)
	}
	return tell("the owner of "+f.vmName(), "Let %s in to %s: openstack security group rule create --protocol %s --dst-port %d GROUP, with a group that its port %s carries.",
		t.service(), f.vmName(), t.proto, t.port, f.vmPort.ID)
}

// goneFinding is a forward whose VM is there no more, or has another address now.
func (f *facts) goneFinding() Finding {
	addr := f.fwd.Private.Addr()
	text := fmt.Sprintf("no VM has %s any more", addr)
	for _, p := range f.inv.Ports {
		if slices.ContainsFunc(p.FixedIPs, func(ip cloud.FixedIP) bool { return ip.Addr == addr }) {
			text = fmt.Sprintf("%s belongs to %s now, not to the VM that was published", addr, publish.InstanceName(*f.inv, p.DeviceID))
		}
	}
	owner := " of instance " + f.fwd.Instance
	if f.fwd.Subnet != "" {
		name := publish.SubnetName(*f.inv, f.fwd.Subnet)
		text, owner = fmt.Sprintf("no VM has %s now: the subnet %s is published whole, and this is for the VM that gets the address", addr, name), " of subnet "+name
	}
	x := blocked(VMGone, text, Evidence{Words: "the forward as it stands", Raw: f.fwd.String() + owner})
	if f.standing == published && f.fwd.Instance != "" && f.vm == nil {
		x.Fix = &Fix{Title: fmt.Sprintf("withdraw the forward at port %d", f.fwd.Public.Port()), Kind: FixPlan, Request: &publish.Request{Withdraw: true, Instances: []string{f.fwd.Instance}, On: f.gw}}
	} else if f.vm != nil && f.standing == published {
		x.Fix = f.publishFix()
	}
	return x
}
