//go:build !linux

package host

import (
	"context"
	"fmt"
	"runtime"

	"portico/gateway"
)

// Local is this machine as a gateway. Only a Linux machine can be one.
type Local struct{}

var _ gateway.Runner = (*Local)(nil)

// NewLocal always fails here, with an Invalid error.
func NewLocal() (*Local, error) { return nil, notLinux() }

// Version is "": there is no iptables here.
func (*Local) Version() string { return "" }

// Check fails as [NewLocal] does.
func (*Local) Check(context.Context) error { return notLinux() }

// Run fails as [NewLocal] does.
func (*Local) Run(context.Context, gateway.Command) (gateway.Result, error) {
	return gateway.Result{}, notLinux()
}

// Close does nothing.
func (*Local) Close() error { return nil }

func notLinux() error {
	return &gateway.Error{Op: "use as a gateway", Target: "this machine", Kind: gateway.Invalid,
		Err: fmt.Errorf("it runs %s, and only Linux has iptables", runtime.GOOS), Next: "name a gateway that is reached over SSH"}
}
