package neutron

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway"
)

// Every refusal of Neutron's is said before anything is sent, with what to do about it; asked all the
// same, Neutron refuses.
func TestRefusalsAreForeseen(t *testing.T) {
	ssh := forward("alpha", "203.0.113.27:30011", "192.168.0.11:22")
	elsewhere := func(f gateway.Forward) func(*testing.T, *project) {
		return func(t *testing.T, p *project) {
			e := p.engine(t)
			x := e.rule(f)
			x.Description = "somebody's"
			if _, err := p.client.CreatePortForwarding(t.Context(), e.floatingIP(f).fip.ID, x); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(vm, public, private string) gateway.Forward { return forward(vm, public, private) }
	for name, c := range map[string]struct {
		before func(*testing.T, *project)
		want   gateway.Forward
		says   string
		next   string
		words  string // Neutron's
	}{
		"the address is attached":        {nil, at("alpha", "203.0.113.10:30011", "192.168.0.11:22"), "attached to own", "portico floatingip detach 203.0.113.10", "already has a floating IP on external network"},
		"the VM has its own":             {nil, at("own", "203.0.113.27:30013", "192.168.0.13:22"), "floating IP of its own, 203.0.113.10", "detach", "has a binding floating IP"},
		"the public port is taken":       {elsewhere(at("beta", "203.0.113.27:30011", "192.168.0.12:22")), ssh, "is taken by a forwarding that was made elsewhere", "portico adopt 30011", "external_port_range"},
		"the VM's port is taken":         {elsewhere(at("alpha", "203.0.113.28:2222", "192.168.0.11:22")), ssh, "leads to this port of the VM already", "portico adopt 2222", "internal_port_range"},
		"no router":                      {nil, at("lone", "203.0.113.27:30011", "192.168.2.11:22"), "no router joins its subnet lone-v4 to public", "openstack router add subnet", "is not reachable from subnet"},
		"another router":                 {elsewhere(at("beta", "203.0.113.27:30012", "192.168.0.12:22")), at("far", "203.0.113.27:30011", "192.168.1.11:22"), "is on router router", "another floating IP with --via", "had been set on router"},
		"an address that it has no more": {nil, at("alpha", "203.0.113.27:30011", "192.168.0.99:22"), "no port of the VM has the address", "plan again", ""},
		"another project's floating IP":  {nil, at("alpha", "203.0.113.99:30011", "192.168.0.11:22"), "no floating IP 203.0.113.99", "portico floatingips", ""},
		"too many sources to write down": {nil, manySources(ssh), "holds 255 characters", "fewer", ""},
		"a name that no description has": {nil, named(ssh, "SSH please"), "a service's name has lower-case letters", "", ""},
		"what is neither tcp nor udp":    {nil, protocol(ssh, "sctp"), "neither tcp nor udp", "", ""},
		"a whole subnet":                 {nil, whole(ssh), "not to every address of a subnet", "--engine nat", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			if c.before != nil {
				c.before(t, p)
			}
			e := p.engine(t)
			_, err := e.Plan(context.Background(), []gateway.Forward{c.want}, gateway.State{})
			x := cloud.Explain(err)
			if err == nil || !strings.Contains(x.What+x.Why, c.says) || !strings.Contains(x.Next, c.next) {
				t.Errorf("foreseen: %+v", x)
			}
			if c.words == "" {
				return
			}
			_, err = p.client.CreatePortForwarding(t.Context(), e.floatingIP(c.want).fip.ID, e.rule(c.want))
			if err == nil || !strings.Contains(err.Error(), c.words) || cloud.KindOf(err) != gateway.Conflict {
				t.Errorf("sent: %v, %v", cloud.KindOf(err), err)
			}
			if told := cloud.Explain(explained("make", e.floatingIP(c.want).fip, err)); told.Next == cloud.Explain(err).Next {
				t.Errorf("a refusal that comes all the same is not explained: %+v", told)
			}
		})
	}
}

func manySources(f gateway.Forward) gateway.Forward {
	for i := range 20 {
		f.Sources = append(f.Sources, netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(10 * i)}), 32))
	}
	return f
}

func named(f gateway.Forward, name string) gateway.Forward {
	f.Service.Name = name
	return f
}

func protocol(f gateway.Forward, p gateway.Protocol) gateway.Forward {
	f.Service.Protocol = p
	return f
}

func whole(f gateway.Forward) gateway.Forward {
	f.Subnet = emulator.ID("subnet", "lab-v4")
	return f
}
