package neutron

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// step is one change of a forwarding, made of functions.
type step struct {
	change   plan.Change
	do, undo func(context.Context) error
}

func (s *step) Change() plan.Change            { return s.change }
func (s *step) Do(ctx context.Context) error   { return s.do(ctx) }
func (s *step) Undo(ctx context.Context) error { return s.undo(ctx) }

// rule is the forwarding that makes a forward real.
func (e *Engine) rule(f gateway.Forward) cloud.PortForwarding {
	p, _ := e.portOf(f) // which check has found
	x := cloud.PortForwarding{
		InternalPortID: p.ID, Protocol: string(f.Service.Protocol), Description: mark(f), Internal: f.Private, External: f.Public.Port(),
	}
	if f.Ports() > 1 {
		x.InternalLast, x.ExternalLast = f.PrivateLast(), f.PublicLast()
	}
	return x
}

// forwardingSteps makes and changes forwardings. One that is to get a public port, or a port of a VM, that
// another one still has comes after that one's change.
func (e *Engine) forwardingSteps(changed []change) ([]plan.Step, error) {
	var steps []plan.Step
	todo := slices.Clone(changed)
	for len(todo) > 0 {
		i := slices.IndexFunc(todo, func(c change) bool {
			return !slices.ContainsFunc(todo, func(o change) bool {
				return o.old != nil && o.old != c.old && clash(o.old.forward, c.want)
			})
		})
		if i < 0 {
			return nil, conflict(todo[0].want, "these forwards would swap their ports, and Neutron gives a port to one at a time", "withdraw one of them first, then publish it again")
		}
		c := todo[i]
		todo = slices.Delete(todo, i, i+1)
		if c.old != nil {
			next := e.rule(c.want)
			next.ID = c.old.rule.ID
			steps = append(steps, e.updateStep(*c.old, next))
			continue
		}
		steps = append(steps, e.createStep(e.floatingIP(c.want).fip, e.rule(c.want)))
	}
	return steps, nil
}

// same reports whether a forwarding is as it was, or as it is to be: in all but its ID.
func same(a, b cloud.PortForwarding) bool {
	a.ID, b.ID = "", ""
	a.ExternalLast, b.ExternalLast, a.InternalLast, b.InternalLast = a.Last(), b.Last(), a.LastInternal(), b.LastInternal()
	return a == b
}

func (e *Engine) createStep(f cloud.FloatingIP, x cloud.PortForwarding) plan.Step {
	id, tried := "", false
	return &step{
		change: plan.Change{
			ID: fmt.Sprintf("forwarding-%s-%s-%d", f.ID, x.Protocol, x.External), Target: target(f), Title: "forward " + short(x), Action: plan.Create,
			After: []string{describe(x)}, Shell: []string{createCommand(f, x)},
			Cleanup: []string{typed("list", f.ID), "openstack floating ip port forwarding delete " + f.ID + " ID # the one: " + describe(x)},
		},
		do: func(ctx context.Context) error {
			all, err := e.Forwardings.PortForwardings(ctx, f.ID)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(all, func(o cloud.PortForwarding) bool { return same(o, x) }) {
				return nil // somebody has made just this one meanwhile
			}
			made, err := e.Forwardings.CreatePortForwarding(ctx, f.ID, x)
			id, tried = made.ID, !cloud.Refused(err)
			return explained("make", f, err)
		},
		undo: func(ctx context.Context) error {
			switch {
			case !tried:
				return nil
			case id != "":
				return e.Forwardings.DeletePortForwarding(ctx, f.ID, id)
			}
			return e.drop(ctx, f, x)
		},
	}
}

// drop deletes a forwarding that was made and whose answer was lost, if it was.
func (e *Engine) drop(ctx context.Context, f cloud.FloatingIP, x cloud.PortForwarding) error {
	all, err := e.Forwardings.PortForwardings(ctx, f.ID)
	if err != nil {
		return fmt.Errorf("whether it was done is not known: %w", err)
	}
	for _, o := range all {
		if same(o, x) {
			return e.Forwardings.DeletePortForwarding(ctx, f.ID, o.ID)
		}
	}
	return nil
}

// look finds a forwarding as it is now; false if it is gone.
func (e *Engine) look(ctx context.Context, f cloud.FloatingIP, id string) (cloud.PortForwarding, bool, error) {
	all, err := e.Forwardings.PortForwardings(ctx, f.ID)
	if cloud.KindOf(err) == gateway.NotFound && err != nil {
		return cloud.PortForwarding{}, false, nil // its floating IP is gone
	}
	i := slices.IndexFunc(all, func(o cloud.PortForwarding) bool { return o.ID == id })
	if err != nil || i < 0 {
		return cloud.PortForwarding{}, false, err
	}
	return all[i], true, nil
}

