package floatingips

import (
	"net/netip"

	"portico/gateway"
	"portico/gateway/doctor"
	"portico/views"
)

// sshPort is what is looked at on an address that says nothing of ports.
const sshPort = 22

// diagnose looks at the gateway that has an address, or at ssh of whatever else has it.
func diagnose(r row) views.Intent {
	addr := r.FloatingIP.Address
	if r.Gateway {
		return views.Diagnose{Target: doctor.Target{Gateway: addr.String()}, Title: addr.String()}
	}
	return views.Diagnose{Target: doctor.Target{Public: netip.AddrPortFrom(addr, sshPort), Protocol: gateway.TCP}, Title: addr.String()}
}
