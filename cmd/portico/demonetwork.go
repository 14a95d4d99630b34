package main

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	gatewayemulator "portico/gateway/emulator"
)

// DialContext is the network that the demo's console is in: floating IPs of the demo's VMs lead to them
// without a packet leaving this process. All else is this machine's own network, where the gateway's
// forwards listen on loopback.
func (d *demo) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil || to.Addr().IsLoopback() {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	i, found := d.cloud.ByAddress(to.Addr())
	vm := d.vms[i.ID]
	if !found || vm == nil || !d.cloud.Routes(to.Addr()) || !d.cloud.Admits(to, "tcp", demoVisitor) {
		<-ctx.Done() // nobody answers, and nobody says so
		return nil, ctx.Err()
	}
	vm.SetOff(!i.Running())
	dial, verdict := vm.Route(to.Port())
	switch verdict {
	case gatewayemulator.Open:
		return dial(ctx)
	case gatewayemulator.Refused:
		return nil, syscall.ECONNREFUSED
	case gatewayemulator.Dropped:
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// demoVisitor is how the console is seen from outside (RFC 5737).
var demoVisitor = netip.MustParseAddr("198.51.100.7")
