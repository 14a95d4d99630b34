package openstack

import (
	"context"
	"errors"
	"regexp"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"

	"portico/cloud"
)

// CreateInstance asks Nova for an instance on one port. It returns its ID when the order was taken;
// [Client.Instance] tells how far it is, and why it failed. No administrator's password is kept of the
// answer. A used-up limit is Kind Quota.
func (c *Client) CreateInstance(ctx context.Context, n cloud.NewInstance) (string, error) {
	opts := keypairs.CreateOptsExt{
		KeyName: n.KeyName,
		CreateOptsBuilder: servers.CreateOpts{
			Name: n.Name, ImageRef: n.ImageID, FlavorRef: n.FlavorID, UserData: n.UserData, Metadata: n.Metadata,
			Networks: []servers.Network{{Port: n.PortID}},
		},
	}
	var made struct {
		ID string `json:"id"`
	}
	err := servers.Create(ctx, c.compute, opts, nil).ExtractInto(&made)
	if err == nil && made.ID == "" {
		err = errUnnamed
	}
	if err != nil {
		return "", wrap("create instance", n.Name, err)
	}
	return cloud.Clean(made.ID), nil
}

// Instance reads one instance afresh, with the fault where its status is ERROR.
func (c *Client) Instance(ctx context.Context, id string) (cloud.Instance, error) {
	var w wireServer
	if err := servers.Get(ctx, c.compute, id).ExtractInto(&w); err != nil {
		return cloud.Instance{}, wrap("look at instance", id, err)
	}
	return w.instance(nil), nil
}

// InstancesNamed lists the project's instances of exactly this name.
func (c *Client) InstancesNamed(ctx context.Context, name string) ([]cloud.Instance, error) {
	list, err := all[wireServer](ctx, servers.List(c.compute, servers.ListOpts{Name: "^" + regexp.QuoteMeta(name) + "$", Limit: pageSize}), "servers")
	if err != nil {
		return nil, wrap(opList, partInstances, err)
	}
	var out []cloud.Instance
	for _, w := range list {
		if i := w.instance(nil); i.Name == name { // the database's own regular expressions ignore case
			out = append(out, i)
		}
	}
	return out, nil
}

// DeleteInstance asks Nova to delete an instance, in whatever state it is. It returns when the order
// was taken. One that is gone already is no error.
func (c *Client) DeleteInstance(ctx context.Context, id string) error {
	err := servers.Delete(ctx, c.compute, id).ExtractErr()
	if gone(err) {
		return nil
	}
	return wrap("delete instance", id, err)
}

// CreatePort makes a port that belongs to no device yet. A used-up limit is Kind Quota, a network without
// free addresses Conflict, and so is an address that somebody has.
func (c *Client) CreatePort(ctx context.Context, n cloud.NewPort) (cloud.Port, error) {
	groups := append([]string{}, n.Groups...)
	opts := ports.CreateOpts{NetworkID: n.NetworkID, Name: n.Name, Description: n.Description, SecurityGroups: &groups}
	if n.SubnetID != "" {
		ip := ports.IP{SubnetID: n.SubnetID}
		if n.Addr.IsValid() {
			ip.IPAddress = n.Addr.String()
		}
		opts.FixedIPs = []ports.IP{ip}
	}
	var w wirePort
	err := ports.Create(ctx, c.network, opts).ExtractInto(&w)
	if err == nil && w.ID == "" {
		err = errUnnamed
	}
	if err != nil {
		return cloud.Port{}, wrap("create port", n.Name, err)
	}
	return w.port(), nil
}

// PortsDescribed lists the project's ports of exactly this description.
func (c *Client) PortsDescribed(ctx context.Context, description string) ([]cloud.Port, error) {
	list, err := all[wirePort](ctx, ports.List(c.network, ports.ListOpts{ProjectID: c.identity.ProjectID, Description: description, Limit: pageSize}), "ports")
	if err != nil {
		return nil, wrap(opList, PartPorts, err)
	}
	out := make([]cloud.Port, 0, len(list))
	for _, w := range list {
		out = append(out, w.port())
	}
	return out, nil
}

// DeletePort removes a port. One that is gone already is no error.
func (c *Client) DeletePort(ctx context.Context, id string) error {
	err := ports.Delete(ctx, c.network, id).ExtractErr()
	if gone(err) {
		return nil
	}
	return wrap("delete port", id, err)
}

// ImportKeyPair gives a public key, an authorized_keys line, to Nova under a name of the user's. A name
// that is taken is Kind Conflict.
func (c *Client) ImportKeyPair(ctx context.Context, name, publicKey string) error {
	if publicKey == "" { // Nova would make a key, and answer with its private half
		return &cloud.Error{Op: "import key pair", Target: cloud.Clean(name), Kind: cloud.Invalid, Err: errors.New("there is no public key to import")}
	}
	return wrap("import key pair", name, keypairs.Create(ctx, c.compute, keypairs.CreateOpts{Name: name, PublicKey: publicKey}).Err)
}

// DeleteKeyPair removes a key pair of the user's. One that is gone already is no error.
func (c *Client) DeleteKeyPair(ctx context.Context, name string) error {
	err := keypairs.Delete(ctx, c.compute, name, nil).ExtractErr()
	if gone(err) {
		return nil
	}
	return wrap("delete key pair", name, err)
}
