package floating

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// Cloud reads and changes floating IPs. A revision other than 0 must still be the floating IP's,
// else the change is refused with Kind Stale.
type Cloud interface {
	FloatingIP(ctx context.Context, id string) (cloud.FloatingIP, error)
	FloatingIPs(ctx context.Context) ([]cloud.FloatingIP, error)
	AttachFloatingIP(ctx context.Context, id, portID string, fixed netip.Addr, revision int) error
	DetachFloatingIP(ctx context.Context, id string, revision int) error
	AllocateFloatingIP(ctx context.Context, networkID, description string) (cloud.FloatingIP, error)
	ReleaseFloatingIP(ctx context.Context, id string, revision int) error
}

// step is one change of a floating IP, made of functions.
type step struct {
	change   plan.Change
	do, undo func(context.Context) error
}

func (s *step) Change() plan.Change            { return s.change }
func (s *step) Do(ctx context.Context) error   { return s.do(ctx) }
func (s *step) Undo(ctx context.Context) error { return s.undo(ctx) }

func target(a netip.Addr) string { return "floating IP " + a.String() }

// typed is an openstack command as typed into a shell.
func typed(words ...string) string {
	return gateway.Quote(append([]string{"openstack", "floating", "ip"}, words...)...)
}

func attachCommand(f cloud.FloatingIP, port string, fixed netip.Addr) string {
	return typed("set", "--port", port, "--fixed-ip-address", fixed.String(), f.ID)
}

func detachCommand(f cloud.FloatingIP) string { return typed("unset", "--port", f.ID) }

// stale is that a floating IP is not as it was when the plan was made.
func stale(f cloud.FloatingIP, why error) error {
	return &gateway.Error{Op: "change", Target: target(f.Address), Kind: gateway.Stale, Err: why}
}

// What others can have done to a floating IP since the plan was made.
var (
	errElsewhere = errors.New("somebody has attached it elsewhere since")
	errAttached  = errors.New("somebody has attached it since")
	errForwards  = errors.New("somebody has given it port forwardings since")
)

// leads reports whether a floating IP leads to this address of this port.
func leads(f cloud.FloatingIP, port string, fixed netip.Addr) bool {
	return f.PortID == port && f.FixedIP == fixed
}

// AttachStep makes a free floating IP lead to one address of a port. name is what it is called.
func AttachStep(c Cloud, f cloud.FloatingIP, port string, fixed netip.Addr, name string) plan.Step {
	changed := false
	return &step{
		change: plan.Change{
			ID: "floatingip-attach-" + f.ID, Target: target(f.Address), Title: fmt.Sprintf("attach to %s, %s", name, fixed), Action: plan.Update,
			Before: []string{"attached to nothing"}, After: []string{fmt.Sprintf("attached to %s, port %s", fixed, port)},
			Shell: []string{attachCommand(f, port, fixed)}, Cleanup: []string{detachCommand(f)},
		},
		do: func(ctx context.Context) (err error) {
			changed, err = attach(ctx, c, f, port, fixed)
			return err
		},
		undo: func(ctx context.Context) error {
			if !changed {
				return nil
			}
			_, err := detach(ctx, c, f, port, fixed)
			if errors.Is(err, errElsewhere) {
				return nil
			}
			return err
		},
	}
}

// attach reads the floating IP afresh: Neutron would move one that somebody has attached since.
// changed says whether it may lead elsewhere than before.
func attach(ctx context.Context, c Cloud, f cloud.FloatingIP, port string, fixed netip.Addr) (changed bool, err error) {
	return cloud.Reread(func() (bool, error) { return attachNow(ctx, c, f, port, fixed) })
}

func attachNow(ctx context.Context, c Cloud, f cloud.FloatingIP, port string, fixed netip.Addr) (changed bool, err error) {
	now, err := c.FloatingIP(ctx, f.ID)
	switch {
	case err != nil:
		return false, err
	case leads(now, port, fixed):
		return false, nil
	case now.PortID != "":
		return false, stale(f, errElsewhere)
	case len(now.Forwardings) > 0:
		return false, stale(f, errForwards)
	}
	err = c.AttachFloatingIP(ctx, f.ID, port, fixed, now.Revision)
	return !cloud.Refused(err), explained(err)
}

// explained adds to a refusal of Neutron's what to do about it.
func explained(err error) error {
	text := ""
	if err != nil {
		text = err.Error()
	}
	var next string
	switch {
	case err == nil:
		return nil
	case strings.Contains(text, "is not reachable from subnet"):
		next = "join the instance's subnet to that external network by a router (openstack router add subnet), or use a floating IP of another network"
	case strings.Contains(text, "already has a floating IP"), strings.Contains(text, "already associated"):
		next = "detach the one it has first: 'portico floatingips' shows it"
	case strings.Contains(text, "Port Forwarding"), strings.Contains(text, "port forwarding"):
		next = "delete its port forwardings first: openstack floating ip port forwarding list"
	default:
		return err
	}
	return &gateway.Error{Op: "attach", Target: "the floating IP", Kind: cloud.KindOf(err), Err: err, Next: next}
}

