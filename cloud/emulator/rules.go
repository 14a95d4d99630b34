package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

func (x *rule) view() view {
	v := with(x.base(), view{
		"security_group_id": x.group, "ethertype": x.ethertype, "direction": x.direction,
		"protocol": orNull(x.protocol), "port_range_min": x.portMin, "port_range_max": x.portMax,
		"remote_ip_prefix": orNull(x.prefix), "remote_address_group_id": nil, "normalized_cidr": nil,
		"remote_group_id": orNull(x.remoteGroup), "description": x.description,
	})
	delete(v, "tags")
	if p, err := netip.ParsePrefix(x.prefix); err == nil {
		v["normalized_cidr"] = p.Masked().String()
	}
	return v
}

func portsText(x *rule) string {
	text := func(p *int) string {
		if p == nil {
			return ""
		}
		return fmt.Sprint(*p)
	}
	return text(x.portMin) + ":" + text(x.portMax)
}

func (c *Cloud) listRules(r *request) response {
	col := collection{
		name: "security_group_rules", kind: "SecurityGroupRuleNotFound", singular: "Security group rule",
		fields: fieldsOf((&rule{}).view()),
	}
	for _, x := range c.model.rules {
		col.items = append(col.items, x.view())
	}
	return c.list(r, col)
}

func (c *Cloud) findRule(r *request) (*rule, response) {
	id := r.PathValue("id")
	if x := c.model.rules[id]; x != nil {
		return x, response{}
	}
	return nil, notFound("SecurityGroupRuleNotFound", "Security group rule", id)
}

func (c *Cloud) showRule(r *request) response {
	x, problem := c.findRule(r)
	if x == nil {
		return problem
	}
	return show(r, "security_group_rule", x.view())
}

func (c *Cloud) deleteRule(r *request) response {
	x, problem := c.findRule(r)
	if x == nil {
		return problem
	}
	if bad := precondition(r, x.revision); bad != nil {
		return *bad
	}
	delete(c.model.rules, x.id)
	if g := c.model.groups[x.group]; g != nil {
		c.model.touch(&g.meta)
	}
	return reply(http.StatusNoContent, nil)
}

// createRules creates one rule, or several of one group in one call: all or none.
func (c *Cloud) createRules(r *request) response {
	body, ok := r.decode()
	list, bulk := body["security_group_rules"].([]any)
	if !ok || !bulk {
		one, bad := wrapped(r, "security_group_rule")
		if bad != nil {
			return *bad
		}
		list = []any{one}
	}
	var made []*rule
	for _, item := range list {
		attrs, _ := item.(map[string]any)
		x, bad := readRule(attrs)
		if bad != nil {
			return *bad
		}
		made = append(made, x)
	}
	// Neutron's API layer reserves the quota before the plugin looks at the rules.
	if bad := c.overQuota("security_group_rule", len(made)); bad != nil {
		return *bad
	}
	for i, x := range made {
		if bad := c.checkRule(x, made[:i]); bad != nil {
			return *bad
		}
	}
	views := []view{}
	for _, x := range made {
		views = append(views, c.model.addRule(x).view())
	}
	if len(made) > 0 {
		c.model.touch(&c.model.groups[made[0].group].meta)
	}
	if bulk {
		return reply(http.StatusCreated, view{"security_group_rules": views})
	}
	return reply(http.StatusCreated, view{"security_group_rule": views[0]})
}

// checkRule applies what needs the model: the groups exist, the rule is new. before are rules
// of the same call.
func (c *Cloud) checkRule(x *rule, before []*rule) *response {
	fail := func(res response) *response { return &res }
	for _, id := range []string{x.remoteGroup, x.group} {
		if id != "" && c.model.groups[id] == nil {
			return fail(notFound("SecurityGroupNotFound", "Security group", id))
		}
	}
	for _, y := range before {
		if y.group != x.group {
			return fail(neutronError(http.StatusBadRequest, "SecurityGroupNotSingleGroupRules",
				"Only allowed to update rules for one security profile at a time"))
		}
		if y.key() == x.key() {
			return fail(neutronError(http.StatusConflict, "DuplicateSecurityGroupRuleInPost",
				"Duplicate Security Group Rule in POST."))
		}
	}
	for _, y := range c.model.rulesOf(x.group) {
		if y.key() == x.key() {
			return fail(neutronError(http.StatusConflict, "SecurityGroupRuleExists",
				fmt.Sprintf("Security group rule already exists. Rule id is %s.", y.id)))
		}
	}
	return nil
}

// key is what makes two rules of a group the same to Neutron: everything but the description,
// with names and numbers of protocols alike and "anywhere" the same as no prefix.
func (x *rule) key() string {
	prefix := x.prefix
	if prefix == "0.0.0.0/0" || prefix == "::/0" {
		prefix = ""
	}
	return strings.Join([]string{
		x.group, x.direction, x.ethertype, protocolNumber(x.protocol), portsText(x), prefix, x.remoteGroup,
	}, "|")
}
