package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// serverAction does POST /servers/{id}/action: os-start, os-stop, reboot,
// addSecurityGroup, removeSecurityGroup, os-getConsoleOutput.
func (c *Cloud) serverAction(r *request) response {
	s, problem := c.findServer(r)
	if s == nil {
		return problem
	}
	body, ok := r.decode()
	if !ok || len(body) != 1 {
		return computeAPI.problem(http.StatusBadRequest, "Malformed request body")
	}
	action := slices.Collect(maps.Keys(body))[0]
	switch action {
	case "os-start":
		return c.power(s, "start", statusOff, statusActive, "powering-on")
	case "os-stop":
		return c.power(s, "stop", statusActive, statusOff, "powering-off")
	case "reboot":
		return c.power(s, "reboot", statusActive, statusActive, "rebooting")
	case "addSecurityGroup", "removeSecurityGroup":
		return c.changeGroup(s, body[action], action == "addSecurityGroup")
	case "os-getConsoleOutput":
		return c.consoleOutput(s, body[action])
	}
	return computeAPI.problem(http.StatusBadRequest, "There is no such action: "+action)
}

// power starts an action that takes a server from one status to another.
func (c *Cloud) power(s *server, verb, from, to, task string) response {
	if s.next != "" {
		return computeAPI.problem(http.StatusConflict,
			fmt.Sprintf("Cannot '%s' instance %s while it is in task_state %s", verb, s.id, s.task))
	}
	if s.status != from {
		return computeAPI.problem(http.StatusConflict,
			fmt.Sprintf("Cannot '%s' instance %s while it is in vm_state %s", verb, s.id, vmStates[s.status]))
	}
	s.task, s.next, s.due = task, to, c.config.Now().Add(c.config.ActionTime)
	c.model.settle()
	return reply(http.StatusAccepted, nil)
}

// changeGroup adds a security group, named or by ID, to all ports of a server or removes it.
func (c *Cloud) changeGroup(s *server, args any, add bool) response {
	a, _ := args.(map[string]any)
	name, _ := a["name"].(string)
	var g *group
	for _, x := range c.model.groups {
		if x.id == name || x.name == name {
			g = x
		}
	}
	if g == nil {
		return computeAPI.problem(http.StatusNotFound,
			fmt.Sprintf("Security group %s is not found for project %s", name, c.creds.projectID))
	}
	removed := false
	for _, p := range c.model.portsOf(s.id) {
		has := slices.Contains(p.groups, g.id)
		switch {
		case add && !has:
			p.groups = append(slices.Clone(p.groups), g.id)
		case !add && has:
			p.groups = slices.DeleteFunc(slices.Clone(p.groups), func(id string) bool { return id == g.id })
			removed = true
		default:
			continue
		}
		c.model.touch(&p.meta)
	}
	if !add && !removed {
		return computeAPI.problem(http.StatusNotFound,
			fmt.Sprintf("Security group %s not associated with the instance %s", name, s.id))
	}
	return reply(http.StatusAccepted, nil)
}

// consoleOutput answers with the last lines of the console log, all of them without a length.
func (c *Cloud) consoleOutput(s *server, args any) response {
	if s.status == statusBuild || s.status == statusError {
		return computeAPI.problem(http.StatusConflict, "Instance not yet ready")
	}
	length := -1
	if a, ok := args.(map[string]any); ok {
		if n, ok := integer(a["length"]); ok {
			length = n
		}
	}
	hook, id := c.console, s.id
	res := reply(http.StatusOK, nil)
	res.later = func() any {
		text := ""
		if hook != nil {
			text = hook(id)
		}
		return view{"output": lastLines(text, length)}
	}
	return res
}

// lastLines is the end of a text, n lines of it; n below 0 means all.
func lastLines(text string, n int) string {
	if n < 0 {
		return text
	}
	all := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	if strings.HasSuffix(text, "\n") {
		all[len(all)-1] += "\n"
	}
	return strings.Join(all[max(0, len(all)-n):], "")
}

func (c *Cloud) listInterfaces(r *request) response {
	s, problem := c.findServer(r)
	if s == nil {
		return problem
	}
	list := []view{}
	for _, p := range c.model.portsOf(s.id) {
		v := view{
			"net_id": p.network, "port_id": p.id, "mac_addr": macOf(p.id), "port_state": p.status,
			"fixed_ips": p.fixedView(),
		}
		if r.minor >= 70 {
			v["tag"] = nil
		}
		list = append(list, v)
	}
	return reply(http.StatusOK, view{"interfaceAttachments": list})
}

// listServerGroups is Nova's old view of a server's security groups: ingress rules only.
func (c *Cloud) listServerGroups(r *request) response {
	s, problem := c.findServer(r)
	if s == nil {
		return problem
	}
	list, seen := []view{}, map[string]bool{}
	for _, p := range c.model.portsOf(s.id) {
		for _, id := range p.groups {
			if !seen[id] {
				seen[id] = true
				list = append(list, c.novaGroup(c.model.groups[id]))
			}
		}
	}
	return reply(http.StatusOK, view{"security_groups": list})
}

func (c *Cloud) novaGroup(g *group) view {
	rules := []view{}
	for _, x := range c.model.rulesOf(g.id) {
		if x.direction != ingress {
			continue
		}
		peer, cidr := view{}, view{}
		if remote := c.model.groups[x.remoteGroup]; remote != nil {
			peer = view{"name": remote.name, "tenant_id": c.creds.projectID}
		}
		if x.prefix != "" {
			cidr = view{"cidr": x.prefix}
		}
		rules = append(rules, view{
			"id": x.id, "parent_group_id": g.id, "ip_protocol": orNull(x.protocol), "from_port": x.portMin,
			"to_port": x.portMax, "group": peer, "ip_range": cidr,
		})
	}
	return view{
		"id": g.id, "name": g.name, "description": g.description, "tenant_id": c.creds.projectID, "rules": rules,
	}
}
