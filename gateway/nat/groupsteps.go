package nat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// defaultRules is how many egress rules Neutron adds to a new group; they count too.
const defaultRules = 2

// needed reports whether the group should exist.
func (d *door) needed() bool { return len(d.ports) > 0 }

func (d *door) target() string { return "security group " + d.name }

// openDoor returns the steps that create the group, add what it lacks and put it on its ports.
func (e *Engine) openDoor(d *door) []plan.Step {
	if !d.needed() {
		return nil
	}
	var steps []plan.Step
	if d.have == nil {
		steps = append(steps, e.createGroup(d))
	}
	for _, r := range d.want {
		if !d.has(r) {
			steps = append(steps, e.createRule(d, r))
		}
	}
	for _, p := range d.ports {
		if e.mayTouch(d, p) && (d.ref.id == "" || !slices.Contains(p.Groups, d.ref.id)) {
			steps = append(steps, e.attach(d, p))
		}
	}
	return steps
}

// shutDoor returns the steps that take the group off ports that need it no more, remove rules
// that nothing needs, and delete the group when no forward is left.
func (e *Engine) shutDoor(d *door) []plan.Step {
	if d.have == nil {
		return nil
	}
	var steps []plan.Step
	stays := !d.needed() && len(e.othersNeed(d)) > 0
	for _, p := range e.Inventory.Ports {
		if _, keep := findPort(d.ports, p.ID); !keep && !stays && (e.mayTouch(d, p) || !d.needed()) && slices.Contains(p.Groups, d.ref.id) {
			steps = append(steps, e.detach(d, p))
		}
	}
	for _, r := range d.standing() {
		wanted := slices.ContainsFunc(d.want, func(w groupRule) bool { return w.matches(r) })
		if !d.needed() || !wanted {
			steps = append(steps, e.deleteRule(d, r))
		}
	}
	if !d.needed() && !stays {
		steps = append(steps, e.deleteGroup(d))
	}
	return steps
}