// DetachStep makes a floating IP that leads to one address of a port lead nowhere.
func DetachStep(c Cloud, f cloud.FloatingIP, name string) plan.Step {
	changed := false
	return &step{
		change: plan.Change{
			ID: "floatingip-detach-" + f.ID, Target: target(f.Address), Title: fmt.Sprintf("detach from %s, %s", name, f.FixedIP), Action: plan.Update,
			Before: []string{fmt.Sprintf("attached to %s, port %s", f.FixedIP, f.PortID)}, After: []string{"attached to nothing"},
			Shell: []string{detachCommand(f)}, Cleanup: []string{attachCommand(f, f.PortID, f.FixedIP)},
		},
		do: func(ctx context.Context) (err error) {
			changed, err = detach(ctx, c, f, f.PortID, f.FixedIP)
			return err
		},
		undo: func(ctx context.Context) error {
			if !changed {
				return nil
			}
			_, err := attach(ctx, c, f, f.PortID, f.FixedIP)
			return err
		},
	}
}

// detach takes a floating IP off the place it was on; off another it does not.
func detach(ctx context.Context, c Cloud, f cloud.FloatingIP, port string, fixed netip.Addr) (changed bool, err error) {
	return cloud.Reread(func() (bool, error) { return detachNow(ctx, c, f, port, fixed) })
}

func detachNow(ctx context.Context, c Cloud, f cloud.FloatingIP, port string, fixed netip.Addr) (changed bool, err error) {
	now, err := c.FloatingIP(ctx, f.ID)
	switch {
	case err != nil:
		return false, err
	case now.PortID == "":
		return false, nil
	case !leads(now, port, fixed):
		return false, stale(f, errElsewhere)
	}
	err = c.DetachFloatingIP(ctx, f.ID, now.Revision)
	return !cloud.Refused(err), err
}

// Allocation is a floating IP being taken; Made is valid when its step was done.
type Allocation struct{ Made cloud.FloatingIP }

// AllocateStep takes an address of an external network. known are the floating IPs that there are.
func AllocateStep(c Cloud, network cloud.Network, description string, known []cloud.FloatingIP, a *Allocation) plan.Step {
	tried := false
	command := []string{"create"}
	if description != "" {
		command = append(command, "--description", description)
	}
	return &step{
		change: plan.Change{
			ID: "floatingip-allocate", Target: "floating IPs of " + network.Name, Title: "allocate an address", Action: plan.Create,
			After: []string{"an address of " + network.Name + " that the cloud chooses"},
			Shell: []string{typed(append(command, network.ID)...)}, Cleanup: []string{typed("list", "--status", "DOWN"), "openstack floating ip delete ID # the new one"},
		},
		do: func(ctx context.Context) (err error) {
			a.Made, err = c.AllocateFloatingIP(ctx, network.ID, description)
			tried = !cloud.Refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			switch {
			case !tried:
				return nil
			case a.Made.ID != "":
				return c.ReleaseFloatingIP(ctx, a.Made.ID, 0)
			}
			return lost(ctx, c, network.ID, known)
		},
	}
}

// lost finds out what became of an allocation whose answer was lost. An address that came meanwhile
// may be somebody else's: it is named, and not given back.
func lost(ctx context.Context, c Cloud, network string, known []cloud.FloatingIP) error {
	all, err := c.FloatingIPs(ctx)
	if err != nil {
		return fmt.Errorf("whether it was allocated is not known: %w", err)
	}
	var found []string
	for _, f := range all {
		is := func(k cloud.FloatingIP) bool { return k.ID == f.ID }
		if f.NetworkID == network && f.PortID == "" && !slices.ContainsFunc(known, is) {
			found = append(found, f.Address.String())
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("the cloud's answer was lost, and there is a new address: %s; release it if it is not somebody else's", strings.Join(found, ", "))
}

// ReleaseStep gives a free address back, which cannot be undone: nobody can ask for the same again.
func ReleaseStep(c Cloud, f cloud.FloatingIP) plan.Step {
	tried := false
	return &step{
		change: plan.Change{
			ID: "floatingip-release-" + f.ID, Target: target(f.Address), Title: "release it for good", Action: plan.Delete,
			Before: []string{f.Address.String() + " is this project's"}, Shell: []string{typed("delete", f.ID)},
			Cleanup: []string{typed("create", f.NetworkID) + " # another address comes"},
		},
		do: func(ctx context.Context) (err error) {
			tried, err = cloud.Reread(func() (bool, error) { return release(ctx, c, f) })
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			_, err := c.FloatingIP(ctx, f.ID)
			if cloud.KindOf(err) == gateway.NotFound && err != nil {
				return &gateway.Error{
					Op: "bring back", Target: target(f.Address), Kind: gateway.Partial, Err: errors.New("it was released, and the cloud gives out what it likes"),
					Next: "'portico floatingip allocate' takes another address",
				}
			}
			return err
		},
	}
}

// release gives a floating IP back that is still free. tried says whether it may be gone by this.
func release(ctx context.Context, c Cloud, f cloud.FloatingIP) (tried bool, err error) {
	now, err := c.FloatingIP(ctx, f.ID)
	switch {
	case cloud.KindOf(err) == gateway.NotFound && err != nil:
		return false, nil
	case err != nil:
		return false, err
	case now.PortID != "":
		return false, stale(f, errAttached)
	case len(now.Forwardings) > 0:
		return false, stale(f, errForwards)
	}
	err = c.ReleaseFloatingIP(ctx, f.ID, now.Revision)
	return !cloud.Refused(err), err
}
