package emulator

import (
	"net/netip"
	"slices"
)

// MovePort takes the port that has an address from its server and gives it to another one, or to none ("").
// It keeps its addresses, and what Neutron forwards to it: `openstack server remove port` and `add port`
// do this with a port that somebody made by hand.
func (m *Model) MovePort(addr netip.Addr, to string) {
	var moved *port
	for at, p := range m.byFixed {
		if at.addr == addr {
			moved = p
		}
	}
	switch {
	case moved == nil:
		m.fail("no port has %s", addr)
		return
	case to != "" && m.servers[to] == nil:
		m.fail("no server %q", to)
		return
	}
	m.byDevice[moved.device] = slices.DeleteFunc(m.byDevice[moved.device], func(p *port) bool { return p == moved })
	m.byDevice[to] = append(m.byDevice[to], moved)
	moved.device, moved.owner, moved.status = to, "", "DOWN"
	if to != "" {
		moved.owner, moved.status = "compute:nova", "ACTIVE"
	}
	m.touch(&moved.meta)
}

// AddPort gives a server one more address.
func (m *Model) AddPort(server string, nic NIC) {
	if s := m.servers[server]; s != nil {
		m.addNIC(s, nic)
		return
	}
	m.fail("no server %q", server)
}