func (e *Engine) createGroup(d *door) plan.Step {
	made := true
	return &hostStep{
		change: plan.Change{
			ID: "group-" + string(d.role), Target: d.target(), Title: "create the group", Action: plan.Create,
			After: []string{d.name + " (" + d.description + ")"},
			Shell: []string{createCommand(d)}, Cleanup: []string{typed("security", "group", "delete", d.name)},
		},
		do: func(ctx context.Context) error {
			g, err := e.Groups.CreateGroup(ctx, d.name, d.description)
			d.ref.id, made = g.ID, !refusedByCloud(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !made {
				return nil
			}
			return e.dropGroup(ctx, d)
		},
	}
}

// refusedByCloud reports whether a write certainly changed nothing. All else that fails may have
// been done: an answer was lost, or a proxy gave up waiting for it.
func refusedByCloud(err error) bool {
	switch cloud.KindOf(err) {
	case gateway.Auth, gateway.Permission, gateway.NotFound, gateway.Quota, gateway.Invalid, gateway.Stale:
		return true
	default:
		return false
	}
}

// unsure is that nobody knows whether a write was done whose answer was lost.
func unsure(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("whether it was done is not known: %w", err)
}

// dropGroup deletes the group that a step created. When the answer that named it was lost, the
// cloud is asked what became of it.
func (e *Engine) dropGroup(ctx context.Context, d *door) error {
	if d.ref.id != "" {
		return e.Groups.DeleteGroup(ctx, d.ref.id, 0)
	}
	all, err := e.Groups.SecurityGroups(ctx)
	err = unsure(err)
	for _, g := range all {
		if g.Description == d.description {
			err = errors.Join(err, e.Groups.DeleteGroup(ctx, g.ID, 0))
		}
	}
	return err
}

func (e *Engine) deleteGroup(d *door) plan.Step {
	tried, deleted := false, false
	return &hostStep{
		change: plan.Change{
			ID: "group-" + string(d.role), Target: d.target(), Title: "delete the group", Action: plan.Delete,
			Before: []string{d.name + " (" + d.description + ")"},
			Shell:  []string{typed("security", "group", "delete", d.ref.id)}, Cleanup: []string{createCommand(d)},
		},
		do: func(ctx context.Context) error {
			var err error
			tried, err = e.dropUnused(ctx, d)
			deleted = err == nil
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			return e.groupAgain(ctx, d, deleted)
		},
	}
}

// groupAgain makes a group that was deleted, or perhaps was, unless it stands.
func (e *Engine) groupAgain(ctx context.Context, d *door, deleted bool) error {
	all, err := e.Groups.SecurityGroups(ctx)
	switch {
	case err != nil && !deleted:
		return unsure(err)
	case err != nil:
		return err
	}
	for _, g := range all {
		if g.ID == d.ref.id || g.Description == d.description {
			d.ref.id = g.ID
			return nil
		}
	}
	g, err := e.Groups.CreateGroup(ctx, d.name, d.description)
	if err == nil {
		d.ref.id = g.ID
	}
	return err
}

// dropUnused deletes a group that stood when the plan was made, unless somebody has added a rule
// since: another console may be about to publish through it. tried says whether it may be gone.
func (e *Engine) dropUnused(ctx context.Context, d *door) (tried bool, err error) {
	all, err := e.Groups.SecurityGroups(ctx)
	i := slices.IndexFunc(all, func(g cloud.SecurityGroup) bool { return g.ID == d.ref.id })
	if err != nil || i < 0 {
		return err == nil, err
	}
	for _, r := range all[i].Rules {
		if !slices.ContainsFunc(d.have.Rules, func(o cloud.SecurityGroupRule) bool { return o.ID == r.ID }) {
			return false, &gateway.Error{Op: "delete", Target: d.target(), Kind: gateway.Stale, Err: errors.New("somebody has added a rule to it since")}
		}
	}
	err = e.Groups.DeleteGroup(ctx, d.ref.id, all[i].Revision)
	return !refusedByCloud(err), err
}

func (e *Engine) createRule(d *door, r groupRule) plan.Step {
	title := r.title(e.groupName(rolePublic))
	id, made := "", true
	return &hostStep{
		change: plan.Change{
			ID: fmt.Sprintf("rule-%s-%s-%d-%s", d.role, r.proto, r.first, r.prefix), Target: d.target(), Title: title, Action: plan.Create,
			After: []string{r.exact(e.groupName(rolePublic))}, Shell: []string{ruleCommand(e.word(d), r, e.peerWord(d))},
			Cleanup: []string{typed("security", "group", "rule", "list", "--long", e.word(d)), "openstack security group rule delete ID # the one: " + title},
		},
		do: func(ctx context.Context) error {
			rule, err := e.Groups.CreateRule(ctx, r.cloudRule(d.ref.id))
			id, made = rule.ID, !refusedByCloud(err)
			if cloud.KindOf(err) == gateway.Conflict && err != nil && id == "" {
				return fmt.Errorf("somebody else added the same rule meanwhile: %w", err)
			}
			return err
		},
		undo: func(ctx context.Context) error {
			if !made {
				return nil
			}
			return e.dropRule(ctx, d, r, id)
		},
	}
}

// dropRule deletes the rule that a step created; likewise when its ID is not known.
func (e *Engine) dropRule(ctx context.Context, d *door, r groupRule, id string) error {
	if d.ref.id == "" {
		return nil // without its group there was no rule
	}
	if id != "" {
		return e.Groups.DeleteRule(ctx, id)
	}
	all, err := e.Groups.SecurityGroups(ctx)
	err = unsure(err)
	for _, g := range all {
		for _, rule := range g.Rules {
			if g.ID == d.ref.id && rule.Description == ruleMark && r.matches(rule) {
				err = errors.Join(err, e.Groups.DeleteRule(ctx, rule.ID))
			}
		}
	}
	return err
}

func (e *Engine) deleteRule(d *door, r cloud.SecurityGroupRule) plan.Step {
	rule, peer := asGroupRule(r), e.groupName(rolePublic)
	tried := true
	return &hostStep{
		change: plan.Change{
			ID: "rule-" + r.ID, Target: d.target(), Title: "no longer " + rule.title(peer), Action: plan.Delete,
			Before: []string{rule.exact(peer)}, Shell: []string{typed("security", "group", "rule", "delete", r.ID)},
			Cleanup: []string{ruleCommand(e.word(d), rule, e.peerWord(d))},
		},
		do: func(ctx context.Context) error {
			err := e.Groups.DeleteRule(ctx, r.ID)
			tried = !refusedByCloud(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			again := r
			again.ID, again.GroupID = "", d.ref.id
			if d.peer != nil && d.peer.have != nil && again.RemoteGroup == d.peer.have.ID {
				again.RemoteGroup = d.peer.ref.id // it may have been made anew
			}
			_, err := e.Groups.CreateRule(ctx, again)
			if cloud.KindOf(err) == gateway.Conflict {
				return nil // it was never deleted
			}
			return err
		},
	}
}

func (e *Engine) attach(d *door, p cloud.Port) plan.Step {
	changed := false
	return &hostStep{
		change: plan.Change{
			ID: "attach-" + string(d.role) + "-" + p.ID, Target: e.portTarget(p), Title: "carry the group " + d.name, Action: plan.Update,
			After: []string{d.name}, Shell: []string{e.joinCommand(d, p)}, Cleanup: []string{e.leaveCommand(d, p)},
		},
		do: func(ctx context.Context) (err error) {
			changed, err = e.setMember(ctx, p.ID, d.ref.id, true)
			return err
		},
		undo: func(ctx context.Context) error { return e.unsetMember(ctx, changed, p.ID, d.ref.id, false) },
	}
}

func (e *Engine) detach(d *door, p cloud.Port) plan.Step {
	changed := false
	return &hostStep{
		change: plan.Change{
			ID: "detach-" + string(d.role) + "-" + p.ID, Target: e.portTarget(p), Title: "drop the group " + d.name, Action: plan.Update,
			Before: []string{d.name}, Shell: []string{e.leaveCommand(d, p)}, Cleanup: []string{e.joinCommand(d, p)},
		},
		do: func(ctx context.Context) (err error) {
			changed, err = e.setMember(ctx, p.ID, d.ref.id, false)
			return err
		},
		undo: func(ctx context.Context) error { return e.unsetMember(ctx, changed, p.ID, d.ref.id, true) },
	}
}

// setMember adds or removes one group on a port and leaves the others as they are now, not as
// they were when the plan was made: the port is read afresh, and the write insists on that
// revision. changed says whether the port may be another than before.
func (e *Engine) setMember(ctx context.Context, portID, group string, member bool) (changed bool, err error) {
	p, err := e.Ports.Port(ctx, portID)
	if cloud.KindOf(err) == gateway.NotFound && !member {
		return false, nil
	}
	if err != nil || slices.Contains(p.Groups, group) == member {
		return false, err
	}
	groups := slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool { return g == group })
	if member {
		groups = append(groups, group)
	}
	err = e.Ports.SetPortGroups(ctx, portID, groups, p.Revision)
	return !refusedByCloud(err), err
}

// unsetMember takes back what setMember changed. Somebody else may have wanted the same: then
// there was nothing to change, and there is nothing to take back.
func (e *Engine) unsetMember(ctx context.Context, changed bool, portID, group string, member bool) error {
	if !changed || group == "" {
		return nil
	}
	_, err := e.setMember(ctx, portID, group, member)
	return err
}

// portTarget names a port by the instance it belongs to.
func (e *Engine) portTarget(p cloud.Port) string {
	if i, ok := e.Inventory.Instance(p.DeviceID); ok {
		return "port of " + i.Name
	}
	return "port " + p.ID
}

func asGroupRule(r cloud.SecurityGroupRule) groupRule {
	out := groupRule{proto: gateway.Protocol(r.Protocol), first: r.PortMin, last: r.PortMax, prefix: r.RemotePrefix}
	switch {
	case r.RemoteGroup != "":
		out.peer = &groupRef{id: r.RemoteGroup}
	case !out.prefix.IsValid():
		out.prefix = anywhere
	}
	return out
}

// typed is an openstack command as typed into a shell. Names of gateways come from outside.
func typed(words ...string) string { return gateway.Quote(append([]string{"openstack"}, words...)...) }

// word is how a command names a group: by its name, or, where others have the same name, by its ID.
func (e *Engine) word(d *door) string {
	for _, g := range e.Inventory.SecurityGroups {
		if d.ref.id != "" && g.Name == d.name && g.ID != d.ref.id {
			return d.ref.id
		}
	}
	if d.have != nil && d.have.Name != d.name { // somebody gave it another name
		return d.have.ID
	}
	return d.name
}

// peerWord is how a command names the group that a door's rules let in.
func (e *Engine) peerWord(d *door) string {
	if d.peer == nil {
		return e.groupName(rolePublic)
	}
	return e.word(d.peer)
}

func createCommand(d *door) string {
	return typed("security", "group", "create", "--description", d.description, d.name)
}

func (e *Engine) joinCommand(d *door, p cloud.Port) string {
	return typed("port", "set", "--security-group", e.word(d), p.ID)
}

func (e *Engine) leaveCommand(d *door, p cloud.Port) string {
	return typed("port", "unset", "--security-group", e.word(d), p.ID)
}

func ruleCommand(group string, r groupRule, peerName string) string {
	remote := []string{"--remote-ip", r.prefix.String()}
	if r.peer != nil {
		remote = []string{"--remote-group", peerName}
	}
	words := []string{"security", "group", "rule", "create", "--ingress", "--ethertype", "IPv4", "--protocol", string(r.proto), "--dst-port", fmt.Sprintf("%d:%d", r.first, r.last)}
	return typed(append(append(words, remote...), "--description", ruleMark, group)...)
}
