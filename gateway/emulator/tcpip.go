package emulator

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
)

// synTime is how long Linux goes on asking for a connection (tcp(7), tcp_syn_retries).
const synTime = 127 * time.Second

// ForbidForwarding makes the SSH server refuse to connect elsewhere for its clients, as with
// "AllowTcpForwarding no", or lets it again.
func (g *Gateway) ForbidForwarding(forbid bool) { g.noTCP.Store(forbid) }

// directTCP serves a connection from the gateway itself to somewhere else (RFC 4254, 7.2), as
// ProxyJump makes it.
func (g *Gateway) directTCP(ctx context.Context, offered ssh.NewChannel) {
	if g.noTCP.Load() {
		_ = offered.Reject(ssh.Prohibited, "open failed")
		return
	}
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
		select {
		case <-ctx.Done():
		case <-time.After(synTime):
		}
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
	relay(ch, vm, nil)
}
