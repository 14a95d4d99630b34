package emulator

import "net/netip"

// What breaks ways from outside, for [Cloud.Fill]: as an administrator or an accident would.

// SetRouter switches a router on or off and gives it an external network, or takes that away ("").
// Neutron itself refuses the latter while floating IPs hang on it; an administrator's hand does not.
func (m *Model) SetRouter(id string, up bool, external string) {
	r := m.routers[id]
	if r == nil {
		m.fail("no router %q", id)
		return
	}
	r.adminUp, r.externalNetwork = up, external
	m.touch(&r.meta)
}

// Routes reports whether a packet from outside to a floating IP comes as far as the port it is
// associated with: its router is up and leads outside.
func (c *Cloud) Routes(floating netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.model.fips {
		if f.addr != floating || f.port == "" {
			continue
		}
		r := c.model.routers[f.router]
		return r != nil && r.adminUp && r.externalNetwork != ""
	}
	return false
}
