package publish

import (
	"slices"
	"strconv"
	"strings"

	"portico/gateway"
)

// Way is how ssh reaches one machine. What is empty is left to ssh and its own configuration.
type Way struct {
	Host           string
	Port           uint16
	User, Identity string
	KnownHosts     string // a file in place of the user's own
	HostKeyAlias   string
	Alias          bool // Host is a name that the user's own ssh configuration explains
}

// Words is the command that goes there.
func (w Way) Words() []string { return append(append([]string{"ssh"}, w.options("-p")...), w.target()) }

// options are those of ssh and its like; port is how they say the port.
func (w Way) options(port string) []string {
	var out []string
	if w.Port != 0 && w.Port != 22 {
		out = append(out, port, strconv.Itoa(int(w.Port)))
	}
	if w.Identity != "" {
		out = append(out, "-i", w.Identity)
	}
	if w.KnownHosts != "" {
		value := w.KnownHosts
		if strings.ContainsAny(value, " \t") {
			value = `"` + value + `"`
		}
		out = append(out, "-o", "UserKnownHostsFile="+value)
	}
	return out
}

func (w Way) target() string {
	if w.User != "" {
		return w.User + "@" + w.Host
	}
	return w.Host
}

// WayTo is the way to an instance: the forward that carries it, or its own floating IP; false when
// its ssh cannot be reached.
func WayTo(r InstanceRow, login Login) (Way, bool) {
	f, ok := SSHForward(r)
	if !ok {
		return Way{}, false
	}
	return Way{
		Host: f.Public.Addr().String(), Port: f.Public.Port(), User: login.User, Identity: login.KeyFile,
		HostKeyAlias: "portico-" + r.Instance.ID, // one address carries many machines: each has its own host key
	}, true
}

// Direct reports whether ssh of an instance is reached at its own floating IP.
func Direct(r InstanceRow) bool {
	f, ok := SSHForward(r)
	return ok && f.Public.Port() == 22 && slices.Contains(r.Public, f.Public.Addr())
}

// gatewayWay is the way to a gateway: as the configuration says, else to its address. It is false
// where this machine is the gateway.
func (p *Publisher) gatewayWay(gw gateway.Gateway, login Login) (Way, bool) {
	if p.options.GatewayWay != nil {
		return p.options.GatewayWay(gw, login)
	}
	return AddressWay(gw, login), true
}

// AddressWay is the way to a gateway of which the configuration says nothing.
func AddressWay(gw gateway.Gateway, login Login) Way {
	return Way{Host: gw.SSHAddr().String(), User: login.User, Identity: login.KeyFile}
}
