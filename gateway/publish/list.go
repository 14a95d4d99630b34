package publish

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/pair"
)

// Rows lists the instances by name, each with how it is reachable.
func Rows(s Snapshot) []InstanceRow {
	ports := portsByInstance(s.Inventory.Ports)
	floating := floatingByPort(s.Inventory.FloatingIPs)
	forwards := map[string][]gateway.Forward{}
	for _, f := range s.Forwards() {
		forwards[f.Instance] = append(forwards[f.Instance], f)
	}
	rows := make([]InstanceRow, 0, len(s.Inventory.Instances))
	for _, i := range s.Inventory.Instances {
		row := InstanceRow{Instance: i, Forwards: forwards[i.ID], Gateway: s.HasGateway() && (i.ID == s.Gateway.InstanceID || s.Gateway.IsMember(i.ID))}
		for _, p := range ports[i.ID] {
			for _, ip := range p.FixedIPs {
				row.Private = append(row.Private, ip.Addr)
			}
			for _, f := range floating[p.ID] {
				row.Public = append(row.Public, f.Address)
			}
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b InstanceRow) int {
		return cmp.Or(strings.Compare(a.Instance.Name, b.Instance.Name), strings.Compare(a.Instance.ID, b.Instance.ID))
	})
	return rows
}

// FloatingIPRows lists the floating IPs by address, each with what it leads to.
func FloatingIPRows(s Snapshot) []FloatingIPRow {
	ports := make(map[string]cloud.Port, len(s.Inventory.Ports))
	for _, p := range s.Inventory.Ports {
		ports[p.ID] = p
	}
	names := make(map[string]string, len(s.Inventory.Instances))
	for _, i := range s.Inventory.Instances {
		names[i.ID] = i.Name
	}
	rows := make([]FloatingIPRow, 0, len(s.Inventory.FloatingIPs))
	for _, f := range s.Inventory.FloatingIPs {
		row := FloatingIPRow{FloatingIP: f, Carries: len(f.Forwardings)}
		if p, ok := ports[f.PortID]; ok {
			row.InstanceID = p.DeviceID
			row.Attached = cmp.Or(names[p.DeviceID], pair.NameOf(p), p.DeviceOwner, p.Name, p.ID)
		} else if f.PortID != "" {
			row.Attached = "port " + f.PortID
		}
		if s.HasGateway() && f.Address == s.Gateway.FloatingIP {
			row.Gateway = true
			if s.State != nil {
				row.Carries += len(s.State.Forwards)
			}
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b FloatingIPRow) int { return a.FloatingIP.Address.Compare(b.FloatingIP.Address) })
	return rows
}

// InstanceName names an instance of a snapshot; one that is gone is named by its ID.
func InstanceName(inv cloud.Inventory, id string) string {
	if i, ok := inv.Instance(id); ok {
		return i.Name
	}
	return id
}

func portsByInstance(ports []cloud.Port) map[string][]cloud.Port {
	out := map[string][]cloud.Port{}
	for _, p := range ports {
		if p.DeviceOwner == "" || strings.HasPrefix(p.DeviceOwner, "compute:") {
			out[p.DeviceID] = append(out[p.DeviceID], p)
		}
	}
	return out
}

func floatingByPort(fips []cloud.FloatingIP) map[string][]cloud.FloatingIP {
	out := map[string][]cloud.FloatingIP{}
	for _, f := range fips {
		if f.PortID != "" {
			out[f.PortID] = append(out[f.PortID], f)
		}
	}
	return out
}

// firstIPv4 returns the first IPv4 address.
func firstIPv4(addrs []netip.Addr) (netip.Addr, bool) {
	i := slices.IndexFunc(addrs, netip.Addr.Is4)
	if i < 0 {
		return netip.Addr{}, false
	}
	return addrs[i], true
}
