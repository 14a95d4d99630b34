package openstack

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"portico/cloud"
)

// The parts of an inventory, as [cloud.Missing] names them. Instances are never missing:
// without them there is no inventory.
const (
	PartPorts           = "ports"
	PartFloatingIPs     = "floating IPs"
	PartPortForwardings = "port forwardings"
	PartNetworks        = "networks"
	PartSubnets         = "subnets"
	PartRouters         = "routers"
	PartSecurityGroups  = "security groups"
	PartQuotas          = "quotas"
	PartExtensions      = "extensions"
)

const opList = "list"

// draft is an inventory while its parts arrive. Each part writes fields of its own, so the
// parts need no lock; finish runs after all of them.
type draft struct {
	inv      cloud.Inventory
	networks []wireNetwork
	floating []wireFloatingIP
	quota    quotaAnswer
}

// part is one piece of an inventory. An optional part may also be missing because its service
// is failing: the rest is useful, and honest, without it.
type part struct {
	name     string
	optional bool
	load     func(ctx context.Context) error
	err      error
}

// Inventory reads the whole project: one list call a part, concurrently, whatever the number of
// instances, and one more for each further page of 1000. On clouds whose Neutron does not show
// port forwardings with their floating IP, it adds one call for each floating IP that can have any.
//
// A part that the project may not read is empty and named in Missing. Refused credentials, no
// answer, or unreadable instances fail the whole.
func (c *Client) Inventory(ctx context.Context) (cloud.Inventory, error) {
	d := &draft{inv: cloud.Inventory{Identity: c.identity, At: time.Now()}}
	parts := c.parts(d)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, p := range parts {
		g.Go(func() error {
			err := wrap(opList, p.name, p.load(gctx))
			if err != nil && p.tolerates(err) {
				p.err = err
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return cloud.Inventory{}, err
	}
	for _, p := range parts {
		if p.err != nil {
			d.inv.Missing = append(d.inv.Missing, cloud.Missing{Part: p.name, Err: p.err})
		}
	}
	if err := c.finish(ctx, d); err != nil {
		return cloud.Inventory{}, err
	}
	return d.inv, nil
}

// parts are ordered by how long they usually take, longest first.
func (c *Client) parts(d *draft) []*part {
	inv, project := &d.inv, c.identity.ProjectID
	return []*part{
		{name: partInstances, load: func(ctx context.Context) (err error) {
			inv.Instances, err = c.instances(ctx)
			return err
		}},
		{name: PartPorts, load: func(ctx context.Context) (err error) {
			inv.Ports, err = c.ports(ctx, project)
			return err
		}},
		{name: PartSecurityGroups, load: func(ctx context.Context) (err error) {
			inv.SecurityGroups, err = c.groups(ctx, project)
			return err
		}},
		{name: PartFloatingIPs, load: func(ctx context.Context) (err error) {
			d.floating, err = c.floatingIPs(ctx, project)
			return err
		}},
		{name: PartNetworks, load: func(ctx context.Context) (err error) {
			d.networks, err = c.networks(ctx)
			return err
		}},
		{name: PartSubnets, load: func(ctx context.Context) (err error) {
			inv.Subnets, err = c.subnets(ctx)
			return err
		}},
		{name: PartRouters, optional: true, load: func(ctx context.Context) (err error) {
			inv.Routers, err = c.routers(ctx, project)
			return err
		}},
		{name: PartQuotas, optional: true, load: func(ctx context.Context) (err error) {
			d.quota, err = c.quotas(ctx, project)
			return err
		}},
		{name: PartExtensions, optional: true, load: func(ctx context.Context) (err error) {
			inv.Extensions, err = c.extensions(ctx)
			return err
		}},
	}
}

// tolerates reports whether the inventory can do without the part.
func (p *part) tolerates(err error) bool {
	if p.name == partInstances || errors.Is(err, context.Canceled) {
		return false
	}
	switch cloud.KindOf(err) {
	case cloud.Permission, cloud.NotFound:
		return true
	case cloud.Transient, cloud.Internal, cloud.Invalid, cloud.Quota:
		return p.optional
	default:
		return false
	}
}

// finish does what needs several parts: it keeps this project's networks, adds security groups
// and port forwardings that the lists did not bring, and counts what the quotas did not say.
func (c *Client) finish(ctx context.Context, d *draft) error {
	inv := &d.inv
	for _, w := range d.floating {
		inv.FloatingIPs = append(inv.FloatingIPs, w.floatingIP())
	}
	inv.Quotas = d.quota.limits(inv)
	inv.Networks, inv.Subnets = ownNetworks(d.networks, inv.Subnets, inv.Ports, c.identity.ProjectID)
	if err := c.addForeignGroups(ctx, inv); err != nil {
		return err
	}
	return c.addForwardings(ctx, d)
}
