package emulator

import (
	"context"
	"net/netip"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// directTCP serves a connection from the gateway itself to somewhere else (RFC 4254, 7.2), as
// ProxyJump makes it.
func (g *Gateway) directTCP(ctx context.Context, offered ssh.NewChannel) {
	var target struct {
		Host     string
		Port     uint32
		From     string
		FromPort uint32
	}
	if err := ssh.Unmarshal(offered.ExtraData(), &target); err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	addr, err := netip.ParseAddrPort(target.Host + ":" + strconv.FormatUint(uint64(target.Port), 10))
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "Name or service not known")
		return
	}
	dial, verdict := g.config.Reach(g.config.FixedIP, addr)
	switch {
	case addr.Addr().IsLoopback() || addr.Addr() == g.config.FixedIP || verdict == Refused:
		_ = offered.Reject(ssh.ConnectionFailed, "Connection refused")
		return
	case verdict != Open:
		// A real gateway would try for two minutes; the client's patience ends sooner.
		<-ctx.Done()
		_ = offered.Reject(ssh.ConnectionFailed, "Connection timed out")
		return
	}
	vm, ok := g.connect(dial)
	if !ok {
		_ = offered.Reject(ssh.ConnectionFailed, "Connection refused")
		return
	}
	defer g.release(vm)
	ch, requests, err := offered.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	defer func() { _ = ch.Close() }()
	relay(ch, vm)
}
