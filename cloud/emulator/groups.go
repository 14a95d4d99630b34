package emulator

import (
	"fmt"
	"net/http"
	"slices"
)

const (
	ingress = "ingress"
	egress  = "egress"
	ipv4    = "IPv4"
	ipv6    = "IPv6"
)

func (c *Cloud) groupView(g *group) view {
	rules := []view{}
	for _, x := range c.model.rulesOf(g.id) {
		rules = append(rules, with(x.view(), view{"standard_attr_id": x.serial, "tags": []string{}}))
	}
	return with(g.base(), view{
		"name": g.name, "description": g.description, "stateful": true, "shared": false,
		"security_group_rules": rules,
	})
}

func (c *Cloud) listGroups(r *request) response {
	col := collection{
		name: "security_groups", kind: "SecurityGroupNotFound", singular: "Security group",
		fields: fieldsOf(c.groupView(&group{})), notFilter: []string{"security_group_rules"},
	}
	for _, g := range c.model.groups {
		col.items = append(col.items, c.groupView(g))
	}
	return c.list(r, col)
}

func (c *Cloud) findGroup(id string) (*group, response) {
	if g := c.model.groups[id]; g != nil {
		return g, response{}
	}
	return nil, notFound("SecurityGroupNotFound", "Security group", id)
}

func (c *Cloud) showGroup(r *request) response {
	g, problem := c.findGroup(r.PathValue("id"))
	if g == nil {
		return problem
	}
	return show(r, "security_group", c.groupView(g))
}

var groupAttributes = []string{"name", "description", "stateful", "tenant_id", "project_id"}

func (c *Cloud) createGroup(r *request) response {
	body, bad := wrapped(r, "security_group")
	if bad == nil {
		bad = unrecognized(body, groupAttributes...)
	}
	if bad == nil {
		bad = c.readable(body, "name", "description")
	}
	if bad == nil {
		bad = c.overQuota("security_group", 1)
	}
	if bad != nil {
		return *bad
	}
	name, _ := body["name"].(string)
	if name == "default" {
		return neutronError(http.StatusConflict, "SecurityGroupDefaultAlreadyExists",
			"Default security group already exists.")
	}
	// The two egress rules every group begins with count too.
	if bad = c.overQuota("security_group_rule", 2); bad != nil {
		return *bad
	}
	description, _ := body["description"].(string)
	g := c.model.newGroup(name, description)
	return reply(http.StatusCreated, view{"security_group": c.groupView(g)})
}

// readable refuses attributes that are no strings of at most 255 characters.
func (c *Cloud) readable(body map[string]any, keys ...string) *response {
	for _, key := range keys {
		v, given := body[key]
		s, ok := v.(string)
		switch {
		case given && !ok:
			res := badRequest("Invalid input for %s. Reason: '%v' is not a valid string.", key, v)
			return &res
		case len([]rune(s)) > 255:
			res := badRequest("Invalid input for %s. Reason: '%s' exceeds maximum length of 255.", key, s)
			return &res
		}
	}
	return nil
}

// newGroup makes a group with Neutron's default rules: everything out, nothing in.
func (m *Model) newGroup(name, description string) *group {
	g := &group{meta: m.newMeta("security_group", name), name: name, description: description}
	g.revision = 1
	m.groups[g.id] = g
	for _, family := range []string{ipv4, ipv6} {
		m.addRule(&rule{group: g.id, direction: egress, ethertype: family})
	}
	return g
}

// addRule stores a rule without judging it; the group's revision is the caller's business.
func (m *Model) addRule(x *rule) *rule {
	x.meta = m.newMeta("security_group_rule", fmt.Sprintf("%s/%s/%s/%s/%s/%s", x.group, x.direction, x.ethertype,
		x.protocol, portsText(x), x.prefix+x.remoteGroup))
	m.rules[x.id] = x
	return x
}

// ensureDefaultGroup makes the group that every project has: what carries it may talk to itself.
func (m *Model) ensureDefaultGroup() {
	g := m.newGroup("default", "Default security group")
	for _, family := range []string{ipv4, ipv6} {
		m.addRule(&rule{group: g.id, direction: ingress, ethertype: family, remoteGroup: g.id})
	}
}

func (c *Cloud) updateGroup(r *request) response {
	body, bad := wrapped(r, "security_group")
	if bad == nil {
		bad = unrecognized(body, "name", "description", "stateful")
	}
	if bad == nil {
		bad = c.readable(body, "name", "description")
	}
	if bad != nil {
		return *bad
	}
	g, problem := c.findGroup(r.PathValue("id"))
	if g == nil {
		return problem
	}
	name, renamed := body["name"].(string)
	if g.name == "default" && renamed && name != g.name {
		return neutronError(http.StatusConflict, "SecurityGroupCannotUpdateDefault",
			"Updating default security group not allowed.")
	}
	if bad = precondition(r, g.revision); bad != nil {
		return *bad
	}
	if renamed {
		g.name = name
	}
	if s, ok := body["description"].(string); ok {
		g.description = s
	}
	c.model.touch(&g.meta)
	return reply(http.StatusOK, view{"security_group": c.groupView(g)})
}

func (c *Cloud) deleteGroup(r *request) response {
	g, problem := c.findGroup(r.PathValue("id"))
	if g == nil {
		return problem
	}
	for _, p := range c.model.ports {
		if slices.Contains(p.groups, g.id) {
			return neutronError(http.StatusConflict, "SecurityGroupInUse",
				fmt.Sprintf("Security Group %s in use.", g.id))
		}
	}
	if g.name == "default" {
		return neutronError(http.StatusConflict, "SecurityGroupCannotRemoveDefault",
			"Insufficient rights for removing default security group.")
	}
	if bad := precondition(r, g.revision); bad != nil {
		return *bad
	}
	// Rules of other groups that name this one as their peer go with it, by foreign key.
	for id, x := range c.model.rules {
		if x.group == g.id || x.remoteGroup == g.id {
			delete(c.model.rules, id)
		}
	}
	delete(c.model.groups, g.id)
	return reply(http.StatusNoContent, nil)
}
