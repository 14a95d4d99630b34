package nat

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/door"
)

const (
	gwID  = "12d265ba-d88c-4cfd-94c2-8f6ab4d03e7c"
	vmID  = "142613bf-2d27-41b3-9f6a-7251c1803af4"
	vm2ID = "242613bf-2d27-41b3-9f6a-7251c1803af5"
)

var testGateway = gateway.Gateway{
	Name: "gw-1", InstanceID: gwID, PortID: "port-gw",
	FloatingIP: netip.MustParseAddr("203.0.113.10"), FixedIP: netip.MustParseAddr("192.168.0.4"),
}

// project is a stateful security-group service: what it answers follows from what was written.
type project struct {
	ports  sync.Mutex // the steps of several ports run together; all else runs alone
	inv    cloud.Inventory
	next   int
	writes int
	fail   func(op string) error // consulted before each write
	lose   string                // the next write of this kind is done, but its answer is lost
}

func newProject() *project {
	p := &project{}
	p.inv.Instances = []cloud.Instance{{ID: gwID, Name: "gw-1", Status: "ACTIVE"}, {ID: vmID, Name: "vm", Status: "ACTIVE"}, {ID: vm2ID, Name: "vm2", Status: "ACTIVE"}}
	p.inv.SecurityGroups = []cloud.SecurityGroup{{ID: "sg-default", Name: "default"}}
	p.inv.Ports = []cloud.Port{
		testPort("port-gw", gwID, "192.168.0.4"), testPort("port-vm", vmID, "192.168.0.11"), testPort("port-vm2", vm2ID, "192.168.0.12"),
	}
	return p
}

func testPort(id, device, addr string) cloud.Port {
	return cloud.Port{
		ID: id, DeviceID: device, DeviceOwner: "compute:nova", PortSecurity: true, Revision: 1,
		FixedIPs: []cloud.FixedIP{{SubnetID: "subnet", Addr: netip.MustParseAddr(addr)}}, Groups: []string{"sg-default"},
	}
}

func (p *project) write(op string) error {
	p.writes++
	if p.fail != nil {
		return p.fail(op)
	}
	return nil
}

func (p *project) id(kind string) string { p.next++; return fmt.Sprintf("%s-%d", kind, p.next) }

func (p *project) SecurityGroups(context.Context) ([]cloud.SecurityGroup, error) {
	return p.inv.SecurityGroups, nil
}

func (p *project) CreateGroup(_ context.Context, name, description string) (cloud.SecurityGroup, error) {
	if err := p.write("create group " + name); err != nil {
		return cloud.SecurityGroup{}, err
	}
	g := cloud.SecurityGroup{ID: p.id("sg"), Name: name, Description: description, Revision: 1}
	g.Rules = []cloud.SecurityGroupRule{{ID: p.id("r"), GroupID: g.ID, Direction: "egress", EtherType: "IPv4"}, {ID: p.id("r"), GroupID: g.ID, Direction: "egress", EtherType: "IPv6"}}
	p.inv.SecurityGroups = append(slices.Clone(p.inv.SecurityGroups), g)
	if p.lose == "create group" {
		p.lose = ""
		return cloud.SecurityGroup{}, errLost
	}
	return g, nil
}

func (p *project) DeleteGroup(_ context.Context, id string, revision int) error {
	if err := p.write("delete group"); err != nil {
		return err
	}
	for _, port := range p.inv.Ports {
		if slices.Contains(port.Groups, id) {
			return &cloud.Error{Op: "delete security group", Target: id, Kind: cloud.Conflict, Err: fmt.Errorf("in use by %s", port.ID)}
		}
	}
	if g, ok := p.inv.Group(id); ok && revision != 0 && g.Revision != revision {
		return &cloud.Error{Op: "delete security group", Target: id, Kind: cloud.Stale, Err: cloud.ErrOutdated}
	}
	p.inv.SecurityGroups = slices.DeleteFunc(slices.Clone(p.inv.SecurityGroups), func(g cloud.SecurityGroup) bool { return g.ID == id })
	return nil
}

func (p *project) CreateRule(_ context.Context, r cloud.SecurityGroupRule) (cloud.SecurityGroupRule, error) {
	if err := p.write("create rule"); err != nil {
		return r, err
	}
	r.ID = p.id("r")
	p.editGroup(r.GroupID, func(g *cloud.SecurityGroup) { g.Rules = append(slices.Clone(g.Rules), r) })
	if p.lose == "create rule" {
		p.lose = ""
		return cloud.SecurityGroupRule{}, errLost
	}
	return r, nil
}

func (p *project) DeleteRule(_ context.Context, id string) error {
	if err := p.write("delete rule"); err != nil {
		return err
	}
	for _, g := range p.inv.SecurityGroups {
		p.editGroup(g.ID, func(g *cloud.SecurityGroup) {
			g.Rules = slices.DeleteFunc(slices.Clone(g.Rules), func(r cloud.SecurityGroupRule) bool { return r.ID == id })
		})
	}
	return nil
}

func (p *project) editGroup(id string, edit func(*cloud.SecurityGroup)) {
	p.inv.SecurityGroups = slices.Clone(p.inv.SecurityGroups)
	for i := range p.inv.SecurityGroups {
		if p.inv.SecurityGroups[i].ID == id {
			edit(&p.inv.SecurityGroups[i])
			p.inv.SecurityGroups[i].Revision++ // a write raises it, whatever it changes
		}
	}
}

func (p *project) Port(_ context.Context, id string) (cloud.Port, error) {
	p.ports.Lock()
	defer p.ports.Unlock()
	port, ok := door.FindPort(p.inv.Ports, id)
	if !ok {
		return port, &cloud.Error{Op: "read port", Target: id, Kind: cloud.NotFound}
	}
	return port, nil
}

func (p *project) SetPortGroups(_ context.Context, id string, groups []string, revision int) error {
	p.ports.Lock()
	defer p.ports.Unlock()
	if err := p.write("set groups of " + id); err != nil {
		return err
	}
	p.inv.Ports = slices.Clone(p.inv.Ports)
	for i := range p.inv.Ports {
		if p.inv.Ports[i].ID != id {
			continue
		}
		if p.inv.Ports[i].Revision != revision {
			return &cloud.Error{Op: "set security groups of port", Target: id, Kind: cloud.Stale, Err: cloud.ErrOutdated}
		}
		p.inv.Ports[i].Groups, p.inv.Ports[i].Revision = slices.Clone(groups), revision+1
	}
	return nil
}

// groupNames lists the groups on a port by name.
func (p *project) groupNames(t *testing.T, portID string) []string {
	t.Helper()
	port, ok := door.FindPort(p.inv.Ports, portID)
	if !ok {
		t.Fatalf("no port %s", portID)
	}
	var out []string
	for _, id := range port.Groups {
		g, _ := p.inv.Group(id)
		out = append(out, g.Name)
	}
	return out
}

func forward(vm, addr, name string, public, private uint16, sources ...string) gateway.Forward {
	f := gateway.Forward{
		Instance: vm, Service: gateway.Service{Name: name, Protocol: gateway.TCP, Port: private}, Engine: Name,
		Public: netip.AddrPortFrom(testGateway.FloatingIP, public), Private: netip.AddrPortFrom(netip.MustParseAddr(addr), private),
	}
	for _, s := range sources {
		f.Sources = append(f.Sources, netip.MustParsePrefix(s))
	}
	return f
}
