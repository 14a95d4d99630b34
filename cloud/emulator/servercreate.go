package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// statusDeleted ends a server that is being deleted; nobody ever sees it.
const statusDeleted = "DELETED"

// maxUserData is Nova's limit of user data, encoded.
const maxUserData = 65535

// build is a server as a client asked for it.
type build struct {
	name, image, flavor, key string
	userData                 []byte
	metadata                 map[string]string
	groups                   []string // IDs, for a port that Nova makes
	port, network            string   // one of them
}

// FailBuilds lets the next servers that are made end in status ERROR with this fault, as when no host
// has room for them.
func (c *Cloud) FailBuilds(fault string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.buildFault, c.model.buildFaults = fault, times
}

// NoValidHost is what Nova says when no host has room.
const NoValidHost = "No valid host was found. There are not enough hosts available."

// UserData is what a server was given to run at its first boot.
func (c *Cloud) UserData(serverID string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.model.servers[serverID]; s != nil {
		return slices.Clone(s.userData)
	}
	return nil
}

// createServer does POST /servers for one server with one port, which may exist already. As in Nova the
// order is taken at once; the server is in status BUILD until the cloud's ActionTime is over.
func (c *Cloud) createServer(r *request) response {
	body, _ := r.decode()
	want, ok := body["server"].(map[string]any)
	if !ok {
		return computeAPI.problem(http.StatusBadRequest, "Invalid input for field/attribute server. 'server' is a required property")
	}
	b, bad := c.readBuild(want)
	if bad == nil {
		bad = c.fits(b)
	}
	if bad != nil {
		return *bad
	}
	m := c.model
	s := &server{
		id: m.newID("server", b.name), name: b.name, status: statusBuild, task: "spawning", image: b.image, flavor: b.flavor, key: b.key,
		groups: b.groups, tags: []string{}, created: m.now(), updated: m.now(), metadata: b.metadata, userData: b.userData,
		next: statusActive, due: c.config.Now().Add(c.config.ActionTime),
	}
	if m.buildFaults != 0 {
		m.buildFaults--
		s.next, s.fault = statusError, m.buildFault
	}
	p, bad := c.wire(s, b)
	if bad != nil {
		return *bad
	}
	m.servers[s.id] = s
	m.bind(p, s.id, "compute:nova")
	m.settle()
	return reply(http.StatusAccepted, view{"server": view{
		"id": s.id, "links": c.links("servers", s.id), "OS-DCF:diskConfig": "MANUAL",
		"security_groups": m.serverGroupNames(s), "adminPass": rand.Text()[:12],
	}})
}

// wire finds or makes the port of a new server.
func (c *Cloud) wire(s *server, b build) (*port, *response) {
	if b.port != "" {
		return c.model.ports[b.port], nil
	}
	sub := c.model.subnets[c.model.subnetOf(b.network)]
	addr, ok := c.model.firstFree(sub)
	if !ok {
		res := computeAPI.problem(http.StatusBadRequest, "No more IP addresses available on network "+b.network+".")
		return nil, &res
	}
	p := c.model.addPort(s.name+"/"+addr.String(), b.network, "", fixedIP{sub.id, addr})
	p.secure, p.groups, p.novas = true, slices.Clone(b.groups), true
	return p, nil
}

// readBuild reads a request as Nova's schema and its API layer do.
func (c *Cloud) readBuild(want map[string]any) (build, *response) {
	refuse := func(format string, args ...any) (build, *response) {
		res := computeAPI.problem(http.StatusBadRequest, fmt.Sprintf(format, args...))
		return build{}, &res
	}
	text := func(key string) string { s, _ := want[key].(string); return s }
	b := build{name: text("name"), image: text("imageRef"), flavor: text("flavorRef"), key: text("key_name"), metadata: map[string]string{}}
	m := c.model
	switch {
	case strings.TrimSpace(b.name) == "" || len([]rune(b.name)) > 255:
		return refuse("Invalid input for field/attribute name. Value: %s. '%s' is too short", b.name, b.name)
	case m.flavors[b.flavor] == nil:
		return refuse("Invalid flavorRef provided.")
	case m.images[b.image] == nil:
		return refuse("Can not find requested image")
	case b.key != "" && m.keypairs[b.key] == nil:
		return refuse("Invalid key_name provided.")
	}
	meta, _ := want["metadata"].(map[string]any)
	for k, v := range meta {
		b.metadata[k] = fmt.Sprint(v)
	}
	if encoded := text("user_data"); encoded != "" {
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(encoded) > maxUserData {
			return refuse("Invalid input for field/attribute user_data. Value: %.20s. It is too long, or no base64", encoded)
		}
		b.userData = data
	}
	return c.readNetworks(b, want)
}

