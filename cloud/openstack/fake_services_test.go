package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// listServers embeds flavors and shows tags from the microversions on that Nova does.
func (f *fake) listServers(w http.ResponseWriter, r *http.Request) {
	version := strings.TrimPrefix(r.Header.Get("OpenStack-API-Version"), "compute ")
	if minor(version) > minor(f.microversion) {
		reply(w, http.StatusNotAcceptable, object{"computeFault": object{"code": 406, "message": "Version " + version + " is not supported by the API."}})
		return
	}
	var list []object
	for _, s := range f.lists["servers"] {
		out := object{}
		for key, value := range s {
			out[key] = value
		}
		if minor(version) < 47 {
			out["flavor"] = object{"id": "f1"}
		}
		if minor(version) < 26 {
			delete(out, "tags")
		}
		list = append(list, out)
	}
	f.page(w, r, "servers", list)
}

func minor(version string) int {
	n := 1
	_, _ = fmt.Sscanf(version, "2.%d", &n)
	return n
}

func (f *fake) listFlavors(w http.ResponseWriter, r *http.Request) {
	f.page(w, r, "flavors", []object{{"id": "f1", "name": "m1.small", "vcpus": 2, "ram": 2048, "disk": 10, "swap": "", "rxtx_factor": 1}})
}

func (f *fake) listKeyPairs(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, object{"keypairs": []object{{"keypair": object{"name": "lab\x1b[31m", "fingerprint": "aa:bb", "public_key": "ssh-ed25519 AAAA demo\n"}}}})
}

// listImages leaves hidden images out unless asked for them, as Glance does.
func (f *fake) listImages(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ids := strings.Split(strings.TrimPrefix(query.Get("id"), "in:"), ",")
	found := []object{}
	for _, i := range f.lists["images"] {
		if slices.Contains(ids, i["id"].(string)) && i["os_hidden"] == (query.Get("os_hidden") == "true") && query.Get("visibility") == "all" {
			found = append(found, i)
		}
	}
	reply(w, http.StatusOK, object{"images": found})
}

// neutron routes the network API.
func (f *fake) neutron(mux *http.ServeMux) {
	const base = "/network/v2.0/"
	for path, key := range map[string]string{
		"ports": "ports", "floatingips": "floatingips", "networks": "networks", "subnets": "subnets",
		"routers": "routers", "security-groups": "security_groups",
	} {
		mux.HandleFunc("GET "+base+path, f.authenticated(func(w http.ResponseWriter, r *http.Request) {
			f.page(w, r, key, f.visible(r, f.lists[key]))
		}))
	}
	mux.HandleFunc("GET "+base+"extensions", f.authenticated(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"extensions": f.lists["extensions"]})
	}))
	mux.HandleFunc("GET "+base+"quotas/{project}/details.json", f.authenticated(f.showQuotaDetails))
	mux.HandleFunc("GET "+base+"quotas/{project}", f.authenticated(f.showQuotas))
	mux.HandleFunc("GET "+base+"floatingips/{id}/port_forwardings", f.authenticated(func(w http.ResponseWriter, r *http.Request) {
		f.page(w, r, "port_forwardings", f.forwardings[r.PathValue("id")])
	}))
	mux.HandleFunc("GET "+base+"ports/{id}", f.authenticated(f.showPort))
	mux.HandleFunc("PUT "+base+"ports/{id}", f.authenticated(f.updatePort))
	mux.HandleFunc("POST "+base+"security-groups", f.authenticated(f.createGroup))
	mux.HandleFunc("DELETE "+base+"security-groups/{id}", f.authenticated(f.deleteGroup))
	mux.HandleFunc("POST "+base+"security-group-rules", f.authenticated(f.createRule))
	mux.HandleFunc("DELETE "+base+"security-group-rules/{id}", f.authenticated(f.deleteRule))
}

// visible applies what the token may see, and the filters of the query.
func (f *fake) visible(r *http.Request, list []object) []object {
	query := r.URL.Query()
	var out []object
	for _, o := range list {
		own := o["project_id"] == fakeProject || o["shared"] == true || o["router:external"] == true
		if !f.admin && !own && query.Get("id") == "" {
			continue
		}
		if p := query.Get("project_id"); p != "" && o["project_id"] != p {
			continue
		}
		if ids := query["id"]; len(ids) > 0 && !slices.Contains(ids, o["id"].(string)) {
			continue
		}
		out = append(out, o)
	}
	return out
}

func neutronError(w http.ResponseWriter, status int, kind, message string) {
	reply(w, status, object{"NeutronError": object{"type": kind, "message": message, "detail": ""}})
}

func (f *fake) showQuotaDetails(w http.ResponseWriter, _ *http.Request) {
	if !f.quotaDetails {
		http.Error(w, "not here", http.StatusNotFound)
		return
	}
	used := func(n, limit int) object { return object{"used": n, "limit": limit, "reserved": 1} }
	reply(w, http.StatusOK, object{"quota": object{"security_group": used(3, f.groupQuota), "security_group_rule": used(12, 100), "floatingip": used(1, -1)}})
}

