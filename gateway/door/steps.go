package door

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

// Needed reports whether the group should exist.
func (d *Door) Needed() bool { return len(d.Ports) > 0 }

// step is one change of a group or a port, made of functions.
type step struct {
	change   plan.Change
	do, undo func(ctx context.Context) error
	beside   string // see plan.Together
}

func (s *step) Change() plan.Change            { return s.change }
func (s *step) Do(ctx context.Context) error   { return s.do(ctx) }
func (s *step) Undo(ctx context.Context) error { return s.undo(ctx) }

// Together lets the ports of many instances change at the same time.
func (s *step) Together() string { return s.beside }

func (d *Door) target() string { return "security group " + d.Name }

// Open returns the steps that create the group, add what it lacks and put it on its ports.
func (k *Keeper) Open(d *Door) []plan.Step {
	if !d.Needed() {
		return nil
	}
	var steps []plan.Step
	if d.Have == nil {
		steps = append(steps, k.createGroup(d))
	}
	for _, r := range d.Want {
		if !d.has(r) {
			steps = append(steps, k.createRule(d, r))
		}
	}
	for _, p := range d.Ports {
		if k.mayTouch(d, p) && (d.Ref.ID == "" || !slices.Contains(p.Groups, d.Ref.ID)) {
			steps = append(steps, k.attach(d, p))
		}
	}
	return steps
}

// Shut returns the steps that take the group off ports that need it no more, remove rules
// that nothing needs, and delete the group when no forward is left.
func (k *Keeper) Shut(d *Door) []plan.Step {
	if d.Have == nil {
		return nil
	}
	var steps []plan.Step
	stays := !d.Needed() && len(k.OthersNeed(d)) > 0
	for _, p := range k.Inventory.Ports {
		if _, keep := FindPort(d.Ports, p.ID); !keep && !stays && (k.mayTouch(d, p) || !d.Needed()) && slices.Contains(p.Groups, d.Ref.ID) {
			steps = append(steps, k.detach(d, p))
		}
	}
	for _, r := range d.standing() {
		wanted := slices.ContainsFunc(d.Want, func(w Rule) bool { return w.matches(r) })
		if !d.Needed() || !wanted {
			steps = append(steps, k.deleteRule(d, r))
		}
	}
	if !d.Needed() && !stays {
		steps = append(steps, k.deleteGroup(d))
	}
	return steps
}

