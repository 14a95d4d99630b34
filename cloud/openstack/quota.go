package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/quotas"

	"portico/cloud"
)

// quotaAnswer is what Neutron said: limit and use (extension quota_details), or limits alone.
// Resources that a cloud does not have stay nil.
type quotaAnswer struct {
	Detail struct {
		Groups   *quotas.QuotaDetail `json:"security_group"`
		Rules    *quotas.QuotaDetail `json:"security_group_rule"`
		Floating *quotas.QuotaDetail `json:"floatingip"`
	} `json:"-"`
	Plain struct {
		Groups   *int `json:"security_group"`
		Rules    *int `json:"security_group_rule"`
		Floating *int `json:"floatingip"`
	} `json:"-"`
}

// quotas asks for limits with their use, and for the bare limits where that is not offered.
func (c *Client) quotas(ctx context.Context, project string) (quotaAnswer, error) {
	var a quotaAnswer
	err := quotas.GetDetail(ctx, c.network, project).ExtractIntoStructPtr(&a.Detail, "quota")
	if err == nil {
		return a, nil
	}
	switch cloud.KindOf(wrap("read", PartQuotas, err)) {
	case cloud.Auth, cloud.Unreachable:
		return a, err
	default:
	}
	return a, quotas.Get(ctx, c.network, project).ExtractIntoStructPtr(&a.Plain, "quota")
}

// limits says how much is used of each limit, counting in the inventory where Neutron gave only
// limits. What cannot be known stays unknown.
func (a quotaAnswer) limits(inv *cloud.Inventory) cloud.Quotas {
	var held int
	for _, g := range inv.SecurityGroups {
		held += len(g.Rules)
	}
	groupsKnown := !inv.Unknown(PartSecurityGroups)
	return cloud.Quotas{
		SecurityGroups:     limit(a.Detail.Groups, a.Plain.Groups, len(inv.SecurityGroups), groupsKnown),
		SecurityGroupRules: limit(a.Detail.Rules, a.Plain.Rules, held, groupsKnown),
		FloatingIPs:        limit(a.Detail.Floating, a.Plain.Floating, len(inv.FloatingIPs), !inv.Unknown(PartFloatingIPs)),
	}
}

func limit(detail *quotas.QuotaDetail, plain *int, counted int, countable bool) cloud.Limit {
	switch {
	case detail != nil:
		return cloud.Limit{Used: detail.Used + detail.Reserved, Max: detail.Limit, Known: true}
	case plain != nil && countable:
		return cloud.Limit{Used: counted, Max: *plain, Known: true}
	default:
		return cloud.Limit{}
	}
}