// readNetworks reads where the server is to be.
func (c *Cloud) readNetworks(b build, want map[string]any) (build, *response) {
	refuse := func(status int, format string, args ...any) (build, *response) {
		res := computeAPI.problem(status, fmt.Sprintf(format, args...))
		return build{}, &res
	}
	list, _ := want["networks"].([]any)
	if len(list) != 1 {
		return refuse(http.StatusConflict, "Multiple possible networks found, use a Network ID to be more specific.")
	}
	n, _ := list[0].(map[string]any)
	b.port, _ = n["port"].(string)
	b.network, _ = n["uuid"].(string)
	p := c.model.ports[b.port]
	switch {
	case b.port != "" && p == nil:
		return refuse(http.StatusBadRequest, "Port %s could not be found.", b.port)
	case p != nil && p.device != "":
		return refuse(http.StatusConflict, "Port %s is still in use.", b.port)
	case b.port == "" && c.model.subnets[c.model.subnetOf(b.network)] == nil:
		return refuse(http.StatusBadRequest, "Network %s could not be found.", b.network)
	}
	groups, _ := want["security_groups"].([]any)
	for _, x := range groups {
		g, _ := x.(map[string]any)
		name, _ := g["name"].(string)
		id := ""
		for _, known := range c.model.groups {
			if known.id == name || known.name == name {
				id = known.id
			}
		}
		if id == "" {
			return refuse(http.StatusBadRequest, "Unable to find security_group with name or id '%s'", name)
		}
		b.groups = append(b.groups, id)
	}
	if len(groups) == 0 {
		b.groups = []string{c.model.DefaultGroup()}
	}
	return b, nil
}

// fits refuses what the flavor is too small for and what the project may not have.
func (c *Cloud) fits(b build) *response {
	m := c.model
	f, i := m.flavors[b.flavor], m.images[b.image]
	cores, ram := m.computeUse()
	for _, q := range []struct {
		resource  string
		used, add int
	}{{"instances", len(m.servers), 1}, {"cores", cores, f.vcpus}, {"ram", ram, f.ram}} {
		if limit := m.limits[q.resource]; limit >= 0 && q.used+q.add > limit {
			res := computeAPI.problem(http.StatusForbidden, fmt.Sprintf("Quota exceeded for %s: Requested %d, but already used %d of %d %s", q.resource, q.add, q.used, limit, q.resource))
			return &res
		}
	}
	var why string
	switch {
	case i.minRAM > f.ram:
		why = "Flavor's memory is too small for requested image."
	case f.disk > 0 && i.minDisk > f.disk:
		why = fmt.Sprintf("Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is %d bytes, minimum size is %d bytes.", f.disk<<30, i.minDisk<<30)
	default:
		return nil
	}
	res := computeAPI.problem(http.StatusBadRequest, why)
	return &res
}

// computeUse is what all servers of the project take.
func (m *Model) computeUse() (cores, ram int) {
	for _, s := range m.servers {
		f := m.flavors[s.flavor]
		cores, ram = cores+f.vcpus, ram+f.ram
	}
	return cores, ram
}

// deleteServer does DELETE /servers/{id}. The server is there, deleting, until the cloud's ActionTime
// is over. Ports that Nova made go with it; others are left, bound to nothing.
func (c *Cloud) deleteServer(r *request) response {
	s, problem := c.findServer(r)
	if s == nil {
		return problem
	}
	s.task, s.next, s.due = "deleting", statusDeleted, c.config.Now().Add(c.config.ActionTime)
	c.model.settle()
	return reply(http.StatusNoContent, nil)
}

// forget ends a server that was deleted by the API.
func (m *Model) forget(s *server) {
	for _, p := range slices.Clone(m.portsOf(s.id)) {
		if !p.novas { // the rest DeleteServer removes
			m.bind(p, "", "")
			p.status = "DOWN"
		}
	}
	m.DeleteServer(s.id)
}

// bind makes a port that of a device.
func (m *Model) bind(p *port, device, owner string) {
	m.byDevice[p.device] = slices.DeleteFunc(slices.Clone(m.byDevice[p.device]), func(q *port) bool { return q == p })
	p.device, p.owner = device, owner
	m.byDevice[device] = append(m.byDevice[device], p)
	m.touch(&p.meta)
}

// firstFree is the lowest address of a subnet that no port has.
func (m *Model) firstFree(s *subnet) (netip.Addr, bool) {
	first, last := hostRange(s.cidr)
	for a := first; a.Compare(last) <= 0; a = a.Next() {
		if a != s.gateway && m.byFixed[fixedIP{s.id, a}] == nil {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// novaLimits are Nova's limits of a project, as this cloud begins with them.
func novaLimits() map[string]int {
	return map[string]int{"instances": 50, "cores": 200, "ram": 1024000, "key_pairs": 100}
}
