package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
	"portico/gateway/plan"
)

// step is one change, made of functions. Its change is asked for anew when it is undone: by then it is
// known what the cloud has called the things.
type step struct {
	change   func() plan.Change
	do, undo func(context.Context) error
}

func (s *step) Change() plan.Change            { return s.change() }
func (s *step) Do(ctx context.Context) error   { return s.do(ctx) }
func (s *step) Undo(ctx context.Context) error { return s.undo(ctx) }

// waiting is a step that waits, and changes nothing.
type waiting struct {
	step
	patience time.Duration
}

func (w *waiting) Patience() time.Duration { return w.patience }

var _ plan.Waiting = (*waiting)(nil)

func nothing(context.Context) error { return nil }

// made is how a write that makes something ended: whether it may stand, and under which ID.
type made struct {
	tried bool
	id    string
}

func (m *made) note(id string, err error) error {
	m.id, m.tried = id, err == nil || !refused(err)
	return err
}

func (b *builder) keyStep() plan.Step {
	imp := b.c.Import
	tried := false
	return &step{
		change: func() plan.Change {
			return plan.Change{
				ID: "keypair", Target: "key pair " + imp.Name, Title: "make it from " + imp.From, Action: plan.Create,
				After: []string{imp.PublicKey}, Shell: []string{typed("keypair", "create", "--public-key", imp.From, imp.Name)}, Cleanup: []string{typed("keypair", "delete", imp.Name)},
			}
		},
		do: func(ctx context.Context) error {
			err := b.cloud.ImportKeyPair(ctx, imp.Name, strings.TrimSpace(imp.PublicKey))
			tried = err == nil || !refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !tried {
				return nil
			}
			all, err := b.cloud.KeyPairs(ctx)
			if err != nil {
				return err
			}
			ours := func(k cloud.KeyPair) bool {
				return k.Name == imp.Name && keyBlob(k.PublicKey) == keyBlob(imp.PublicKey)
			}
			if !slices.ContainsFunc(all, ours) {
				return nil
			}
			return b.cloud.DeleteKeyPair(ctx, imp.Name)
		},
	}
}

// addressStep takes a new floating IP, or makes sure that the chosen one is still free.
func (b *builder) addressStep() plan.Step {
	if !b.c.Allocates() {
		b.made.Address = b.c.Address
		return nil
	}
	var m made
	mark := b.mark("address")
	return &step{
		change: func() plan.Change {
			return plan.Change{
				ID: "address", Target: "floating IPs of " + b.c.External.Name, Title: "allocate one", Action: plan.Create,
				After:   []string{"an address of " + b.c.External.Name + " that the cloud chooses"},
				Shell:   []string{"ADDRESS=$(" + typed("floating", "ip", "create", "--description", mark, "-f", "value", "-c", "floating_ip_address", b.c.External.ID) + ")"},
				Cleanup: []string{b.cleanAddress()},
			}
		},
		do: func(ctx context.Context) error {
			f, err := b.cloud.AllocateFloatingIP(ctx, b.c.External.ID, mark)
			b.made.Address = f
			return m.note(f.ID, err)
		},
		undo: func(ctx context.Context) error {
			if !m.tried {
				return nil
			}
			if m.id != "" {
				return b.cloud.ReleaseFloatingIP(ctx, m.id, 0)
			}
			all, err := b.cloud.FloatingIPs(ctx)
			for _, f := range all {
				if f.Description == mark && err == nil {
					err = b.cloud.ReleaseFloatingIP(ctx, f.ID, 0)
				}
			}
			return err
		},
	}
}

func (b *builder) cleanAddress() string {
	if a := b.made.Address.Address; a.IsValid() {
		return typed("floating", "ip", "delete", a.String())
	}
	return typed("floating", "ip", "list", "--long") + " # delete the one described as: " + b.mark("address")
}

