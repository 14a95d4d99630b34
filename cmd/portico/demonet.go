package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"portico/gateway/doctor"
	gatewayemulator "portico/gateway/emulator"
)

// demoNet is the world outside of the demo's cloud: a floating IP that is no address of this machine
// leads to its instance inside this process, and so does a port that Neutron forwards. Nothing of the
// demo leaves the machine.
type demoNet struct{ d *demo }

// DialContext connects to loopback, where the gateway's forwards listen, to an instance's own floating
// IP, or to where Neutron forwards a port. Everywhere else nobody answers.
func (n demoNet) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	if private, byNeutron := n.d.cloud.Forwarded(to, "tcp"); byNeutron {
		to = private
	} else if to.Addr().IsLoopback() {
		n.d.gateway.Refresh() // what has just changed in the cloud counts
		n.d.nursery.refresh()
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	dial, verdict := n.route(to)
	switch verdict {
	case gatewayemulator.Open:
		return dial(ctx)
	case gatewayemulator.Refused:
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: syscall.ECONNREFUSED}
	default:
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

// route is the way to an instance by an address of its own: its groups and its state decide.
func (n demoNet) route(to netip.AddrPort) (gatewayemulator.Dial, gatewayemulator.Verdict) {
	i, ok := n.d.cloud.ByAddress(to.Addr())
	vm := n.d.vms[i.ID]
	if !ok || vm == nil || !n.d.cloud.Admits(to, "tcp", loopback) {
		return nil, gatewayemulator.Dropped
	}
	vm.SetOff(!i.Running())
	return vm.Route(to.Port())
}

// doctor is the engine of the demo: ssh is looked at only where the demo listens.
func (n demoNet) doctor(w *wiring) *doctor.Doctor {
	return doctor.New(w.publisher, doctor.Options{SSH: func(ctx context.Context, ask doctor.SSHAsk) (doctor.SSHSeen, error) {
		if !ask.Forward.Public.Addr().IsLoopback() {
			return doctor.SSHSeen{}, errors.New("the demo does not leave this machine")
		}
		return w.lookSSH(ctx, ask)
	}})
}
