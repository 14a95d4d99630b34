package emulator

import (
	"net/http"
	"slices"

	"portico/cloud"
)

// project is one that the user has roles in. Its model is served to tokens that are for it.
type project struct {
	id, name string
	roles    []string
	model    *Model
}

// defaultRoles are what a user who works in a project has.
var defaultRoles = []string{"reader", "member"}

// AddProject makes another project of the same user, with these roles (none: reader and member),
// and fills it; f may be nil. Its things have IDs of their own. Methods of the Cloud that name no
// project go on being about the first.
func (c *Cloud) AddProject(name string, roles []string, f func(*Model)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &project{id: hexID("project", name), name: name, roles: roles}
	if len(roles) == 0 {
		p.roles = defaultRoles
	}
	if slices.ContainsFunc(c.projects, func(q *project) bool { return q.id == p.id }) {
		return &cloud.Error{Op: "add project", Target: name, Kind: cloud.Conflict}
	}
	p.model = newModel(c)
	p.model.salt = name + "/"
	c.projects = append(c.projects, p)
	defer c.enter(p)()
	p.model.ensureDefaultGroup()
	if f != nil {
		f(p.model)
	}
	if p.model.err != nil {
		return &cloud.Error{Op: "fill project", Target: name, Kind: cloud.Invalid, Err: p.model.err}
	}
	return nil
}

// ProjectEnv is like [Cloud.Env] for another project of the user's.
func (c *Cloud) ProjectEnv(name string) []string {
	env := c.Env()
	for i, line := range env {
		if line == "OS_PROJECT_NAME="+c.projects[0].name {
			env[i] = "OS_PROJECT_NAME=" + name
		}
	}
	return env
}

// onlyReads reports whether no policy lets the holder of these roles change anything.
func onlyReads(roles []string) bool {
	return !slices.ContainsFunc(roles, func(r string) bool { return r != "reader" })
}

// SetRoles changes the user's roles in the first project, for tokens issued from now on.
func (c *Cloud) SetRoles(roles ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.projects[0].roles = roles
}

// enter makes p the project that is served until leave is called, all with the cloud's mutex held.
func (c *Cloud) enter(p *project) (leave func()) {
	id, model := c.creds.projectID, c.model
	c.creds.projectID, c.model = p.id, p.model
	return func() { c.creds.projectID, c.model = id, model }
}

// projectNamed is the one with this ID or, without one, this name; nil is none of the user's.
func (c *Cloud) projectNamed(id, name string) *project {
	for _, p := range c.projects {
		if p.id == id || id == "" && p.name == name {
			return p
		}
	}
	return nil
}

func (c *Cloud) projectView(p *project) view {
	return view{
		"id": p.id, "name": p.name, "domain_id": c.creds.domainID,
		"description": "", "enabled": true, "parent_id": c.creds.domainID, "is_domain": false,
		"tags": []string{}, "options": view{},
		"links": view{"self": c.AuthURL() + "/projects/" + p.id},
	}
}

// listProjects answers with all of the user's, whatever project the token is for.
func (c *Cloud) listProjects(r *request) response {
	if id := r.PathValue("id"); id != "" && id != c.creds.userID {
		return identityAPI.problem(http.StatusForbidden,
			"You are not authorized to perform the requested action: identity:list_user_projects.")
	}
	views := []view{}
	for _, p := range c.projects {
		views = append(views, c.projectView(p))
	}
	return reply(http.StatusOK, view{
		"projects": views, "links": view{"next": nil, "self": c.base + r.URL.Path, "previous": nil},
	})
}

func (c *Cloud) showProject(r *request) response {
	p := c.projectNamed(r.PathValue("id"), "")
	if p == nil {
		return identityAPI.problem(http.StatusForbidden,
			"You are not authorized to perform the requested action: identity:get_project.")
	}
	return reply(http.StatusOK, view{"project": c.projectView(p)})
}
