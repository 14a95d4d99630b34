package publish

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// resolveInstance finds an instance by ID or by its exact name.
func resolveInstance(inv cloud.Inventory, want string) (cloud.Instance, error) {
	var found []cloud.Instance
	for _, i := range inv.Instances {
		if i.ID == want {
			return i, nil
		}
		if i.Name == want {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return cloud.Instance{}, &gateway.Error{Op: "find instance", Target: cloud.Clean(want), Kind: gateway.NotFound, Err: errors.New("no instance of this project has this name or ID" + similar(inv, want))}
	}
	ids := make([]string, len(found))
	for n, i := range found {
		ids[n] = i.ID
	}
	return cloud.Instance{}, &gateway.Error{
		Op: "find instance", Target: want, Kind: gateway.Invalid, Err: fmt.Errorf("%d instances have this name", len(found)),
		Next: "name it by its ID: " + strings.Join(ids, ", "),
	}
}

func similar(inv cloud.Inventory, want string) string {
	var names []string
	for _, i := range inv.Instances {
		if want != "" && strings.Contains(strings.ToLower(i.Name), strings.ToLower(want)) && len(names) < 5 {
			names = append(names, i.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; similar: " + strings.Join(names, ", ")
}

// home is the network on which a gateway reaches instances: that of the port which has its
// floating IP, because forwards leave with that port's address.
type home struct {
	network string
	subnets []netip.Prefix  // of all the gateway's ports: addresses in them are the gateway's neighbours
	others  map[string]bool // networks of the gateway's other ports
}

func homeOf(inv cloud.Inventory, gw gateway.Gateway) home {
	h := home{others: map[string]bool{}}
	for _, p := range inv.Ports {
		if p.ID != gw.PortID && (gw.InstanceID == "" || p.DeviceID != gw.InstanceID) {
			continue
		}
		if p.ID == gw.PortID {
			h.network = p.NetworkID
		} else {
			h.others[p.NetworkID] = true
		}
		for _, ip := range p.FixedIPs {
			if s, ok := inv.Subnet(ip.SubnetID); ok {
				h.subnets = append(h.subnets, s.CIDR)
			}
		}
	}
	return h
}

// privateAddress is where the gateway reaches an instance: its address on the gateway's network,
// else its first one, which must then be routed. The subnet is the one the address is of.
func (w *wanted) privateAddress(i cloud.Instance) (netip.Addr, netip.Prefix, error) {
	refuse := func(kind gateway.Kind, next, format string, args ...any) (netip.Addr, netip.Prefix, error) {
		return netip.Addr{}, netip.Prefix{}, &gateway.Error{Op: "publish", Target: i.Name, Kind: kind, Err: fmt.Errorf(format, args...), Next: next}
	}
	inv, h := w.s.Inventory, w.dir.home
	var addr netip.Addr
	var subnet netip.Prefix
	var network string
	for _, p := range w.dir.ports[i.ID] {
		for _, ip := range p.FixedIPs {
			s, ok := inv.Subnet(ip.SubnetID)
			if !ip.Addr.Is4() || !ok || addr.IsValid() && p.NetworkID != h.network {
				continue
			}
			addr, subnet, network = ip.Addr, s.CIDR, p.NetworkID
			if network == h.network {
				return addr, subnet, nil
			}
		}
	}
	switch {
	case !addr.IsValid():
		return refuse(gateway.Invalid, "attach it to a network that the gateway reaches, or wait until it is built", "it has no fixed IPv4 address%s", buildingNote(i))
	case h.network == "": // the gateway is no instance of this project: who knows what it reaches
		return addr, subnet, nil
	case h.others[network]:
		return refuse(gateway.Invalid, "attach it to the network of the gateway's floating IP", "it is on a network where the gateway has another port: packets would leave with the wrong address")
	case slices.ContainsFunc(h.subnets, func(s netip.Prefix) bool { return s.Contains(addr) }):
		return refuse(gateway.Invalid, "attach it to the gateway's own network", "its address %s belongs to another machine on the gateway's network", addr)
	}
	w.warnings = append(w.warnings, plan.Warning{Title: i.Name + " is not on the gateway's network", Detail: "its network must be routed to the gateway's, or its forwards will not answer"})
	return addr, subnet, nil
}

func buildingNote(i cloud.Instance) string {
	if i.Status == "ACTIVE" {
		return ""
	}
	return " (status " + i.Status + ")"
}

// resolveServices reads services as given by an operator: names of the catalogue, or own ones
// as "name=tcp/8080".
func (p *Publisher) resolveServices(names []string) ([]gateway.Service, error) {
	var out []gateway.Service
	for _, n := range names {
		s, err := p.resolveService(strings.TrimSpace(n))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (p *Publisher) resolveService(text string) (gateway.Service, error) {
	name, spec, own := strings.Cut(text, "=")
	if !own {
		for _, s := range p.options.Services {
			if s.Name == text {
				return s, nil
			}
		}
		known := make([]string, len(p.options.Services))
		for i, s := range p.options.Services {
			known[i] = s.Name
		}
		return gateway.Service{}, &gateway.Error{
			Op: "find service", Target: cloud.Clean(text), Kind: gateway.Invalid, Err: errors.New("no service of this name is known"),
			Next: "choose from " + strings.Join(known, ", ") + ", or say it as name=tcp/8080",
		}
	}
	proto, number, ok := strings.Cut(spec, "/")
	svc, err := gateway.Service{Name: name, Protocol: gateway.Protocol(proto)}.SetPorts(number)
	why := ""
	switch {
	case !ok || name == "":
		why = "it does not say name, protocol and port"
	case proto != string(gateway.TCP) && proto != string(gateway.UDP):
		why = "its protocol is neither tcp nor udp"
	case err != nil:
		why = err.Error()
	}
	if why != "" {
		return gateway.Service{}, &gateway.Error{Op: "read service", Target: cloud.Clean(text), Kind: gateway.Invalid, Err: errors.New(why), Next: "write it as name=tcp/8080, or name=udp/60000-60010 for several ports"}
	}
	return svc, nil
}

// FindRow finds one row of the list by name or ID.
func FindRow(s Snapshot, name string) (InstanceRow, error) {
	i, err := resolveInstance(s.Inventory, name)
	if err != nil {
		return InstanceRow{}, err
	}
	rows := Rows(s)
	n := slices.IndexFunc(rows, func(r InstanceRow) bool { return r.Instance.ID == i.ID })
	return rows[n], nil
}
