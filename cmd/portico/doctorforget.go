package main

import (
	"context"
	"net"
	"strconv"
	"strings"

	"portico/gateway/host"
	"portico/gateway/plan"
)

// forgetStep takes the old host key of a VM out of the operator's known_hosts, where the VM's console
// log names another one.
func (c *connector) forgetStep(name, instanceID string) (plan.Step, error) {
	cfg := host.Config{Host: strings.Trim(name, "[]"), Vouched: c.vouch.of(instanceID)}
	if h, p, err := net.SplitHostPort(name); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return nil, err
		}
		cfg.Host, cfg.Port = h, uint16(n)
	}
	if c.adjustSSH != nil {
		c.adjustSSH(&cfg)
	}
	lines, err := host.KnownLines(cfg)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return &forgetKey{cfg: cfg, name: name, lines: lines}, nil
}

// forgetKey is that step.
type forgetKey struct {
	cfg     host.Config
	name    string
	lines   []string
	restore func() error
}

func (s *forgetKey) Change() plan.Change {
	return plan.Change{
		ID: "known-hosts", Target: "known_hosts of this machine", Title: "forget the old host key of " + s.name, Action: plan.Delete,
		Before: s.lines, Shell: []string{"ssh-keygen -R '" + s.name + "'"},
		Cleanup: []string{"ssh-keygen keeps the file as it was in ~/.ssh/known_hosts.old"},
	}
}

func (s *forgetKey) Do(ctx context.Context) error {
	restore, err := host.Forget(ctx, s.cfg)
	s.restore = restore
	return err
}

func (s *forgetKey) Undo(context.Context) error {
	if s.restore == nil {
		return nil
	}
	return s.restore()
}
