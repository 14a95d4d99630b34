package publish

import (
	"context"
	"testing"

	"portico/cloud"
)

func (s *shelf) ConsoleLog(_ context.Context, id string, _ int) (string, error) {
	return s.consoles[id], s.err
}

func TestHostKeys(t *testing.T) {
	const log = "login:\n-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl root@vm\n-----END SSH HOST KEY KEYS-----\n"
	s := &shelf{consoles: map[string]string{"vm": log}}
	p := New(s, nil, nil, nil, Options{})
	set, err := p.HostKeys(t.Context(), "vm")
	if err != nil || len(set.Keys) != 1 || set.Keys[0].Type() != "ssh-ed25519" {
		t.Errorf("got %+v, %v", set, err)
	}
	if set, err := p.HostKeys(t.Context(), "silent"); err != nil || !set.Empty() {
		t.Errorf("a silent one: %+v, %v", set, err)
	}
	if _, err := p.HostKeys(t.Context(), ""); cloud.KindOf(err) != cloud.NotFound {
		t.Errorf("no instance: %v", err)
	}
	s.err = &cloud.Error{Op: "read", Kind: cloud.Permission}
	if _, err := p.HostKeys(t.Context(), "vm"); cloud.KindOf(err) != cloud.Permission {
		t.Errorf("not allowed: %v", err)
	}
}
