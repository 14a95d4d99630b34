package pair

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
	"portico/gateway/plan"
)

// Cloud makes and removes the port that holds a pair's address, and says who may use it. What it cannot do
// is an error of a Kind that says why; deleting what is gone already succeeds.
type Cloud interface {
	PortsDescribed(ctx context.Context, description string) ([]cloud.Port, error)
	CreatePort(ctx context.Context, p cloud.NewPort) (cloud.Port, error)
	DeletePort(ctx context.Context, id string) error
	AllowAddress(ctx context.Context, portID string, addr netip.Addr, allow bool) (changed bool, err error)
}

// portRef is the shared port, known before apply or once its step has made it.
type portRef struct{ id string }

func typed(words ...string) string { return gateway.Quote(append([]string{"openstack"}, words...)...) }

func portTarget(name string) string { return "port portico-pair-" + name }

// asNew is a port that is to be made like this one, which carries no group.
func asNew(p cloud.Port) cloud.NewPort {
	return cloud.NewPort{Name: p.Name, Description: p.Description, NetworkID: p.NetworkID, SubnetID: p.FixedIPs[0].SubnetID, Addr: p.FixedIPs[0].Addr}
}

// createPort makes the port that holds the address. It carries no group: nothing comes in by it.
func createPort(c Cloud, name string, want cloud.Port, ref *portRef) plan.Step {
	made := true
	addr := want.FixedIPs[0]
	return &step{
		change: plan.Change{
			ID: "port", Target: portTarget(name), Title: "hold the shared address " + addr.Addr.String(), Action: plan.Create,
			After:   []string{addr.Addr.String() + ", of no device", want.Description},
			Shell:   []string{typed("port", "create", "--network", want.NetworkID, "--fixed-ip", "subnet="+addr.SubnetID+",ip-address="+addr.Addr.String(), "--no-security-group", "--description", want.Description, want.Name)},
			Cleanup: []string{typed("port", "delete", want.Name)},
		},
		do: func(ctx context.Context) error {
			p, err := c.CreatePort(ctx, asNew(want))
			ref.id, made = p.ID, !cloud.Refused(err)
			if cloud.KindOf(err) == gateway.Conflict {
				return &gateway.Error{Op: "create", Target: portTarget(name), Kind: gateway.Conflict, Err: err, Next: "name an address that is free: --address"}
			}
			return err
		},
		undo: func(ctx context.Context) error {
			if !made {
				return nil
			}
			return dropPort(ctx, c, want, ref.id)
		},
	}
}

// dropPort deletes the port that a step made. Where the answer that named it was lost, the cloud is asked.
func dropPort(ctx context.Context, c Cloud, want cloud.Port, id string) error {
	if id != "" {
		return c.DeletePort(ctx, id)
	}
	all, err := c.PortsDescribed(ctx, want.Description)
	if err != nil {
		return fmt.Errorf("whether it was done is not known: %w", err)
	}
	for _, p := range all {
		if a, ok := ipv4(p); ok && p.DeviceID == "" && a == want.FixedIPs[0].Addr {
			err = errors.Join(err, c.DeletePort(ctx, p.ID))
		}
	}
	return err
}

// deletePort gives the address back.
func deletePort(c Cloud, name string, p cloud.Port, ref *portRef) plan.Step {
	tried := false
	return &step{
		change: plan.Change{
			ID: "port", Target: portTarget(name), Title: "give the shared address back", Action: plan.Delete,
			Before: []string{p.FixedIPs[0].Addr.String() + ", of no device", p.Description}, Shell: []string{typed("port", "delete", p.ID)},
			Cleanup: []string{"portico gateway pair makes it again"},
		},
		do: func(ctx context.Context) error {
			err := c.DeletePort(ctx, p.ID)
			tried = !cloud.Refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			made, err := c.CreatePort(ctx, asNew(p))
			if cloud.KindOf(err) == gateway.Conflict {
				return nil // it was never deleted
			}
			if err == nil {
				ref.id = made.ID
			}
			return err
		},
	}
}

// allowStep lets a host use the shared address, or ends that.
func allowStep(c Cloud, host gateway.Member, shared netip.Addr, allow bool) plan.Step {
	changed := false
	text := "allowed address " + shared.String()
	set := func(allow bool) string {
		if allow {
			return typed("port", "set", "--allowed-address", "ip-address="+shared.String(), host.PortID)
		}
		return typed("port", "unset", "--allowed-address", "ip-address="+shared.String(), host.PortID)
	}
	change := plan.Change{ID: "allow-" + host.PortID, Target: "port of " + host.Name, Action: plan.Update, Shell: []string{set(allow)}, Cleanup: []string{set(!allow)}}
	change.Title, change.After = "may use the shared address", []string{text}
	if !allow {
		change.Title, change.Before, change.After = "may no longer use the shared address", []string{text}, nil
	}
	return &step{
		change: change,
		do: func(ctx context.Context) (err error) {
			changed, err = c.AllowAddress(ctx, host.PortID, shared, allow)
			if cloud.KindOf(err) == gateway.Permission {
				return &gateway.Error{
					Op: "let " + host.Name + " use", Target: shared.String(), Kind: gateway.Permission, Err: err,
					Next: "a cloud lets the owner of a network alone do so: use a network of this project, or ask who owns this one",
				}
			}
			return err
		},
		undo: func(ctx context.Context) error {
			if !changed {
				return nil
			}
			_, err := c.AllowAddress(ctx, host.PortID, shared, !allow)
			return err
		},
	}
}

// leadStep makes a free floating IP lead to the shared address, whose port may be made by a step before.
func leadStep(c floating.Cloud, f cloud.FloatingIP, ref *portRef, shared netip.Addr, name string) plan.Step {
	shown := ref.id
	if shown == "" {
		shown = "portico-pair-" + name
	}
	change := floating.AttachStep(c, f, shown, shared, "the pair "+name).Change()
	var inner plan.Step
	return &step{
		change: change,
		do: func(ctx context.Context) error {
			inner = floating.AttachStep(c, f, ref.id, shared, "the pair "+name)
			return inner.Do(ctx)
		},
		undo: func(ctx context.Context) error {
			if inner == nil {
				return nil
			}
			return inner.Undo(ctx)
		},
	}
}

// unleadStep makes a pair's floating IP lead nowhere. Undone, it leads to the shared port again, which may
// have been made anew.
func unleadStep(c floating.Cloud, f cloud.FloatingIP, ref *portRef, name string) plan.Step {
	inner := floating.DetachStep(c, f, "the pair "+name)
	return &step{
		change: inner.Change(),
		do:     inner.Do,
		undo: func(ctx context.Context) error {
			if ref.id == f.PortID {
				return inner.Undo(ctx)
			}
			return floating.AttachStep(c, f, ref.id, f.FixedIP, "the pair "+name).Do(ctx)
		},
	}
}