// attachStep makes the floating IP lead to the port, both of which are known only then.
func (b *builder) attachStep() plan.Step {
	var inner plan.Step
	name := func() string {
		if a := b.made.Address.Address; a.IsValid() {
			return a.String()
		}
		return "that is allocated"
	}
	return &step{
		change: func() plan.Change {
			return plan.Change{
				ID: "attach", Target: "floating IP " + name(), Title: "attach it to port " + b.c.Name, Action: plan.Update,
				Before: []string{"attached to nothing"}, After: []string{"attached to port " + b.c.Name},
				Shell:   []string{"openstack floating ip set --port " + gateway.Quote(b.c.Name) + " " + b.shellAddress()},
				Cleanup: []string{"openstack floating ip unset --port " + b.shellAddress()},
			}
		},
		do: func(ctx context.Context) error {
			gw := b.made.Gateway()
			if !gw.FixedIP.IsValid() {
				return &gateway.Error{Op: "attach", Target: "floating IP " + name(), Kind: gateway.Conflict, Err: errors.New("the new port has no IPv4 address")}
			}
			inner = floating.AttachStep(b.cloud, b.made.Address, b.made.Port.ID, gw.FixedIP, b.c.Name)
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

func (b *builder) shellAddress() string {
	if a := b.made.Address.Address; a.IsValid() {
		return a.String()
	}
	return `"$ADDRESS"`
}

func (b *builder) portStep() plan.Step {
	var m made
	mark := b.mark("port")
	var names []string
	for _, g := range b.c.Groups {
		names = append(names, g.Name)
	}
	names = append([]string{GroupName(b.c.Name)}, names...)
	words := []string{"port", "create", "--network", b.c.Network.ID, "--fixed-ip", "subnet=" + b.c.Subnet.ID, "--description", mark}
	for _, n := range names {
		words = append(words, "--security-group", n)
	}
	return &step{
		change: func() plan.Change {
			return plan.Change{
				ID: "port", Target: "network " + b.c.Network.Name, Title: "port " + b.c.Name, Action: plan.Create,
				After: []string{"an address of " + b.c.Subnet.CIDR.String(), "security groups: " + strings.Join(names, ", ")},
				Shell: []string{typed(append(words, b.c.Name)...)}, Cleanup: []string{typed("port", "delete", orName(m.id, b.c.Name))},
			}
		},
		do: func(ctx context.Context) error {
			ids := []string{b.made.GroupID}
			for _, g := range b.c.Groups {
				ids = append(ids, g.ID)
			}
			p, err := b.cloud.CreatePort(ctx, cloud.NewPort{Name: b.c.Name, Description: mark, NetworkID: b.c.Network.ID, SubnetID: b.c.Subnet.ID, Groups: ids})
			b.made.Port = p
			return m.note(p.ID, err)
		},
		undo: func(ctx context.Context) error {
			if !m.tried {
				return nil
			}
			if m.id != "" {
				return b.cloud.DeletePort(ctx, m.id)
			}
			all, err := b.cloud.PortsDescribed(ctx, mark)
			for _, p := range all {
				if err == nil {
					err = b.cloud.DeletePort(ctx, p.ID)
				}
			}
			return err
		},
	}
}

func (b *builder) groupStep() plan.Step {
	var m made
	name, mark, from := GroupName(b.c.Name), b.mark("ssh"), sources(b.wish)
	script := []string{typed("security", "group", "create", "--description", mark, name)}
	for _, p := range from {
		script = append(script, typed("security", "group", "rule", "create", "--protocol", "tcp", "--dst-port", "22", "--remote-ip", p.String(), name))
	}
	return &step{
		change: func() plan.Change {
			return plan.Change{
				ID: "group", Target: "security group " + name, Title: "let ssh in from " + list(from), Action: plan.Create,
				After: []string{"tcp 22 from " + list(from), "everything out"}, Shell: script, Cleanup: []string{typed("security", "group", "delete", orName(m.id, name))},
			}
		},
		do: func(ctx context.Context) error {
			g, err := b.cloud.CreateGroup(ctx, name, mark)
			if err := m.note(g.ID, err); err != nil {
				return err
			}
			b.made.GroupID = g.ID
			for _, p := range from {
				if _, err := b.cloud.CreateRule(ctx, cloud.SecurityGroupRule{GroupID: g.ID, Protocol: "tcp", PortMin: 22, PortMax: 22, RemotePrefix: p, Description: "portico v1 ssh"}); err != nil {
					return err
				}
			}
			return nil
		},
		undo: func(ctx context.Context) error {
			if !m.tried {
				return nil
			}
			if m.id != "" {
				return b.deleteGroup(ctx, m.id)
			}
			all, err := b.cloud.SecurityGroups(ctx)
			for _, g := range all {
				if g.Description == mark && err == nil {
					err = b.deleteGroup(ctx, g.ID)
				}
			}
			return err
		},
	}
}

// deleteGroup removes a group whose port has just gone: Neutron may take a moment to see that.
func (b *builder) deleteGroup(ctx context.Context, id string) error {
	for range 10 {
		if err := b.cloud.DeleteGroup(ctx, id, 0); err == nil || cloud.KindOf(err) != gateway.Conflict {
			return err
		}
		if b.pause(ctx) != nil {
			break
		}
	}
	return b.cloud.DeleteGroup(ctx, id, 0)
}

// pause waits a moment.
func (b *builder) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.every):
		return nil
	}
}

func (b *builder) reachStep() plan.Step {
	return &waiting{patience: b.wish.patience(), step: step{
		change: func() plan.Change {
			return plan.Change{
				ID: "reach", Target: "instance " + b.c.Name, Title: "log in by ssh; its console log vouches for the host key", Action: plan.Update,
				After:   []string{"its host key is in known_hosts of this machine", "an older key of the same address is forgotten"},
				Shell:   []string{typed("console", "log", "show", b.c.Name) + " # its host keys", "ssh " + b.shellAddress()},
				Cleanup: []string{"ssh-keygen -R " + b.shellAddress()},
			}
		},
		do: func(ctx context.Context) error {
			return explainWait(ctx, "log in to", b.c.Name, b.wish.patience(), b.login.Reach(ctx, b.made))
		},
		undo: func(ctx context.Context) error { return b.login.Leave(ctx) },
	}}
}

func (b *builder) readyStep() plan.Step {
	return &waiting{patience: b.wish.patience(), step: step{
		change: func() plan.Change {
			return plan.Change{
				ID: "ready", Target: "gateway " + b.c.Name, Title: "see that it can carry forwards", Action: plan.Update,
				After: []string{"it answers, and is one of this project's gateways"}, Shell: []string{"portico gateways --gateway " + gateway.Quote(b.c.Name)},
			}
		},
		do: func(ctx context.Context) error {
			return explainWait(ctx, "look at gateway", b.c.Name, b.wish.patience(), b.login.Ready(ctx, b.made))
		},
		undo: nothing,
	}}
}

// explainWait says of a wait that ended with its time, or with its operator, which of both it was.
func explainWait(ctx context.Context, op, target string, patience time.Duration, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &gateway.Error{Op: op, Target: target, Kind: gateway.Unreachable, Err: fmt.Errorf("it took longer than %s; last: %w", patience, err), Next: "try again with a longer --timeout, or with another image"}
	case ctx.Err() != nil:
		return &gateway.Error{Op: op, Target: target, Kind: gateway.Transient, Err: fmt.Errorf("it was stopped: %w", ctx.Err()), Next: "what was made is taken away again"}
	}
	return err
}
