package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

func (c *Cloud) listServers(detail bool) handlerFunc {
	return func(r *request) response {
		c.model.settle()
		if all := r.URL.Query().Get("all_tenants"); all == "1" || strings.EqualFold(all, "true") {
			return computeAPI.problem(http.StatusForbidden, fmt.Sprintf(
				"Policy doesn't allow os_compute_api:servers:%s:get_all_tenants to be performed.",
				map[bool]string{false: "index", true: "detail"}[detail]))
		}
		var ids []string
		for _, s := range c.newestFirst() {
			if c.serverMatches(s, r.URL.Query()) {
				ids = append(ids, s.id)
			}
		}
		ids, next, problem := c.page(r, ids)
		if problem != nil {
			return *problem
		}
		list := make([]view, 0, len(ids))
		for _, id := range ids {
			s := c.model.servers[id]
			if detail {
				list = append(list, c.serverView(s, r.minor))
			} else {
				list = append(list, view{"id": s.id, "name": s.name, "links": c.links("servers", s.id)})
			}
		}
		body := view{"servers": list}
		if next != "" {
			body["servers_links"] = []view{{"rel": "next", "href": next}}
		}
		return reply(http.StatusOK, body)
	}
}

// newestFirst is Nova's order of servers.
func (c *Cloud) newestFirst() []*server {
	var out []*server
	for _, s := range c.model.servers {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *server) int {
		if d := b.created.Compare(a.created); d != 0 {
			return d
		}
		return strings.Compare(b.id, a.id)
	})
	return out
}

// serverMatches applies the filters a project member may use; Nova ignores the others.
func (c *Cloud) serverMatches(s *server, q url.Values) bool {
	if name := q.Get("name"); name != "" {
		re, err := regexp.Compile(name)
		if err != nil || !re.MatchString(s.name) {
			return false
		}
	}
	if ip := q.Get("ip"); ip != "" {
		re, err := regexp.Compile(ip)
		if err != nil || !slices.ContainsFunc(c.model.portsOf(s.id), func(p *port) bool {
			return slices.ContainsFunc(p.fixed, func(f fixedIP) bool { return re.MatchString(f.addr.String()) })
		}) {
			return false
		}
	}
	if want := q["status"]; len(want) > 0 && !slices.ContainsFunc(want, func(w string) bool {
		return strings.EqualFold(w, s.status)
	}) {
		return false
	}
	for key, have := range map[string]string{"uuid": s.id, "image": s.image, "flavor": s.flavor, "key_name": s.key} {
		if want := q.Get(key); want != "" && want != have {
			return false
		}
	}
	return true
}

func (c *Cloud) findServer(r *request) (*server, response) {
	c.model.settle()
	id := r.PathValue("id")
	if s := c.model.servers[id]; s != nil {
		return s, response{}
	}
	return nil, computeAPI.problem(http.StatusNotFound, fmt.Sprintf("Instance %s could not be found.", id))
}

func (c *Cloud) showServer(r *request) response {
	s, problem := c.findServer(r)
	if s == nil {
		return problem
	}
	v := c.serverView(s, r.minor)
	if r.minor >= 71 {
		v["server_groups"] = []string{}
	}
	return reply(http.StatusOK, view{"server": v})
}

// powerStates are Nova's numbers: 0 no state, 1 running, 4 shut down.
var powerStates = map[string]int{statusActive: 1, statusOff: 4}

var vmStates = map[string]string{
	statusActive: "active", statusOff: "stopped", statusBuild: "building", statusError: "error",
}