func (f *fake) showQuotas(w http.ResponseWriter, _ *http.Request) {
	if f.quotaForbidden {
		neutronError(w, http.StatusForbidden, "AdminRequired", "User does not have admin privileges: Non-admin is not authorized to access quotas for another tenant.")
		return
	}
	reply(w, http.StatusOK, object{"quota": object{"security_group": f.groupQuota, "security_group_rule": 100}})
}

// find returns the object with the ID of the path, or answers 404.
func (f *fake) find(w http.ResponseWriter, r *http.Request, key string) object {
	for _, o := range f.lists[key] {
		if o["id"] == r.PathValue("id") {
			return o
		}
	}
	neutronError(w, http.StatusNotFound, "NotFound", key+" "+r.PathValue("id")+" could not be found.")
	return nil
}

func (f *fake) showPort(w http.ResponseWriter, r *http.Request) {
	if p := f.find(w, r, "ports"); p != nil {
		reply(w, http.StatusOK, object{"port": p})
	}
}

// precondition reports whether the object has the revision that the request insists on, if it
// does, or answers 412.
func precondition(w http.ResponseWriter, r *http.Request, o object) bool {
	match := r.Header.Get("If-Match")
	if match == "" || match == fmt.Sprintf("revision_number=%d", o["revision_number"]) {
		return true
	}
	neutronError(w, http.StatusPreconditionFailed, "RevisionNumberConstraintFailed", fmt.Sprintf("Constrained to %s, but current revision is %d", match, o["revision_number"]))
	return false
}

func touch(o object) { o["revision_number"] = o["revision_number"].(int) + 1 }

func (f *fake) updatePort(w http.ResponseWriter, r *http.Request) {
	p := f.find(w, r, "ports")
	if p == nil {
		return
	}
	if !precondition(w, r, p) {
		return
	}
	var body struct {
		Port struct {
			Groups []string `json:"security_groups"`
		}
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Port.Groups == nil {
		neutronError(w, http.StatusBadRequest, "HTTPBadRequest", "Invalid input for security_groups.")
		return
	}
	p["security_groups"] = body.Port.Groups
	touch(p)
	reply(w, http.StatusOK, object{"port": p})
}

func (f *fake) newID(kind string) string {
	f.serial++
	return fmt.Sprintf("%s-%d", kind, f.serial)
}

func (f *fake) createGroup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Group object `json:"security_group"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	if len(f.lists["security_groups"]) >= f.groupQuota {
		neutronError(w, http.StatusConflict, "OverQuota", "Quota exceeded for resources: ['security_group'].")
		return
	}
	g := body.Group
	g["id"], g["project_id"], g["revision_number"] = f.newID("sg"), fakeProject, 1
	var rules []object
	for _, family := range []string{"IPv4", "IPv6"} {
		rules = append(rules, object{"id": f.newID("rule"), "security_group_id": g["id"], "direction": "egress", "ethertype": family})
	}
	g["security_group_rules"] = rules
	f.lists["security_groups"] = append(f.lists["security_groups"], g)
	reply(w, http.StatusCreated, object{"security_group": g})
}

func (f *fake) deleteGroup(w http.ResponseWriter, r *http.Request) {
	g := f.find(w, r, "security_groups")
	if g == nil {
		return
	}
	for _, p := range f.lists["ports"] {
		if used, _ := p["security_groups"].([]string); slices.Contains(used, g["id"].(string)) {
			neutronError(w, http.StatusConflict, "SecurityGroupInUse", "Security Group "+g["id"].(string)+" in use.")
			return
		}
	}
	if !precondition(w, r, g) {
		return
	}
	f.lists["security_groups"] = slices.DeleteFunc(f.lists["security_groups"], func(o object) bool { return o["id"] == g["id"] })
	w.WriteHeader(http.StatusNoContent)
}

func (f *fake) createRule(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Rule object `json:"security_group_rule"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	for _, g := range f.lists["security_groups"] {
		if g["id"] != body.Rule["security_group_id"] {
			continue
		}
		rules, _ := g["security_group_rules"].([]object)
		if slices.ContainsFunc(rules, func(o object) bool {
			return o["port_range_min"] == body.Rule["port_range_min"] && o["direction"] == "ingress"
		}) {
			neutronError(w, http.StatusConflict, "SecurityGroupRuleExists", "Security group rule already exists.")
			return
		}
		body.Rule["id"] = f.newID("rule")
		g["security_group_rules"] = append(rules, body.Rule)
		touch(g)
		reply(w, http.StatusCreated, object{"security_group_rule": body.Rule})
		return
	}
	neutronError(w, http.StatusNotFound, "SecurityGroupNotFound", "Security group does not exist")
}

func (f *fake) deleteRule(w http.ResponseWriter, r *http.Request) {
	for _, g := range f.lists["security_groups"] {
		rules, _ := g["security_group_rules"].([]object)
		left := slices.DeleteFunc(slices.Clone(rules), func(o object) bool { return o["id"] == r.PathValue("id") })
		if len(left) < len(rules) {
			g["security_group_rules"] = left
			touch(g)
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	neutronError(w, http.StatusNotFound, "SecurityGroupRuleNotFound", "Security group rule does not exist")
}
