package host

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// ClientAddr is the address that this program comes from, as the host sees it: sshd puts it into
// SSH_CONNECTION (sshd(8), ENVIRONMENT). Behind a jump host it is the jump host's; other hosts may
// see another one. Errors are those of [SSH.Run], or of kind Invalid where the host does not say.
func (s *SSH) ClientAddr(ctx context.Context) (netip.Addr, error) {
	res, err := s.runLine(ctx, `echo "$SSH_CONNECTION"`, nil) // without sudo, which takes the variable away
	if err != nil {
		return netip.Addr{}, err
	}
	return clientAddr(s.name, string(res.Stdout))
}

// clientAddr reads the first word of SSH_CONNECTION.
func clientAddr(host, connection string) (netip.Addr, error) {
	fail := func(why string) (netip.Addr, error) {
		return netip.Addr{}, &gateway.Error{Op: "ask for our own address", Target: host, Kind: gateway.Invalid, Err: errors.New(why), Next: "name the address: 198.51.100.7"}
	}
	// A profile may print something first; sshd's four words are the last.
	f := strings.Fields(connection)
	if len(f) < 4 {
		return fail("it does not say where we come from")
	}
	a, err := netip.ParseAddr(f[len(f)-4])
	switch a = a.Unmap().WithZone(""); {
	case err != nil:
		return fail("it says " + cloud.Clean(f[len(f)-4]) + ", which is no address")
	case !a.Is4():
		return fail("it sees us at " + a.String() + ", and forwards are for IPv4")
	}
	return a, nil
}