func stale(f cloud.FloatingIP, why string) error {
	return &gateway.Error{Op: "change a forwarding of", Target: target(f), Kind: gateway.Stale, Err: errors.New(why)}
}

func (e *Engine) updateStep(x entry, next cloud.PortForwarding) plan.Step {
	tried := false
	title := "forward " + short(next)
	if !x.ours {
		title = "take over " + short(next)
	}
	return &step{
		change: plan.Change{
			ID: "forwarding-" + x.rule.ID, Target: target(x.fip), Title: title, Action: plan.Update,
			Before: []string{describe(x.rule)}, After: []string{describe(next)},
			Shell: []string{setCommand(x.fip, next)}, Cleanup: []string{setCommand(x.fip, x.rule)},
		},
		do: func(ctx context.Context) error {
			now, there, err := e.look(ctx, x.fip, x.rule.ID)
			switch {
			case err != nil:
				return err
			case !there:
				return stale(x.fip, "the forwarding has been deleted since")
			case same(now, next):
				return nil
			case !same(now, x.rule):
				return stale(x.fip, "somebody has changed the forwarding since: "+describe(now))
			}
			err = e.Forwardings.UpdatePortForwarding(ctx, x.fip.ID, next)
			tried = !cloud.Refused(err)
			return explained("change", x.fip, err)
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			now, there, err := e.look(ctx, x.fip, x.rule.ID)
			switch {
			case err != nil:
				return err
			case !there:
				return e.again(ctx, x)
			case !same(now, next):
				return nil // it was never changed, or is somebody else's work by now
			}
			return e.Forwardings.UpdatePortForwarding(ctx, x.fip.ID, x.rule)
		},
	}
}

func (e *Engine) deleteStep(x entry) plan.Step {
	tried := false
	return &step{
		change: plan.Change{
			ID: "forwarding-" + x.rule.ID, Target: target(x.fip), Title: "no longer forward " + short(x.rule), Action: plan.Delete,
			Before: []string{describe(x.rule)}, Shell: []string{typed("delete", x.fip.ID, x.rule.ID)}, Cleanup: []string{createCommand(x.fip, x.rule)},
		},
		do: func(ctx context.Context) error {
			now, there, err := e.look(ctx, x.fip, x.rule.ID)
			switch {
			case err != nil || !there:
				return err
			case !same(now, x.rule):
				return stale(x.fip, "somebody has changed the forwarding since: "+describe(now))
			}
			err = e.Forwardings.DeletePortForwarding(ctx, x.fip.ID, x.rule.ID)
			tried = !cloud.Refused(err)
			return explained("delete", x.fip, err)
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			if _, there, err := e.look(ctx, x.fip, x.rule.ID); err != nil || there {
				return err
			}
			return e.again(ctx, x)
		},
	}
}

// again makes a forwarding that was deleted, unless just such a one stands.
func (e *Engine) again(ctx context.Context, x entry) error {
	all, err := e.Forwardings.PortForwardings(ctx, x.fip.ID)
	if err != nil || slices.ContainsFunc(all, func(o cloud.PortForwarding) bool { return same(o, x.rule) }) {
		return err
	}
	_, err = e.Forwardings.CreatePortForwarding(ctx, x.fip.ID, x.rule)
	return err
}

// short is a forwarding without its description: "tcp 2222 to 10.20.0.140:22".
func short(x cloud.PortForwarding) string {
	return fmt.Sprintf("%s %s to %s:%s", x.Protocol, portWord(x.External, x.Last(), "-"), x.Internal.Addr(), portWord(x.Internal.Port(), x.LastInternal(), "-"))
}

// portWord is one port, or first and last.
func portWord(first, last uint16, between string) string {
	if last == first {
		return strconv.Itoa(int(first))
	}
	return fmt.Sprintf("%d%s%d", first, between, last)
}

// typed is an openstack command as typed into a shell.
func typed(words ...string) string {
	return gateway.Quote(append([]string{"openstack", "floating", "ip", "port", "forwarding"}, words...)...)
}

func ruleWords(x cloud.PortForwarding) []string {
	return []string{
		"--port", x.InternalPortID, "--internal-ip-address", x.Internal.Addr().String(),
		"--internal-protocol-port", portWord(x.Internal.Port(), x.LastInternal(), ":"),
		"--external-protocol-port", portWord(x.External, x.Last(), ":"),
		"--protocol", x.Protocol, "--description", x.Description,
	}
}

func createCommand(f cloud.FloatingIP, x cloud.PortForwarding) string {
	return typed(append(append([]string{"create"}, ruleWords(x)...), f.ID)...)
}

func setCommand(f cloud.FloatingIP, x cloud.PortForwarding) string {
	return typed(append(append([]string{"set"}, ruleWords(x)...), f.ID, x.ID)...)
}
