package publish

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
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

// privateAddress is where the gateway reaches an instance: its address on a network they share,
// else its first one. The subnet is the one the address is of.
func privateAddress(inv cloud.Inventory, i cloud.Instance, gw gateway.Gateway) (netip.Addr, netip.Prefix, error) {
	shared := map[string]bool{}
	for _, p := range inv.Ports {
		if p.ID == gw.PortID || gw.InstanceID != "" && p.DeviceID == gw.InstanceID {
			shared[p.NetworkID] = true
		}
	}
	var addr netip.Addr
	var subnet netip.Prefix
	for _, p := range inv.InstancePorts(i.ID) {
		for _, ip := range p.FixedIPs {
			s, ok := inv.Subnet(ip.SubnetID)
			if !ip.Addr.Is4() || !ok {
				continue
			}
			if !addr.IsValid() || shared[p.NetworkID] {
				addr, subnet = ip.Addr, s.CIDR
			}
			if shared[p.NetworkID] {
				return addr, subnet, nil
			}
		}
	}
	if !addr.IsValid() {
		return addr, subnet, &gateway.Error{
			Op: "publish", Target: i.Name, Kind: gateway.Invalid, Err: errors.New("it has no fixed IPv4 address" + buildingNote(i)),
			Next: "attach it to a network that the gateway reaches, or wait until it is built",
		}
	}
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
	port, err := strconv.ParseUint(number, 10, 16)
	if !ok || err != nil || port == 0 || name == "" || proto != string(gateway.TCP) && proto != string(gateway.UDP) {
		return gateway.Service{}, &gateway.Error{
			Op: "read service", Target: cloud.Clean(text), Kind: gateway.Invalid, Err: errors.New("it does not say protocol and port"), Next: "write it as name=tcp/8080",
		}
	}
	return gateway.Service{Name: name, Protocol: gateway.Protocol(proto), Port: uint16(port)}, nil
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
