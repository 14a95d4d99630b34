package gateway

import "net/netip"

// Member is one of the two hosts of a pair.
type Member struct {
	Name, InstanceID, PortID string
	FixedIP                  netip.Addr // its own
	FloatingIP               netip.Addr // its own, by which its sshd is reached; invalid when it has none
}

// MemberState is how one host of a pair was found.
type MemberState struct {
	Name    string
	Active  bool  // it holds the shared address now
	Running bool  // its keepalived runs
	Err     error // why it could not be looked at; the rest is unknown then
}

// IsPair reports whether the gateway is two hosts that share an address.
func (g Gateway) IsPair() bool { return g.Members[0].InstanceID != "" }

// Hosts are the hosts that carry the gateway's forwards: both members of a pair, else the gateway.
func (g Gateway) Hosts() []Gateway {
	if !g.IsPair() {
		return []Gateway{g}
	}
	out := make([]Gateway, 0, len(g.Members))
	for _, m := range g.Members {
		h := Gateway{Name: m.Name, InstanceID: m.InstanceID, PortID: m.PortID, FloatingIP: g.FloatingIP, FixedIP: g.FixedIP, NoSNAT: g.NoSNAT, Own: m.FixedIP, Way: m.FixedIP}
		if m.FloatingIP.IsValid() {
			h.Way = m.FloatingIP
		}
		out = append(out, h)
	}
	return out
}

// PortIDs are the ports by which packets come to the gateway's hosts; none when it has none in this project.
func (g Gateway) PortIDs() []string {
	var out []string
	for _, h := range g.Hosts() {
		if h.PortID != "" {
			out = append(out, h.PortID)
		}
	}
	return out
}

// HostAddr is the host's own address, where FixedIP may be one that it shares.
func (g Gateway) HostAddr() netip.Addr {
	if g.Own.IsValid() {
		return g.Own
	}
	return g.FixedIP
}

// SSHAddr is where the host's sshd is reached, unless configuration knows better.
func (g Gateway) SSHAddr() netip.Addr {
	switch {
	case g.Way.IsValid():
		return g.Way
	case g.FloatingIP.IsValid():
		return g.FloatingIP
	}
	return g.FixedIP
}

// IsMember reports whether an instance is one of the pair's hosts.
func (g Gateway) IsMember(instanceID string) bool {
	return instanceID != "" && (g.Members[0].InstanceID == instanceID || g.Members[1].InstanceID == instanceID)
}

// ID is what marks in the cloud name the gateway by: its instance; a pair's shared port; else its address.
func (g Gateway) ID() string {
	switch {
	case g.InstanceID != "":
		return g.InstanceID
	case g.IsPair():
		return g.PortID
	}
	return g.FixedIP.String()
}
