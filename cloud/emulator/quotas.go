package emulator

import (
	"fmt"
	"net/http"
)

// usage counts what the project has of a resource, as Neutron counts it.
func (m *Model) usage(resource string) int {
	mine := 0
	count := func(x *meta) {
		if m.cloud.visible(x) {
			mine++
		}
	}
	switch resource {
	case "network":
		for _, x := range m.networks {
			count(&x.meta)
		}
	case "subnet":
		for _, x := range m.subnets {
			count(&x.meta)
		}
	case "router":
		return len(m.routers)
	case "port":
		return len(m.ports)
	case "floatingip":
		return len(m.fips)
	case "security_group":
		return len(m.groups)
	case "security_group_rule":
		return len(m.rules)
	}
	return mine
}

// overQuota is Neutron's refusal if n more of a resource do not fit.
func (c *Cloud) overQuota(resource string, n int) *response {
	limit := c.model.quotas[resource]
	if limit < 0 || c.model.usage(resource)+n <= limit {
		return nil
	}
	res := neutronError(http.StatusConflict, "OverQuota",
		fmt.Sprintf("Quota exceeded for resources: ['%s'].", resource))
	return &res
}

// ownQuota refuses other projects, which only administrators may ask about.
func (c *Cloud) ownQuota(r *request) *response {
	if r.PathValue("id") == c.creds.projectID {
		return nil
	}
	res := neutronError(http.StatusForbidden, "PolicyNotAuthorized", "rule:get_quota is disallowed by policy")
	return &res
}

func (c *Cloud) showQuota(r *request) response {
	if bad := c.ownQuota(r); bad != nil {
		return *bad
	}
	return reply(http.StatusOK, view{"quota": c.model.quotas})
}

func (c *Cloud) showQuotaDetails(r *request) response {
	if bad := c.ownQuota(r); bad != nil {
		return *bad
	}
	v := view{}
	for resource, limit := range c.model.quotas {
		v[resource] = view{"limit": limit, "used": c.model.usage(resource), "reserved": 0}
	}
	return reply(http.StatusOK, view{"quota": v})
}
