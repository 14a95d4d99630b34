package emulator

import (
	"context"
	"net"
	"net/netip"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway/emulator/internal/shell"
)

// Sudo is what sudo does for the login user.
type Sudo = shell.Sudo

// The ways of sudo. To have none at all, name it in [Config.Without].
const (
	SudoAllowed  = shell.SudoAllowed
	SudoPassword = shell.SudoPassword
	SudoRefused  = shell.SudoRefused
)

// Listener is a socket of one of the gateway's own programs, as ss shows it.
type Listener = shell.Listener

// Verdict is what becomes of a new connection.
type Verdict int

// The verdicts.
const (
	Open    Verdict = iota // it is answered
	Refused                // with a reset
	Dropped                // not at all: the client times out
)

// String is the verdict in one word.
func (v Verdict) String() string {
	switch v {
	case Open:
		return "open"
	case Refused:
		return "refused"
	case Dropped:
		return "dropped"
	}
	return "unknown"
}

// Dial connects to a VM's server.
type Dial func(ctx context.Context) (net.Conn, error)

// Config says what the gateway is. FixedIP is required.
type Config struct {
	Hostname string     // default "gateway"
	User     string     // who logs in; default "debian", "root" is possible
	FixedIP  netip.Addr // its own address, which packets carry once they have reached it
	Public   netip.Addr // where forwards listen on this machine; default 127.0.0.1
	Device   string     // its network interface; default "ens3"

	HostKey ssh.Signer      // default: a new ed25519 key
	Keys    []ssh.PublicKey // whose owners may log in; none: nobody may

	Sudo      Sudo
	Without   []string   // programs the gateway lacks: "sudo", "flock", "systemctl"
	NoSystemd bool       // it has another init: no units, and nothing is started at boot
	Listening []Listener // sockets beside sshd's own, "0.0.0.0:22"

	// Allow and Reach are asked for every forwarded port at every look, and for every connection.
	// They must not call the Gateway.

	// Allow is the security group of the gateway's port: may this client connect to the public
	// port? nil allows all.
	Allow func(port uint16, client netip.Addr) bool
	// Reach is the network behind the gateway: what becomes of a connection from src (the client,
	// or the gateway where there is SNAT) to dst, and how to make it if it is Open. nil drops all.
	Reach func(src netip.Addr, dst netip.AddrPort) (Dial, Verdict)
	// RoutesBack says that VMs answer unknown addresses by way of this gateway. Else an answer
	// goes another way, and a forward without SNAT times out.
	RoutesBack bool

	// Segment is where it hears other gateways' keepalived; nil: it is alone.
	Segment *Segment

	Now func() time.Time // default time.Now
}

func (c Config) withDefaults() Config {
	if c.Hostname == "" {
		c.Hostname = "gateway"
	}
	if c.User == "" {
		c.User = "debian"
	}
	if !c.Public.IsValid() {
		c.Public = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if c.Device == "" {
		c.Device = "ens3"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Allow == nil {
		c.Allow = func(uint16, netip.Addr) bool { return true }
	}
	if c.Reach == nil {
		c.Reach = func(netip.Addr, netip.AddrPort) (Dial, Verdict) { return nil, Dropped }
	}
	return c
}
