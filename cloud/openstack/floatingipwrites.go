package openstack

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"

	"portico/cloud"
)

// FloatingIP reads one floating IP afresh, with the revision to give to the calls that change it.
func (c *Client) FloatingIP(ctx context.Context, id string) (cloud.FloatingIP, error) {
	var w wireFloatingIP
	if err := floatingips.Get(ctx, c.network, id).ExtractInto(&w); err != nil {
		return cloud.FloatingIP{}, wrap("read floating IP", id, err)
	}
	return w.floatingIP(), nil
}

// FloatingIPs lists the project's floating IPs.
func (c *Client) FloatingIPs(ctx context.Context) ([]cloud.FloatingIP, error) {
	list, err := c.floatingIPs(ctx, c.identity.ProjectID)
	if err != nil {
		return nil, wrap(opList, PartFloatingIPs, err)
	}
	out := make([]cloud.FloatingIP, len(list))
	for i, w := range list {
		out[i] = w.floatingIP()
	}
	return out, nil
}

// AttachFloatingIP makes a floating IP lead to one address of a port. Neutron moves one that is
// attached elsewhere, without a word; with revision > 0 the change is made only if the floating IP
// still has that revision (extension revision-if-match), and fails with Kind Stale otherwise.
//
// Other failures: Conflict when the address already has a floating IP or this one has port
// forwardings, NotFound when no router joins the port's subnet to the floating IP's network.
func (c *Client) AttachFloatingIP(ctx context.Context, id, portID string, fixed netip.Addr, revision int) error {
	return c.setFloatingIP(ctx, "attach floating IP", id, floatingips.UpdateOpts{PortID: &portID, FixedIP: fixed.String()}, revision)
}

// DetachFloatingIP makes a floating IP lead nowhere. revision is as for [Client.AttachFloatingIP].
func (c *Client) DetachFloatingIP(ctx context.Context, id string, revision int) error {
	none := ""
	return c.setFloatingIP(ctx, "detach floating IP", id, floatingips.UpdateOpts{PortID: &none}, revision)
}

func (c *Client) setFloatingIP(ctx context.Context, op, id string, opts floatingips.UpdateOpts, revision int) error {
	if revision > 0 {
		opts.RevisionNumber = &revision
	}
	return wrap(op, id, floatingips.Update(ctx, c.network, id, opts).Err)
}

// AllocateFloatingIP takes an address of an external network for this project. Which one, the cloud
// decides. A used-up quota is Kind Quota; a network without free addresses is Conflict.
func (c *Client) AllocateFloatingIP(ctx context.Context, networkID, description string) (cloud.FloatingIP, error) {
	var w wireFloatingIP
	opts := floatingips.CreateOpts{FloatingNetworkID: networkID, Description: description}
	err := floatingips.Create(ctx, c.network, opts).ExtractInto(&w)
	if err == nil && w.ID == "" {
		err = errUnnamed
	}
	if err != nil {
		return cloud.FloatingIP{}, wrap("allocate a floating IP of network", networkID, err)
	}
	return w.floatingIP(), nil
}

// ReleaseFloatingIP gives an address back to the cloud, for good. One that is gone already is no
// error; one with port forwardings is Kind Conflict. revision is as for [Client.AttachFloatingIP].
func (c *Client) ReleaseFloatingIP(ctx context.Context, id string, revision int) error {
	var opts gophercloud.RequestOpts
	if revision > 0 { // gophercloud's own Delete takes no revision
		opts.MoreHeaders = map[string]string{"If-Match": fmt.Sprintf("revision_number=%d", revision)}
	}
	_, err := c.network.Delete(ctx, c.network.ServiceURL("floatingips", id), &opts) //nolint:bodyclose // gophercloud did, as nobody asked to keep it
	if gone(err) {
		return nil
	}
	return wrap("release floating IP", id, err)
}
