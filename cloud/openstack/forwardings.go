package openstack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/portforwarding"

	"portico/cloud"
)

// PortForwardings lists the port forwardings of a floating IP.
func (c *Client) PortForwardings(ctx context.Context, floatingIP string) ([]cloud.PortForwarding, error) {
	pager := portforwarding.List(c.network, portforwarding.ListOpts{}, floatingIP)
	list, err := all[portforwarding.PortForwarding](ctx, pager, "port_forwardings")
	if err != nil {
		return nil, wrap("list the port forwardings of floating IP", floatingIP, err)
	}
	return forwardings(list), nil
}

// CreatePortForwarding makes a floating IP forward ports; x.ID is ignored. Ranges need the extension
// floating-ip-port-forwarding-port-ranges. Neutron has no revision for it.
//
// A floating IP or an internal port that is associated already is Kind Conflict. So is a port or an
// internal address and port that another forwarding has, of any floating IP; Neutron says 400 then, as
// for what could never be.
func (c *Client) CreatePortForwarding(ctx context.Context, floatingIP string, x cloud.PortForwarding) (cloud.PortForwarding, error) {
	opts := portforwarding.CreateOpts{
		Description: x.Description, Protocol: x.Protocol, InternalPortID: x.InternalPortID, InternalIPAddress: x.Internal.Addr().String(),
	}
	opts.InternalPort, opts.InternalPortRange = portsOf(x.Internal.Port(), x.LastInternal(), x.Last() > x.External)
	opts.ExternalPort, opts.ExternalPortRange = portsOf(x.External, x.Last(), x.Last() > x.External)
	w, err := portforwarding.Create(ctx, c.network, floatingIP, opts).Extract()
	if err == nil && (w == nil || w.ID == "") {
		err = errUnnamed
	}
	if err != nil {
		return cloud.PortForwarding{}, refusedForwarding(wrap("create a port forwarding of floating IP", floatingIP, err))
	}
	made, ok := forwarding(*w)
	if !ok {
		return cloud.PortForwarding{}, wrap("create a port forwarding of floating IP", floatingIP, errUnnamed)
	}
	return made, nil
}

// UpdatePortForwarding makes the forwarding x.ID be x: its external ports, where it leads and its
// description. Failures are those of [Client.CreatePortForwarding].
func (c *Client) UpdatePortForwarding(ctx context.Context, floatingIP string, x cloud.PortForwarding) error {
	opts := portforwarding.UpdateOpts{
		Description: &x.Description, Protocol: x.Protocol, InternalPortID: x.InternalPortID, InternalIPAddress: x.Internal.Addr().String(),
	}
	opts.InternalPort, opts.InternalPortRange = portsOf(x.Internal.Port(), x.LastInternal(), x.Last() > x.External)
	opts.ExternalPort, opts.ExternalPortRange = portsOf(x.External, x.Last(), x.Last() > x.External)
	return refusedForwarding(wrap("change port forwarding", x.ID, portforwarding.Update(ctx, c.network, floatingIP, x.ID, opts).Err))
}

// DescribePortForwarding changes a forwarding's description alone.
func (c *Client) DescribePortForwarding(ctx context.Context, floatingIP, id, description string) error {
	opts := portforwarding.UpdateOpts{Description: &description}
	return wrap("describe port forwarding", id, portforwarding.Update(ctx, c.network, floatingIP, id, opts).Err)
}

// DeletePortForwarding removes a forwarding. One that is gone already is no error.
func (c *Client) DeletePortForwarding(ctx context.Context, floatingIP, id string) error {
	err := portforwarding.Delete(ctx, c.network, floatingIP, id).ExtractErr()
	if gone(err) {
		return nil
	}
	return wrap("delete port forwarding", id, err)
}

// inTheWay is how Neutron begins to say with 400, as for what could never be, that what stands forbids
// a forwarding.
var inTheWay = []string{
	"There is a port collision", "A duplicate port forwarding entry", "Another port forwarding entry",
	"is not reachable from subnet", "had been set on router",
}

// refusedForwarding makes what the present state forbids Kind Conflict.
func refusedForwarding(err error) error {
	var e *cloud.Error
	if !errors.As(err, &e) || e.Kind != cloud.Invalid {
		return err
	}
	for _, words := range inTheWay {
		if strings.Contains(e.Error(), words) {
			conflict := *e
			conflict.Kind = cloud.Conflict
			return &conflict
		}
	}
	return err
}

// portsOf says ports as Neutron takes them: a single one as a number, which clouds without the
// extension for ranges know, too. Neutron takes both as numbers or both as ranges.
func portsOf(first, last uint16, ranges bool) (single int, text string) {
	if ranges {
		return 0, fmt.Sprintf("%d:%d", first, last)
	}
	return int(first), ""
}