func (c *Cloud) serverView(s *server, minor int) view {
	m := c.model
	v := view{
		"id": s.id, "name": s.name, "status": s.status, "tenant_id": c.creds.projectID,
		"user_id": c.creds.userID, "metadata": s.metadata, "hostId": "",
		"image": "", "flavor": c.serverFlavor(s, minor),
		"created": stamp(s.created), "updated": stamp(s.updated), "addresses": m.addresses(s.id),
		"accessIPv4": "", "accessIPv6": "", "links": c.links("servers", s.id),
		"OS-DCF:diskConfig": "MANUAL", "OS-EXT-AZ:availability_zone": "", "config_drive": "",
		"key_name": orNull(s.key), "OS-SRV-USG:launched_at": nil, "OS-SRV-USG:terminated_at": nil,
		"OS-EXT-STS:task_state": orNull(s.task), "OS-EXT-STS:vm_state": vmStates[s.status],
		"OS-EXT-STS:power_state": powerStates[s.status], "os-extended-volumes:volumes_attached": []string{},
	}
	if s.image != "" {
		v["image"] = view{"id": s.image, "links": c.bookmark("images", s.image)}
	}
	if s.status == statusActive || s.status == statusBuild {
		v["progress"] = 0
	}
	if s.status == statusActive || s.status == statusOff {
		v["hostId"] = hexID("host", "compute-1") + hexID("host", "1")[:24]
		v["OS-EXT-AZ:availability_zone"] = "nova"
		v["OS-SRV-USG:launched_at"] = s.created.Add(20 * time.Second).UTC().Format("2006-01-02T15:04:05.000000")
	}
	if s.status == statusError {
		v["fault"] = view{"code": http.StatusInternalServerError, "created": stamp(s.updated), "message": s.fault}
	}
	if names := m.serverGroupNames(s); len(names) > 0 {
		v["security_groups"] = names
	}
	addMicroversions(v, s, minor)
	return v
}

// addMicroversions adds the fields that came with the microversions up to minor.
func addMicroversions(v view, s *server, minor int) {
	if minor >= 9 {
		v["locked"] = false
	}
	if minor >= 19 {
		v["description"] = s.description
	}
	if minor >= 26 {
		v["tags"] = s.tags
	}
	if minor >= 63 {
		v["trusted_image_certificates"] = nil
	}
	if minor >= 73 {
		v["locked_reason"] = nil
	}
	if minor >= 90 {
		v["OS-EXT-SRV-ATTR:hostname"] = hostname(s.name)
	}
}

var notInHostnames = regexp.MustCompile(`[^a-zA-Z0-9.-]+`)

// hostname is Nova's: the name with what a host name may not have taken out.
func hostname(name string) string {
	h := strings.Trim(notInHostnames.ReplaceAllString(strings.ToLower(name), "-"), ".-")
	return h[:min(len(h), 63)]
}

func (c *Cloud) serverFlavor(s *server, minor int) view {
	if minor < 47 {
		return view{"id": s.flavor, "links": c.bookmark("flavors", s.flavor)}
	}
	f := c.model.flavors[s.flavor]
	return view{
		"vcpus": f.vcpus, "ram": f.ram, "disk": f.disk, "ephemeral": 0, "swap": 0,
		"original_name": f.name, "extra_specs": view{},
	}
}

// addresses is Nova's own list of a server's addresses: by network name, fixed and floating.
func (m *Model) addresses(server string) view {
	out := view{}
	for _, p := range m.portsOf(server) {
		name := m.networks[p.network].name
		list, _ := out[name].([]view)
		add := func(addr fmt.Stringer, kind string) {
			list = append(list, view{
				"version": 4, "addr": addr.String(), "OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": macOf(p.id),
			})
		}
		for _, f := range p.fixed {
			add(f.addr, "fixed")
			for _, fip := range m.fips {
				if fip.port == p.id && fip.fixed == f.addr {
					add(fip.addr, "floating")
				}
			}
		}
		out[name] = list
	}
	return out
}

// serverGroupNames are the names of the security groups on the server's ports.
func (m *Model) serverGroupNames(s *server) []view {
	ids := s.groups
	for i, p := range m.portsOf(s.id) {
		if i == 0 {
			ids = nil
		}
		ids = append(ids, p.groups...)
	}
	var names []string
	for _, id := range ids {
		if g := m.groups[id]; g != nil && !slices.Contains(names, g.name) {
			names = append(names, g.name)
		}
	}
	out := make([]view, 0, len(names))
	for _, n := range names {
		out = append(out, view{"name": n})
	}
	return out
}
