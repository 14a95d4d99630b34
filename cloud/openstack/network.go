package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2/openstack/common/extensions"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/routers"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/subnets"

	"portico/cloud"
)

// wirePort is a Neutron port with the extensions port-security, allowed-address-pairs and
// standard-attr-revisions.
type wirePort struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	DeviceID     string `json:"device_id"`
	DeviceOwner  string `json:"device_owner"`
	NetworkID    string `json:"network_id"`
	Status       string `json:"status"`
	MAC          string `json:"mac_address"`
	AdminUp      bool   `json:"admin_state_up"`
	PortSecurity *bool  `json:"port_security_enabled"` // absent: the cloud cannot switch it off
	FixedIPs     []struct {
		SubnetID string `json:"subnet_id"`
		Address  string `json:"ip_address"`
	} `json:"fixed_ips"`
	Groups   []string   `json:"security_groups"`
	Pairs    []wirePair `json:"allowed_address_pairs"`
	Revision int        `json:"revision_number"`
}

// wirePair is an address that a port may use besides its own.
type wirePair struct {
	Address string `json:"ip_address"`
	MAC     string `json:"mac_address,omitempty"`
}

func (w wirePort) port() cloud.Port {
	p := cloud.Port{
		ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), Description: cloud.Clean(w.Description), DeviceID: cloud.Clean(w.DeviceID), DeviceOwner: cloud.Clean(w.DeviceOwner),
		NetworkID: cloud.Clean(w.NetworkID), Status: cloud.Clean(w.Status), MAC: cloud.Clean(w.MAC),
		AdminUp: w.AdminUp, PortSecurity: w.PortSecurity == nil || *w.PortSecurity, Revision: w.Revision,
	}
	for _, ip := range w.FixedIPs {
		if a := address(ip.Address); a.IsValid() {
			p.FixedIPs = append(p.FixedIPs, cloud.FixedIP{SubnetID: cloud.Clean(ip.SubnetID), Addr: a})
		}
	}
	for _, id := range w.Groups {
		p.Groups = append(p.Groups, cloud.Clean(id))
	}
	for _, pair := range w.Pairs {
		if allowed, ok := prefix(pair.Address); ok {
			p.AllowedPairs = append(p.AllowedPairs, allowed)
		}
	}
	return p
}

func (c *Client) ports(ctx context.Context, project string) ([]cloud.Port, error) {
	list, err := all[wirePort](ctx, ports.List(c.network, ports.ListOpts{ProjectID: project, Limit: pageSize}), "ports")
	out := make([]cloud.Port, 0, len(list))
	for _, w := range list {
		out = append(out, w.port())
	}
	return out, err
}

// Port reads one port, with the revision to give to [Client.SetPortGroups].
func (c *Client) Port(ctx context.Context, id string) (cloud.Port, error) {
	var w wirePort
	if err := ports.Get(ctx, c.network, id).ExtractInto(&w); err != nil {
		return cloud.Port{}, wrap("read port", id, err)
	}
	return w.port(), nil
}

// SetPortGroups makes groups the security groups of a port, all of them. With revision > 0 the
// change is made only if the port still has that revision (extension revision-if-match), and
// fails with Kind Stale otherwise. Neutron looks at the revision only when something changes:
// setting the groups a port already has succeeds with any.
func (c *Client) SetPortGroups(ctx context.Context, portID string, groups []string, revision int) error {
	ids := append([]string{}, groups...) // an empty list, not null, takes all groups away
	opts := ports.UpdateOpts{SecurityGroups: &ids}
	if revision > 0 {
		opts.RevisionNumber = &revision
	}
	return wrap("set the security groups of port", portID, ports.Update(ctx, c.network, portID, opts).Err)
}

// wireNetwork is a Neutron network with the extensions external-net and net-mtu.
type wireNetwork struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Project  string `json:"project_id"`
	Tenant   string `json:"tenant_id"`
	Shared   bool   `json:"shared"`
	External bool   `json:"router:external"`
	AdminUp  bool   `json:"admin_state_up"`
	MTU      int    `json:"mtu"`
}

// networks lists all that the token sees: for a member its own, the shared and the external
// ones, for an administrator everybody's, which ownNetworks then drops.
func (c *Client) networks(ctx context.Context) ([]wireNetwork, error) {
	return all[wireNetwork](ctx, networks.List(c.network, networks.ListOpts{Limit: pageSize}), "networks")
}

func (c *Client) subnets(ctx context.Context) ([]cloud.Subnet, error) {
	type wire struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		NetworkID string `json:"network_id"`
		CIDR      string `json:"cidr"`
		Gateway   string `json:"gateway_ip"`
	}
	list, err := all[wire](ctx, subnets.List(c.network, subnets.ListOpts{Limit: pageSize}), "subnets")
	out := make([]cloud.Subnet, 0, len(list))
	for _, w := range list {
		s := cloud.Subnet{ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), NetworkID: cloud.Clean(w.NetworkID), GatewayIP: address(w.Gateway)}
		s.CIDR, _ = prefix(w.CIDR)
		out = append(out, s)
	}
	return out, err
}

// ownNetworks keeps the networks a project can use: its own, shared and external ones, and any
// that one of its ports is on; and the subnets of those. Without a list of networks every
// subnet stays.
func ownNetworks(list []wireNetwork, subs []cloud.Subnet, owned []cloud.Port, project string) ([]cloud.Network, []cloud.Subnet) {
	used := make(map[string]bool, len(list))
	for _, p := range owned {
		used[p.NetworkID] = true
	}
	keep := make(map[string]bool, len(list))
	var nets []cloud.Network
	for _, w := range list {
		n := cloud.Network{
			ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), Status: cloud.Clean(w.Status),
			External: w.External, AdminUp: w.AdminUp, MTU: w.MTU,
			Shared: w.Shared || w.Project != project && w.Tenant != project,
		}
		if w.Project == project || w.Tenant == project || w.Shared || w.External || used[n.ID] {
			keep[n.ID] = true
			nets = append(nets, n)
		}
	}
	var kept []cloud.Subnet
	for _, s := range subs {
		if keep[s.NetworkID] || len(list) == 0 {
			kept = append(kept, s)
		}
	}
	return nets, kept
}

func (c *Client) routers(ctx context.Context, project string) ([]cloud.Router, error) {
	type wire struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Status  string `json:"status"`
		AdminUp bool   `json:"admin_state_up"`
		Gateway struct {
			NetworkID string `json:"network_id"`
		} `json:"external_gateway_info"`
	}
	list, err := all[wire](ctx, routers.List(c.network, routers.ListOpts{ProjectID: project, Limit: pageSize}), "routers")
	out := make([]cloud.Router, 0, len(list))
	for _, w := range list {
		out = append(out, cloud.Router{
			ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), Status: cloud.Clean(w.Status),
			AdminUp: w.AdminUp, ExternalNetwork: cloud.Clean(w.Gateway.NetworkID),
		})
	}
	return out, err
}

func (c *Client) extensions(ctx context.Context) ([]string, error) {
	list, err := all[extensions.Extension](ctx, extensions.List(c.network), "extensions")
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, cloud.Clean(e.Alias))
	}
	return out, err
}
