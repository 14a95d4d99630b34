package openstack

import (
	"context"
	"net/netip"
	"slices"

	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"

	"portico/cloud"
)

// AllowAddress says whether a port may use one address besides its own (extension allowed-address-pairs).
// What else is allowed there stays as it is now, with its MAC addresses: the port is read afresh, and the
// write insists on that revision, again when somebody was quicker. changed says whether the port may be another
// than before.
//
// Failures: Permission on a network of another project, Conflict on a port without port security.
func (c *Client) AllowAddress(ctx context.Context, portID string, addr netip.Addr, allow bool) (changed bool, err error) {
	return cloud.Reread(func() (bool, error) { return c.allowAddress(ctx, portID, addr, allow) })
}

func (c *Client) allowAddress(ctx context.Context, portID string, addr netip.Addr, allow bool) (changed bool, err error) {
	const op = "allow an address on port"
	var w wirePort
	if err := ports.Get(ctx, c.network, portID).ExtractInto(&w); err != nil {
		return false, wrap(op, portID, err)
	}
	own := func(p wirePair) bool {
		have, ok := prefix(p.Address)
		return ok && have == netip.PrefixFrom(addr, addr.BitLen())
	}
	if slices.ContainsFunc(w.Pairs, own) == allow {
		return false, nil
	}
	pairs := make([]ports.AddressPair, 0, len(w.Pairs)+1)
	for _, p := range w.Pairs {
		if !own(p) {
			pairs = append(pairs, ports.AddressPair{IPAddress: p.Address, MACAddress: p.MAC})
		}
	}
	if allow {
		pairs = append(pairs, ports.AddressPair{IPAddress: addr.String()})
	}
	opts := ports.UpdateOpts{AllowedAddressPairs: &pairs}
	if w.Revision > 0 {
		opts.RevisionNumber = &w.Revision
	}
	err = wrap(op, portID, ports.Update(ctx, c.network, portID, opts).Err)
	return !cloud.Refused(err), err
}
