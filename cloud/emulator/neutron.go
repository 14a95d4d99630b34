package emulator

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	extPortForwarding       = "floating-ip-port-forwarding"
	extPortForwardingText   = "floating-ip-port-forwarding-description"
	extPortForwardingRanges = "floating-ip-port-forwarding-port-ranges"
)

func (c *Cloud) networkRoutes(mux *http.ServeMux) {
	on := func(method, path string, f handlerFunc) {
		mux.Handle(method+" /network/v2.0"+path, c.secured(f))
	}
	get := func(path string, f handlerFunc) { on("GET", path, f) }
	mux.Handle("GET /network", c.open(c.networkVersions))
	get("", c.networkResources)
	get("/extensions", c.listExtensions)
	get("/extensions/{id}", c.showExtension)
	get("/networks", c.listNetworks)
	get("/networks/{id}", c.showNetwork)
	get("/subnets", c.listSubnets)
	get("/subnets/{id}", c.showSubnet)
	get("/routers", c.listRouters)
	get("/routers/{id}", c.showRouter)
	get("/ports", c.listPorts)
	get("/ports/{id}", c.showPort)
	on("POST", "/ports", c.createPort)
	on("PUT", "/ports/{id}", c.updatePort)
	on("DELETE", "/ports/{id}", c.deletePort)
	get("/floatingips", c.listFloatingIPs)
	get("/floatingips/{id}", c.showFloatingIP)
	on("POST", "/floatingips", c.createFloatingIP)
	on("PUT", "/floatingips/{id}", c.updateFloatingIP)
	on("DELETE", "/floatingips/{id}", c.deleteFloatingIP)
	get("/security-groups", c.listGroups)
	on("POST", "/security-groups", c.createGroup)
	get("/security-groups/{id}", c.showGroup)
	on("PUT", "/security-groups/{id}", c.updateGroup)
	on("DELETE", "/security-groups/{id}", c.deleteGroup)
	get("/security-group-rules", c.listRules)
	on("POST", "/security-group-rules", c.createRules)
	get("/security-group-rules/{id}", c.showRule)
	on("DELETE", "/security-group-rules/{id}", c.deleteRule)
	get("/quotas/{id}", c.showQuota)
	if !c.without("quota_details") {
		get("/quotas/{id}/details", c.showQuotaDetails)
	}
	if !c.without(extPortForwarding) {
		const pf = "/floatingips/{id}/port_forwardings"
		get(pf, c.listForwardings)
		on("POST", pf, c.createForwarding)
		get(pf+"/{pf}", c.showForwarding)
		on("PUT", pf+"/{pf}", c.updateForwarding)
		on("DELETE", pf+"/{pf}", c.deleteForwarding)
	}
}

func (c *Cloud) networkVersions(*request) response {
	return reply(http.StatusOK, view{"versions": []view{{
		"id": "v2.0", "status": "CURRENT",
		"links": []view{{"rel": "self", "href": c.base + "/network/v2.0/"}},
	}}})
}

func (c *Cloud) networkResources(*request) response {
	list := []view{}
	for _, name := range []string{"network", "subnet", "subnetpool", "port"} {
		list = append(list, view{"name": name, "collection": name + "s", "links": []view{
			{"rel": "self", "href": c.base + "/network/v2.0/" + name + "s"},
		}})
	}
	return reply(http.StatusOK, view{"resources": list})
}

// notFound is Neutron's 404 for a resource: kind is its exception, name how messages call it.
func notFound(kind, name, id string) response {
	message := fmt.Sprintf("%s %s could not be found.", name, id)
	switch kind {
	case "FloatingIPNotFound":
		message = strings.TrimSuffix(message, ".")
	case "SecurityGroupNotFound", "SecurityGroupRuleNotFound":
		message = fmt.Sprintf("%s %s does not exist", name, id)
	}
	return neutronError(http.StatusNotFound, kind, message)
}

func badRequest(format string, args ...any) response {
	return neutronError(http.StatusBadRequest, "HTTPBadRequest", fmt.Sprintf(format, args...))
}

var revisionHeader = regexp.MustCompile(`^revision_number=(\d+)$`)

// precondition checks If-Match against a resource's revision (extension revision-if-match).
// A header in any other form is ignored, as Neutron does.
func precondition(r *request, have int) *response {
	m := revisionHeader.FindStringSubmatch(r.Header.Get("If-Match"))
	if m == nil || m[1] == strconv.Itoa(have) {
		return nil
	}
	res := neutronError(http.StatusPreconditionFailed, "RevisionNumberConstraintFailed",
		fmt.Sprintf("Constrained to %s, but current revision is %d", m[1], have))
	return &res
}

// wrapped decodes a body of the form {"name": {...}}.
func wrapped(r *request, name string) (map[string]any, *response) {
	body, ok := r.decode()
	if !ok {
		res := neutronError(http.StatusBadRequest, "MalformedRequestBody",
			"Malformed request body: Cannot understand JSON.")
		return nil, &res
	}
	v, ok := body[name].(map[string]any)
	if !ok {
		res := badRequest("Unable to find '%s' in request body", name)
		return nil, &res
	}
	return v, nil
}

// unrecognized refuses attributes that the resource has not.
func unrecognized(v map[string]any, known ...string) *response {
	var bad []string
	for k := range v {
		if !slices.Contains(known, k) {
			bad = append(bad, k)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	res := badRequest("Unrecognized attribute(s) '%s'", strings.Join(bad, ", "))
	return &res
}

// integer reads a JSON number or a string of digits, which Neutron converts.
func integer(v any) (int, bool) {
	switch x := v.(type) {
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<31 {
			return int(x), true
		}
	case string:
		n, err := strconv.Atoi(x)
		return n, err == nil
	case json.Number:
		n, err := x.Int64()
		return int(n), err == nil
	}
	return 0, false
}

func compareIDs(a, b string) int { return strings.Compare(a, b) }

// base is the view of what all Neutron resources carry.
func (m *meta) base() view {
	return view{
		"id": m.id, "tenant_id": m.project, "project_id": m.project, "tags": []string{},
		"created_at": stamp(m.created), "updated_at": stamp(m.updated), "revision_number": m.revision,
	}
}

// with adds to a view.
func with(v view, more view) view {
	for k, x := range more {
		v[k] = x
	}
	return v
}
