package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/rules"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"portico/cloud"
)

// groupChunk is how many IDs fit into one query without running into a proxy's limit for URLs.
const groupChunk = 80

func (c *Client) groups(ctx context.Context, project string) ([]cloud.SecurityGroup, error) {
	return listGroups(ctx, groups.List(c.network, groups.ListOpts{ProjectID: project, Limit: pageSize}))
}

// SecurityGroups lists this project's security groups with their rules.
func (c *Client) SecurityGroups(ctx context.Context) ([]cloud.SecurityGroup, error) {
	list, err := c.groups(ctx, c.identity.ProjectID)
	if err != nil {
		return nil, wrap(opList, PartSecurityGroups, err)
	}
	return list, nil
}

func listGroups(ctx context.Context, pager pagination.Pager) ([]cloud.SecurityGroup, error) {
	list, err := all[groups.SecGroup](ctx, pager, "security_groups")
	out := make([]cloud.SecurityGroup, 0, len(list))
	for _, w := range list {
		out = append(out, group(w))
	}
	return out, err
}

// addForeignGroups reads the groups that the project's ports carry although they belong to
// another project (extension rbac-security-groups): without their rules nobody could say what
// reaches those ports.
func (c *Client) addForeignGroups(ctx context.Context, inv *cloud.Inventory) error {
	if inv.Unknown(PartSecurityGroups) {
		return nil
	}
	seen := make(map[string]bool, len(inv.SecurityGroups))
	for _, g := range inv.SecurityGroups {
		seen[g.ID] = true
	}
	var missing []string
	for _, p := range inv.Ports {
		for _, id := range p.Groups {
			if !seen[id] {
				seen[id] = true
				missing = append(missing, id)
			}
		}
	}
	for ids := range slices.Chunk(missing, groupChunk) {
		query := url.Values{"id": ids, "limit": {fmt.Sprint(pageSize)}}
		pager := pagination.NewPager(c.network, c.network.ServiceURL("security-groups")+"?"+query.Encode(), func(r pagination.PageResult) pagination.Page {
			return groups.SecGroupPage{LinkedPageBase: pagination.LinkedPageBase{PageResult: r}}
		})
		more, err := listGroups(ctx, pager)
		if err != nil {
			return wrap(opList, PartSecurityGroups, err)
		}
		inv.SecurityGroups = append(inv.SecurityGroups, more...)
	}
	return nil
}

func group(w groups.SecGroup) cloud.SecurityGroup {
	g := cloud.SecurityGroup{ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), Description: cloud.Clean(w.Description), Revision: w.RevisionNumber}
	for _, r := range w.Rules {
		g.Rules = append(g.Rules, rule(r))
	}
	return g
}

// rule converts a rule. A remote address group (extension security-groups-remote-address-group)
// stands in RemoteGroup: its members are not listed here, and the rule must not look like one
// that lets in everybody.
func rule(w rules.SecGroupRule) cloud.SecurityGroupRule {
	r := cloud.SecurityGroupRule{
		ID: cloud.Clean(w.ID), GroupID: cloud.Clean(w.SecGroupID), Direction: cloud.Clean(w.Direction),
		EtherType: cloud.Clean(w.EtherType), Protocol: cloud.Clean(w.Protocol), Description: cloud.Clean(w.Description),
		RemoteGroup: cloud.Clean(w.RemoteGroupID), PortMin: port16(w.PortRangeMin), PortMax: port16(w.PortRangeMax), Revision: w.RevisionNumber,
	}
	if r.RemoteGroup == "" {
		r.RemoteGroup = cloud.Clean(w.RemoteAddressGroupID)
	}
	if w.RemoteIPPrefix != "" {
		r.RemotePrefix, _ = prefix(w.RemoteIPPrefix)
	}
	return r
}

func port16(n int) uint16 {
	if n < 0 || n > 65535 {
		return 0
	}
	return uint16(n)
}

// errUnnamed is an answer that does not say what was made: it may stand nevertheless.
var errUnnamed = errors.New("the answer does not name what was created")

// CreateGroup makes an empty security group in this project. Neutron adds the rules that let
// everything out; the answer holds them.
func (c *Client) CreateGroup(ctx context.Context, name, description string) (cloud.SecurityGroup, error) {
	w, err := groups.Create(ctx, c.network, groups.CreateOpts{Name: name, Description: description}).Extract()
	if err == nil && (w == nil || w.ID == "") {
		err = errUnnamed
	}
	if err != nil {
		return cloud.SecurityGroup{}, wrap("create security group", name, err)
	}
	return group(*w), nil
}

// DeleteGroup removes a security group with its rules. One that is gone already is no error;
// one that a port still carries is Kind Conflict. With revision > 0 it is removed only if it
// still has that revision (extension revision-if-match), which every rule added to it or taken
// from it raises, and the call fails with Kind Stale otherwise.
func (c *Client) DeleteGroup(ctx context.Context, id string, revision int) error {
	var opts gophercloud.RequestOpts
	if revision > 0 { // gophercloud's own Delete takes no revision
		opts.MoreHeaders = map[string]string{"If-Match": fmt.Sprintf("revision_number=%d", revision)}
	}
	_, err := c.network.Delete(ctx, c.network.ServiceURL("security-groups", id), &opts) //nolint:bodyclose // gophercloud did, as nobody asked to keep it
	if gone(err) {
		return nil
	}
	return wrap("delete security group", id, err)
}

// CreateRule adds a rule to the group r.GroupID; r.ID and r.Revision are ignored. Direction and
// EtherType default to ingress and to the family of RemotePrefix, else IPv4. A rule that is
// there already is Kind Conflict. It carries no revision: Neutron answers a creation that does
// with 500.
func (c *Client) CreateRule(ctx context.Context, r cloud.SecurityGroupRule) (cloud.SecurityGroupRule, error) {
	opts := rules.CreateOpts{
		Direction: rules.RuleDirection(r.Direction), EtherType: rules.RuleEtherType(r.EtherType), Protocol: rules.RuleProtocol(r.Protocol),
		SecGroupID: r.GroupID, RemoteGroupID: r.RemoteGroup, Description: r.Description,
		PortRangeMin: int(r.PortMin), PortRangeMax: int(r.PortMax),
	}
	if opts.Direction == "" {
		opts.Direction = rules.DirIngress
	}
	if opts.EtherType == "" {
		opts.EtherType = rules.EtherType4
		if r.RemotePrefix.IsValid() && r.RemotePrefix.Addr().Is6() {
			opts.EtherType = rules.EtherType6
		}
	}
	if r.RemotePrefix.IsValid() {
		opts.RemoteIPPrefix = r.RemotePrefix.Masked().String()
	}
	w, err := rules.Create(ctx, c.network, opts).Extract()
	if err == nil && (w == nil || w.ID == "") {
		err = errUnnamed
	}
	if err != nil {
		return cloud.SecurityGroupRule{}, wrap("create a rule in security group", r.GroupID, err)
	}
	return rule(*w), nil
}

// DeleteRule removes a security group rule. One that is gone already is no error. It carries no
// revision: Neutron has no call that changes a rule, so that its ID says which rule it is, and
// its revision stays 0.
func (c *Client) DeleteRule(ctx context.Context, id string) error {
	err := rules.Delete(ctx, c.network, id).ExtractErr()
	if gone(err) {
		return nil
	}
	return wrap("delete security group rule", id, err)
}