func (k *Keeper) createGroup(d *Door) plan.Step {
	made := true
	return &step{
		change: plan.Change{
			ID: "group-" + d.Key, Target: d.target(), Title: "create the group", Action: plan.Create,
			After: []string{d.Name + " (" + d.Description + ")"},
			Shell: []string{createCommand(d)}, Cleanup: []string{typed("security", "group", "delete", d.Name)},
		},
		do: func(ctx context.Context) error {
			g, err := k.Groups.CreateGroup(ctx, d.Name, d.Description)
			d.Ref.ID, made = g.ID, !cloud.Refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !made {
				return nil
			}
			return k.dropGroup(ctx, d)
		},
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
func (k *Keeper) dropGroup(ctx context.Context, d *Door) error {
	if d.Ref.ID != "" {
		return k.Groups.DeleteGroup(ctx, d.Ref.ID, 0)
	}
	all, err := k.Groups.SecurityGroups(ctx)
	err = unsure(err)
	for _, g := range all {
		if g.Description == d.Description {
			err = errors.Join(err, k.Groups.DeleteGroup(ctx, g.ID, 0))
		}
	}
	return err
}

func (k *Keeper) deleteGroup(d *Door) plan.Step {
	tried, deleted := false, false
	return &step{
		change: plan.Change{
			ID: "group-" + d.Key, Target: d.target(), Title: "delete the group", Action: plan.Delete,
			Before: []string{d.Name + " (" + d.Description + ")"},
			Shell:  []string{typed("security", "group", "delete", d.Ref.ID)}, Cleanup: []string{createCommand(d)},
		},
		do: func(ctx context.Context) error {
			var err error
			tried, err = cloud.Reread(func() (bool, error) { return k.dropUnused(ctx, d) })
			deleted = err == nil
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			return k.groupAgain(ctx, d, deleted)
		},
	}
}

// groupAgain makes a group that was deleted, or perhaps was, unless it stands.
func (k *Keeper) groupAgain(ctx context.Context, d *Door, deleted bool) error {
	all, err := k.Groups.SecurityGroups(ctx)
	switch {
	case err != nil && !deleted:
		return unsure(err)
	case err != nil:
		return err
	}
	for _, g := range all {
		if g.ID == d.Ref.ID || g.Description == d.Description {
			d.Ref.ID = g.ID
			return nil
		}
	}
	g, err := k.Groups.CreateGroup(ctx, d.Name, d.Description)
	if err == nil {
		d.Ref.ID = g.ID
	}
	return err
}

// dropUnused deletes a group that stood when the plan was made, unless somebody has added a rule
// since: another console may be about to publish through it. tried says whether it may be gone.
func (k *Keeper) dropUnused(ctx context.Context, d *Door) (tried bool, err error) {
	all, err := k.Groups.SecurityGroups(ctx)
	i := slices.IndexFunc(all, func(g cloud.SecurityGroup) bool { return g.ID == d.Ref.ID })
	if err != nil || i < 0 {
		return err == nil, err
	}
	for _, r := range all[i].Rules {
		if !slices.ContainsFunc(d.Have.Rules, func(o cloud.SecurityGroupRule) bool { return o.ID == r.ID }) {
			return false, &gateway.Error{Op: "delete", Target: d.target(), Kind: gateway.Stale, Err: errors.New("somebody has added a rule to it since")}
		}
	}
	err = k.Groups.DeleteGroup(ctx, d.Ref.ID, all[i].Revision)
	return !cloud.Refused(err), err
}

func (k *Keeper) createRule(d *Door, r Rule) plan.Step {
	title := r.title(k.PeerName)
	id, made := "", true
	return &step{
		change: plan.Change{
			ID: fmt.Sprintf("rule-%s-%s-%d-%s", d.Key, r.Proto, r.First, r.Prefix), Target: d.target(), Title: title, Action: plan.Create,
			After: []string{r.exact(k.PeerName)}, Shell: []string{ruleCommand(k.word(d), r, k.peerWord(d))},
			Cleanup: []string{typed("security", "group", "rule", "list", "--long", k.word(d)), "openstack security group rule delete ID # the one: " + title},
		},
		do: func(ctx context.Context) error {
			rule, err := k.Groups.CreateRule(ctx, r.cloudRule(d.Ref.ID))
			id, made = rule.ID, !cloud.Refused(err)
			if cloud.KindOf(err) == gateway.Conflict && err != nil && id == "" {
				return fmt.Errorf("somebody else added the same rule meanwhile: %w", err)
			}
			return err
		},
		undo: func(ctx context.Context) error {
			if !made {
				return nil
			}
			return k.dropRule(ctx, d, r, id)
		},
	}
}

// dropRule deletes the rule that a step created; likewise when its ID is not known.
func (k *Keeper) dropRule(ctx context.Context, d *Door, r Rule, id string) error {
	if d.Ref.ID == "" {
		return nil // without its group there was no rule
	}
	if id != "" {
		return k.Groups.DeleteRule(ctx, id)
	}
	all, err := k.Groups.SecurityGroups(ctx)
	err = unsure(err)
	for _, g := range all {
		for _, rule := range g.Rules {
			if g.ID == d.Ref.ID && rule.Description == RuleMark && r.matches(rule) {
				err = errors.Join(err, k.Groups.DeleteRule(ctx, rule.ID))
			}
		}
	}
	return err
}

func (k *Keeper) deleteRule(d *Door, r cloud.SecurityGroupRule) plan.Step {
	rule, peer := asGroupRule(r), k.PeerName
	tried := true
	return &step{
		change: plan.Change{
			ID: "rule-" + r.ID, Target: d.target(), Title: "no longer " + rule.title(peer), Action: plan.Delete,
			Before: []string{rule.exact(peer)}, Shell: []string{typed("security", "group", "rule", "delete", r.ID)},
			Cleanup: []string{ruleCommand(k.word(d), rule, k.peerWord(d))},
		},
		do: func(ctx context.Context) error {
			err := k.Groups.DeleteRule(ctx, r.ID)
			tried = !cloud.Refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			again := r
			again.ID, again.GroupID = "", d.Ref.ID
			if d.Peer != nil && d.Peer.Have != nil && again.RemoteGroup == d.Peer.Have.ID {
				again.RemoteGroup = d.Peer.Ref.ID // it may have been made anew
			}
			if d.Have != nil && again.RemoteGroup == d.Have.ID {
				again.RemoteGroup = d.Ref.ID // likewise the group itself
			}
			_, err := k.Groups.CreateRule(ctx, again)
			if cloud.KindOf(err) == gateway.Conflict {
				return nil // it was never deleted
			}
			return err
		},
	}
}

// portTarget names a port by the instance it belongs to.
func (k *Keeper) portTarget(p cloud.Port) string {
	if i, ok := k.Inventory.Instance(p.DeviceID); ok {
		return "port of " + i.Name
	}
	return "port " + p.ID
}

func asGroupRule(r cloud.SecurityGroupRule) Rule {
	out := Rule{Proto: gateway.Protocol(r.Protocol), First: r.PortMin, Last: r.PortMax, Prefix: r.RemotePrefix}
	switch {
	case r.RemoteGroup != "":
		out.Peer = &Ref{ID: r.RemoteGroup}
	case !out.Prefix.IsValid():
		out.Prefix = Anywhere
	}
	return out
}

// typed is an openstack command as typed into a shell. Names of gateways come from outside.
func typed(words ...string) string { return gateway.Quote(append([]string{"openstack"}, words...)...) }

// word is how a command names a group: by its name, or, where others have the same name, by its ID.
func (k *Keeper) word(d *Door) string {
	for _, g := range k.Inventory.SecurityGroups {
		if d.Ref.ID != "" && g.Name == d.Name && g.ID != d.Ref.ID {
			return d.Ref.ID
		}
	}
	if d.Have != nil && d.Have.Name != d.Name { // somebody gave it another name
		return d.Have.ID
	}
	return d.Name
}

// peerWord is how a command names the group that a door's rules let in.
func (k *Keeper) peerWord(d *Door) string {
	if d.Peer == nil {
		return k.PeerName
	}
	return k.word(d.Peer)
}

func createCommand(d *Door) string {
	return typed("security", "group", "create", "--description", d.Description, d.Name)
}

func (k *Keeper) joinCommand(d *Door, p cloud.Port) string {
	return typed("port", "set", "--security-group", k.word(d), p.ID)
}

func (k *Keeper) leaveCommand(d *Door, p cloud.Port) string {
	return typed("port", "unset", "--security-group", k.word(d), p.ID)
}

func ruleCommand(group string, r Rule, peerName string) string {
	remote := []string{"--remote-ip", r.Prefix.String()}
	if r.Peer != nil {
		remote = []string{"--remote-group", peerName}
	}
	words := []string{"security", "group", "rule", "create", "--ingress", "--ethertype", "IPv4", "--protocol", string(r.Proto)}
	if !r.portless() {
		words = append(words, "--dst-port", fmt.Sprintf("%d:%d", r.First, r.Last))
	}
	return typed(append(append(words, remote...), "--description", RuleMark, group)...)
}
