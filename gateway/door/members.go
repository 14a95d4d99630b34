package door

import (
	"context"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

func (k *Keeper) attach(d *Door, p cloud.Port) plan.Step {
	changed := false
	return &step{
		beside: "attach-" + d.Key,
		change: plan.Change{
			ID: "attach-" + d.Key + "-" + p.ID, Target: k.portTarget(p), Title: "carry the group " + d.Name, Action: plan.Update,
			After: []string{d.Name}, Shell: []string{k.joinCommand(d, p)}, Cleanup: []string{k.leaveCommand(d, p)},
		},
		do: func(ctx context.Context) (err error) {
			changed, err = k.setMember(ctx, p.ID, d.Ref.ID, true)
			return err
		},
		undo: func(ctx context.Context) error { return k.unsetMember(ctx, changed, p.ID, d.Ref.ID, false) },
	}
}

func (k *Keeper) detach(d *Door, p cloud.Port) plan.Step {
	changed := false
	return &step{
		beside: "detach-" + d.Key,
		change: plan.Change{
			ID: "detach-" + d.Key + "-" + p.ID, Target: k.portTarget(p), Title: "drop the group " + d.Name, Action: plan.Update,
			Before: []string{d.Name}, Shell: []string{k.leaveCommand(d, p)}, Cleanup: []string{k.joinCommand(d, p)},
		},
		do: func(ctx context.Context) (err error) {
			changed, err = k.setMember(ctx, p.ID, d.Ref.ID, false)
			return err
		},
		undo: func(ctx context.Context) error { return k.unsetMember(ctx, changed, p.ID, d.Ref.ID, true) },
	}
}

// setMember adds or removes one group on a port and leaves the others as they are now, not as
// they were when the plan was made: the port is read afresh, and the write insists on that
// revision, again when somebody was quicker. changed says whether the port may be another than before.
func (k *Keeper) setMember(ctx context.Context, portID, group string, member bool) (changed bool, err error) {
	return cloud.Reread(func() (bool, error) { return k.setMemberNow(ctx, portID, group, member) })
}

func (k *Keeper) setMemberNow(ctx context.Context, portID, group string, member bool) (changed bool, err error) {
	p, err := k.Ports.Port(ctx, portID)
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
	err = k.Ports.SetPortGroups(ctx, portID, groups, p.Revision)
	return !cloud.Refused(err), err
}

// unsetMember takes back what setMember changed. Somebody else may have wanted the same: then
// there was nothing to change, and there is nothing to take back.
func (k *Keeper) unsetMember(ctx context.Context, changed bool, portID, group string, member bool) error {
	if !changed || group == "" {
		return nil
	}
	_, err := k.setMember(ctx, portID, group, member)
	return err
}
