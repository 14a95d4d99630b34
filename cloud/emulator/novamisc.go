package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
)

func (c *Cloud) keypairView(k *keypair, minor int) view {
	v := view{"name": k.name, "public_key": k.public, "fingerprint": k.fingerprint}
	if minor >= 2 {
		v["type"] = "ssh"
	}
	return v
}

func (c *Cloud) listKeypairs(r *request) response {
	list := []view{}
	for _, name := range slices.Sorted(maps.Keys(c.model.keypairs)) {
		list = append(list, view{"keypair": c.keypairView(c.model.keypairs[name], r.minor)})
	}
	return reply(http.StatusOK, view{"keypairs": list})
}

func (c *Cloud) showKeypair(r *request) response {
	name := r.PathValue("name")
	k := c.model.keypairs[name]
	if k == nil {
		return computeAPI.problem(http.StatusNotFound,
			fmt.Sprintf("Keypair %s not found for user %s", name, c.creds.userID))
	}
	v := c.keypairView(k, r.minor)
	maps.Copy(v, view{
		"user_id": c.creds.userID, "created_at": k.created.Format("2006-01-02T15:04:05.000000"),
		"deleted": false, "deleted_at": nil, "id": 1, "updated_at": nil,
	})
	return reply(http.StatusOK, view{"keypair": v})
}

func (c *Cloud) showLimits(r *request) response {
	cores, ram := c.model.computeUse()
	limits := c.model.limits
	v := view{
		"maxTotalInstances": limits["instances"], "maxTotalCores": limits["cores"], "maxTotalRAMSize": limits["ram"], "maxServerMeta": 128,
		"maxTotalKeypairs": limits["key_pairs"], "maxServerGroups": 10, "maxServerGroupMembers": 10,
		"totalRAMUsed": ram, "totalCoresUsed": cores, "totalInstancesUsed": len(c.model.servers),
		"totalServerGroupsUsed": 0,
	}
	if r.minor < 36 {
		maps.Copy(v, view{
			"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1,
			"totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0,
		})
	}
	if r.minor < 39 {
		v["maxImageMeta"] = 128
	}
	if r.minor < 57 {
		maps.Copy(v, view{"maxPersonality": 5, "maxPersonalitySize": 10240})
	}
	return reply(http.StatusOK, view{"limits": view{"rate": []view{}, "absolute": v}})
}

func (c *Cloud) flavorView(f *flavor, minor int) view {
	v := view{
		"id": f.id, "name": f.name, "ram": f.ram, "disk": f.disk, "swap": "", "OS-FLV-EXT-DATA:ephemeral": 0,
		"OS-FLV-DISABLED:disabled": false, "vcpus": f.vcpus, "os-flavor-access:is_public": true,
		"rxtx_factor": 1.0, "links": c.links("flavors", f.id),
	}
	if minor >= 55 {
		v["description"] = nil
	}
	if minor >= 61 {
		v["extra_specs"] = view{}
	}
	if minor >= 75 {
		v["swap"] = 0
	}
	return v
}

func (c *Cloud) listFlavors(detail bool) handlerFunc {
	return func(r *request) response {
		ids, next, problem := c.page(r, slices.Sorted(maps.Keys(c.model.flavors)))
		if problem != nil {
			return *problem
		}
		list := make([]view, 0, len(ids))
		for _, id := range ids {
			f := c.model.flavors[id]
			if detail {
				list = append(list, c.flavorView(f, r.minor))
			} else {
				list = append(list, view{"id": f.id, "name": f.name, "links": c.links("flavors", f.id)})
			}
		}
		body := view{"flavors": list}
		if next != "" {
			body["flavors_links"] = []view{{"rel": "next", "href": next}}
		}
		return reply(http.StatusOK, body)
	}
}

func (c *Cloud) showFlavor(r *request) response {
	f := c.model.flavors[r.PathValue("id")]
	if f == nil {
		return computeAPI.problem(http.StatusNotFound,
			fmt.Sprintf("Flavor %s could not be found.", r.PathValue("id")))
	}
	return reply(http.StatusOK, view{"flavor": c.flavorView(f, r.minor)})
}

func (c *Cloud) showExtraSpecs(r *request) response {
	if c.model.flavors[r.PathValue("id")] == nil {
		return c.showFlavor(r)
	}
	return reply(http.StatusOK, view{"extra_specs": view{}})
}

func (c *Cloud) showComputeQuota(r *request) response {
	if r.PathValue("id") != c.creds.projectID {
		return computeAPI.problem(http.StatusForbidden,
			"Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.")
	}
	v := view{
		"id": c.creds.projectID, "cores": c.model.limits["cores"], "instances": c.model.limits["instances"], "key_pairs": c.model.limits["key_pairs"], "metadata_items": 128,
		"ram": c.model.limits["ram"], "server_group_members": 10, "server_groups": 10,
	}
	if r.minor < 36 {
		maps.Copy(v, view{"fixed_ips": -1, "floating_ips": -1, "security_groups": -1, "security_group_rules": -1})
	}
	if r.minor < 57 {
		maps.Copy(v, view{
			"injected_file_content_bytes": 10240, "injected_file_path_bytes": 255, "injected_files": 5,
		})
	}
	return reply(http.StatusOK, view{"quota_set": v})
}

// proxied is Nova's answer to its old network calls from microversion 2.36 on.
func proxied(r *request) *response {
	if r.minor < 36 {
		return nil
	}
	res := computeAPI.problem(http.StatusNotFound, "The resource could not be found.")
	return &res
}

// listComputeGroups is Nova's proxy to Neutron's security groups, which the openstack command
// of this time uses for "server add security group".
func (c *Cloud) listComputeGroups(r *request) response {
	if bad := proxied(r); bad != nil {
		return *bad
	}
	list := []view{}
	for _, id := range slices.Sorted(maps.Keys(c.model.groups)) {
		list = append(list, c.novaGroup(c.model.groups[id]))
	}
	return reply(http.StatusOK, view{"security_groups": list})
}

func (c *Cloud) showComputeGroup(r *request) response {
	if bad := proxied(r); bad != nil {
		return *bad
	}
	id := r.PathValue("id")
	g := c.model.groups[id]
	if g == nil {
		return computeAPI.problem(http.StatusNotFound, fmt.Sprintf("Security group %s does not exist", id))
	}
	return reply(http.StatusOK, view{"security_group": c.novaGroup(g)})
}
