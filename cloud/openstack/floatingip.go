package openstack

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/portforwarding"
	"golang.org/x/sync/errgroup"

	"portico/cloud"
)

// The extensions about port forwardings.
const (
	extForwarding       = "floating-ip-port-forwarding"
	extForwardingText   = "floating-ip-port-forwarding-description"
	extForwardingRanges = "floating-ip-port-forwarding-port-ranges"
)

// wireFloatingIP is a Neutron floating IP. Forwardings is nil on clouds without the extension
// expose-port-forwarding-in-fip.
type wireFloatingIP struct {
	ID          string                           `json:"id"`
	Status      string                           `json:"status"`
	PortID      string                           `json:"port_id"`
	RouterID    string                           `json:"router_id"`
	NetworkID   string                           `json:"floating_network_id"`
	Description string                           `json:"description"`
	Address     string                           `json:"floating_ip_address"`
	FixedIP     string                           `json:"fixed_ip_address"`
	Forwardings *[]portforwarding.PortForwarding `json:"port_forwardings"`
	Revision    int                              `json:"revision_number"`
}

func (w wireFloatingIP) floatingIP() cloud.FloatingIP {
	f := cloud.FloatingIP{
		ID: cloud.Clean(w.ID), Status: cloud.Clean(w.Status), PortID: cloud.Clean(w.PortID), RouterID: cloud.Clean(w.RouterID),
		NetworkID: cloud.Clean(w.NetworkID), Description: cloud.Clean(w.Description),
		Address: address(w.Address), FixedIP: address(w.FixedIP), Revision: w.Revision,
	}
	if w.Forwardings != nil {
		f.Forwardings = forwardings(*w.Forwardings)
	}
	return f
}

func (c *Client) floatingIPs(ctx context.Context, project string) ([]wireFloatingIP, error) {
	pager := floatingips.List(c.network, floatingips.ListOpts{ProjectID: project, Limit: pageSize})
	return all[wireFloatingIP](ctx, pager, "floatingips")
}

// addForwardings completes the floating IPs. Where Neutron forwards ports but does not show it
// in the list, each floating IP that can have forwardings is asked: those that are not attached
// to a port (Neutron's condition) but to a router (Neutron sets it with the first forwarding). The list
// shows neither descriptions nor ranges, so that each one that has forwardings is asked for those.
func (c *Client) addForwardings(ctx context.Context, d *draft) error {
	inv, ask := &d.inv, d.incomplete()
	if len(ask) == 0 || (!inv.HasExtension(extForwarding) && !inv.Unknown(PartExtensions)) {
		return nil
	}
	p := part{name: PartPortForwardings, optional: true}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, i := range ask {
		g.Go(func() error {
			list, err := c.PortForwardings(gctx, inv.FloatingIPs[i].ID)
			if gone(err) {
				return nil // released meanwhile
			}
			if err == nil {
				inv.FloatingIPs[i].Forwardings = list
			}
			return err
		})
	}
	err := g.Wait()
	if err != nil && p.tolerates(err) {
		inv.Missing = append(inv.Missing, cloud.Missing{Part: p.name, Err: err})
		return nil
	}
	return err
}

// incomplete lists the floating IPs of which the list does not show all about their forwardings.
func (d *draft) incomplete() []int {
	more := d.inv.HasExtension(extForwardingText) || d.inv.HasExtension(extForwardingRanges)
	var ask []int
	for i, w := range d.floating {
		hidden := w.Forwardings == nil && w.PortID == "" && w.RouterID != ""
		short := w.Forwardings != nil && len(*w.Forwardings) > 0 && more
		if hidden || short {
			ask = append(ask, i)
		}
	}
	return ask
}

// forwardings converts Neutron's rules. What is no rule for an IPv4 address is left out.
func forwardings(list []portforwarding.PortForwarding) []cloud.PortForwarding {
	var out []cloud.PortForwarding
	for _, w := range list {
		if x, ok := forwarding(w); ok {
			out = append(out, x)
		}
	}
	return out
}

func forwarding(w portforwarding.PortForwarding) (cloud.PortForwarding, bool) {
	external, last := portRange(w.ExternalPort, w.ExternalPortRange)
	internal, lastInternal := portRange(w.InternalPort, w.InternalPortRange)
	addr := address(w.InternalIPAddress)
	if external == 0 || internal == 0 || !addr.IsValid() {
		return cloud.PortForwarding{}, false
	}
	x := cloud.PortForwarding{
		ID: cloud.Clean(w.ID), InternalPortID: cloud.Clean(w.InternalPortID),
		Protocol: cloud.Clean(w.Protocol), Description: cloud.Clean(w.Description),
		Internal: netip.AddrPortFrom(addr, uint16(internal)), External: uint16(external), // portRange bounds them
	}
	if last > external {
		x.ExternalLast = uint16(last)
	}
	if lastInternal > internal {
		x.InternalLast = uint16(lastInternal)
	}
	return x, true
}

// portRange reads "8080:8090", or a single port. It is 0, 0 for what is neither.
func portRange(single int, text string) (first, last int) {
	first, last = single, single
	if a, b, ok := strings.Cut(text, ":"); ok {
		first, _ = strconv.Atoi(a)
		last, _ = strconv.Atoi(b)
	}
	if first < 1 || last < first || last > 65535 {
		return 0, 0
	}
	return first, last
}
