package emulator

import (
	"net/http"
	"time"
)

func (c *Cloud) identityRoutes(mux *http.ServeMux) {
	mux.Handle("GET /identity", c.open(c.identityVersions))
	mux.Handle("GET /identity/v3", c.open(func(*request) response {
		return reply(http.StatusOK, view{"version": c.identityVersion()})
	}))
	mux.Handle("POST /identity/v3/auth/tokens", c.open(c.logIn))
	mux.Handle("GET /identity/v3/auth/tokens", c.secured(c.showToken))
	mux.Handle("DELETE /identity/v3/auth/tokens", c.secured(c.revoke))
	mux.Handle("GET /identity/v3/auth/catalog", c.secured(func(*request) response {
		return reply(http.StatusOK, view{
			"catalog": c.catalogue(), "links": view{"self": c.AuthURL() + "/auth/catalog"},
		})
	}))
	mux.Handle("GET /identity/v3/auth/projects", c.secured(c.listProjects))
	mux.Handle("GET /identity/v3/users/{id}/projects", c.secured(c.listProjects))
	mux.Handle("GET /identity/v3/projects/{id}", c.secured(c.showProject))
	mux.Handle("GET /identity/v3/projects", c.secured(func(*request) response {
		return identityAPI.problem(http.StatusForbidden,
			"You are not authorized to perform the requested action: identity:list_projects.")
	}))
	mux.Handle("GET /identity/v3/users/{id}", c.secured(c.showUser))
}

func (c *Cloud) identityVersion() view {
	return view{
		"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": []view{{"rel": "self", "href": c.AuthURL() + "/"}},
		"media-types": []view{{
			"base": "application/json", "type": "application/vnd.openstack.identity-v3+json",
		}},
	}
}

func (c *Cloud) identityVersions(*request) response {
	res := reply(http.StatusMultipleChoices, view{"versions": view{"values": []view{c.identityVersion()}}})
	res.header = http.Header{"Location": {c.AuthURL() + "/"}}
	return res
}

// token is a Keystone token. Without a project it has no catalogue either.
type token struct {
	id, audit       string
	methods         []string
	issued, expires time.Time
	project         *project // nil: unscoped
	roles           []string // as they were when it was issued
}

// valid returns the token with this ID if it is known and not expired.
func (c *Cloud) valid(id string) *token {
	t := c.tokens[id]
	if t == nil || !c.config.Now().Before(t.expires) {
		return nil
	}
	return t
}

func (c *Cloud) tokenView(t *token) view {
	domain := view{"id": c.creds.domainID, "name": c.creds.domainFor}
	v := view{
		"methods": t.methods,
		"user": view{
			"domain": domain, "id": c.creds.userID, "name": c.config.User, "password_expires_at": nil,
		},
		"audit_ids":  []string{t.audit},
		"expires_at": micros(t.expires), "issued_at": micros(t.issued),
	}
	if t.project != nil {
		v["project"] = view{"domain": domain, "id": t.project.id, "name": t.project.name}
		v["is_domain"] = false
		roles := []view{}
		for _, name := range t.roles {
			roles = append(roles, view{"id": hexID("role", name), "name": name})
		}
		v["roles"] = roles
		v["catalog"] = c.catalogue()
	}
	return view{"token": v}
}

func (c *Cloud) catalogue() []view {
	entry := func(kind, name, path string) view {
		var ends []view
		for _, side := range []string{"admin", "internal", "public"} {
			ends = append(ends, view{
				"id": hexID("endpoint", kind+side), "interface": side, "url": c.base + path,
				"region": c.config.Region, "region_id": c.config.Region,
			})
		}
		return view{"endpoints": ends, "id": hexID("service", kind), "type": kind, "name": name}
	}
	return []view{
		entry("compute", "nova", "/compute/v2.1"),
		entry("identity", "keystone", "/identity/v3"),
		entry("network", "neutron", "/network"),
		entry("image", "glance", "/image"),
	}
}

// subject is the token a request asks about, which is not the one it authenticates with.
func (c *Cloud) subject(r *request) (*token, response) {
	if t := c.valid(r.Header.Get("X-Subject-Token")); t != nil {
		return t, response{}
	}
	return nil, identityAPI.problem(http.StatusNotFound, "Could not recognize Fernet token")
}

func (c *Cloud) showToken(r *request) response {
	t, problem := c.subject(r)
	if t == nil {
		return problem
	}
	res := reply(http.StatusOK, c.tokenView(t))
	res.header = http.Header{"X-Subject-Token": {t.id}}
	return res
}

func (c *Cloud) revoke(r *request) response {
	t, problem := c.subject(r)
	if t == nil {
		return problem
	}
	delete(c.tokens, t.id)
	return reply(http.StatusNoContent, nil)
}

func (c *Cloud) showUser(r *request) response {
	if r.PathValue("id") != c.creds.userID {
		return identityAPI.problem(http.StatusForbidden,
			"You are not authorized to perform the requested action: identity:get_user.")
	}
	return reply(http.StatusOK, view{"user": view{
		"id": c.creds.userID, "name": c.config.User, "domain_id": c.creds.domainID, "enabled": true,
		"default_project_id": c.creds.projectID, "password_expires_at": nil, "options": view{},
		"links": view{"self": c.AuthURL() + "/users/" + c.creds.userID},
	}})
}
