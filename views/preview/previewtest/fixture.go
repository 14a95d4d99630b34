// Package previewtest makes snapshots and proposals for the tests of the screens that show
// them. They have the shape that the nat engine's have; nothing in them does anything.
package previewtest

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
)

// VM is an instance of the fixtures.
type VM struct {
	ID, Name string
	Addr     netip.Addr
}

// The instances: an ordinary one, and names of odd widths as they come from a cloud, cleaned.
var (
	Assembly = VM{"0b5f6b1c-0a52-4c7e-9d0e-2f4c8e3b7a11", "assembly-02", netip.MustParseAddr("192.168.0.11")}
	Japanese = VM{"1c6f7c2d-1b63-4d8f-8e1f-3a5d9f4c8b22", "解析サーバー-北海道-長い名前-01", netip.MustParseAddr("192.168.0.20")}
	Emoji    = VM{"2d7f8d3e-2c74-4e9a-9f2a-4b6eaf5d9c33", "👩\uFFFD🔬 lab 🧬 e\u0301 \uFFFD[31mred", netip.MustParseAddr("192.168.0.33")}
)

// Gateway is where the forwards of the fixtures are.
var Gateway = gateway.Gateway{
	Name: "gw-1", InstanceID: "9e8d7c6b-5a49-4838-a727-161514131211", PortID: "port-gw",
	FloatingIP: netip.MustParseAddr("203.0.113.10"), FixedIP: netip.MustParseAddr("192.168.0.4"),
}

// SSH and HTTP are services as in the catalogue.
var (
	SSH  = gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}
	HTTP = gateway.Service{Name: "http", Protocol: gateway.TCP, Port: 80}
)

// Forward is a service of an instance on a public port of the gateway.
func Forward(vm VM, svc gateway.Service, port uint16, sources ...netip.Prefix) gateway.Forward {
	return gateway.Forward{
		Instance: vm.ID, Service: svc, Sources: sources, Engine: "nat",
		Public: netip.AddrPortFrom(Gateway.FloatingIP, port), Private: netip.AddrPortFrom(vm.Addr, svc.Port),
	}
}

// Item is a forward and what happens to it.
func Item(a plan.Action, vm VM, f gateway.Forward) publish.Item {
	return publish.Item{Action: a, Forward: f, Instance: vm.Name}
}

// Snapshot is a project with these instances on one subnet, and what stands on its gateway.
func Snapshot(standing []gateway.Forward, vms ...VM) publish.Snapshot {
	s := publish.Snapshot{Gateway: Gateway, State: &gateway.State{Forwards: standing}}
	s.Inventory.At = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.Inventory.Subnets = []cloud.Subnet{{ID: "subnet", NetworkID: "net", CIDR: netip.MustParsePrefix("192.168.0.0/24")}}
	all := append([]VM{{Gateway.InstanceID, Gateway.Name, Gateway.FixedIP}}, vms...)
	for _, vm := range all {
		s.Inventory.Instances = append(s.Inventory.Instances, cloud.Instance{ID: vm.ID, Name: vm.Name, Status: "ACTIVE"})
		s.Inventory.Ports = append(s.Inventory.Ports, cloud.Port{
			ID: "port-" + vm.Name, DeviceID: vm.ID, NetworkID: "net", PortSecurity: true,
			FixedIPs: []cloud.FixedIP{{SubnetID: "subnet", Addr: vm.Addr}},
		})
	}
	return s
}

// step is a change that is only shown: it has nothing to do or to undo.
type step struct {
	plan.Step
	change plan.Change
}

func (s step) Change() plan.Change { return s.change }

// Plan is a plan of changes that are only shown.
func Plan(changes ...plan.Change) plan.Plan {
	p := plan.Plan{ID: "0123456789ab"}
	for _, c := range changes {
		p.Steps = append(p.Steps, step{change: c})
	}
	return p
}

// OpenWarning is what the engine says of forwards that let anybody in.
var OpenWarning = plan.Warning{Title: "open to the whole internet", Detail: "2 of 2 forwards let anybody in; --from CIDR limits who may connect"}

// Proposal publishes ssh and http of these instances, the first forwards on this gateway.
func Proposal(vms ...VM) publish.Proposal {
	p := publish.Proposal{Gateway: Gateway, Request: publish.Request{Services: []string{"ssh", "http"}}}
	var rules []string
	for _, vm := range vms {
		p.Request.Instances = append(p.Request.Instances, vm.ID)
		n := uint16(vm.Addr.As4()[3])
		for i, svc := range []gateway.Service{SSH, HTTP} {
			f := Forward(vm, svc, uint16(30000+1000*i)+n)
			p.Items = append(p.Items, Item(plan.Create, vm, f))
			rules = append(rules, dnat(f))
		}
	}
	p.Plan = Plan(changes(vms, rules)...)
	p.Plan.Warnings = []plan.Warning{OpenWarning}
	p.Quota = []publish.QuotaLine{
		{Name: "security groups", Before: 2, After: 4, Max: 10, Known: true},
		{Name: "security group rules", Before: 88, After: 94, Max: 100, Known: true},
	}
	return p
}

// Withdrawal takes the forwards of [Proposal] back.
func Withdrawal(vms ...VM) publish.Proposal {
	p := Proposal(vms...)
	p.Request.Withdraw, p.Request.Services = true, nil
	p.Plan.Warnings, p.Quota = nil, nil
	var reversed []plan.Change
	for i := range p.Items {
		p.Items[i].Action = plan.Delete
	}
	for i := len(p.Plan.Steps) - 1; i >= 0; i-- {
		c := p.Plan.Steps[i].Change()
		c.Before, c.After, c.Action = c.After, nil, plan.Delete
		c.Title = strings.NewReplacer("add ", "remove ", "allow ", "no longer allow ", "create ", "delete ", "carry ", "drop ", "keep ", "forget ").Replace(c.Title)
		reversed = append(reversed, c)
	}
	p.Plan = Plan(reversed...)
	return p
}

// Nothing is the proposal whose forwards stand already.
func Nothing(vms ...VM) publish.Proposal {
	p := Proposal(vms...)
	p.Plan, p.Quota = plan.Plan{}, nil
	for i := range p.Items {
		p.Items[i].Action = 0
	}
	return p
}

func dnat(f gateway.Forward) string {
	return fmt.Sprintf(`-A PORTICO-TCP-%d-%d -d %s/32 -p tcp -m tcp --dport %d -m comment --comment "portico v1 vm=%s svc=%s" -j DNAT --to-destination %s`,
		f.Public.Port()/16*16, f.Public.Port()/16*16+15, Gateway.FixedIP, f.Public.Port(), f.Instance, f.Service.Name, f.Private)
}

func changes(vms []VM, rules []string) []plan.Change {
	const public, private = "portico-gw-1", "portico-from-gw-1"
	rules = append(rules, "-A PREROUTING -j PORTICO-PREROUTING")
	out := []plan.Change{
		groupChange(public), ruleChange(public, "allow tcp 30011 from anywhere"), ruleChange(public, "allow tcp 31011 from anywhere"),
		attachChange("gw-1", public),
		groupChange(private), ruleChange(private, "allow tcp 22 from group "+public), ruleChange(private, "allow tcp 80 from group "+public),
	}
	for _, vm := range vms {
		out = append(out, attachChange(vm.Name, private))
	}
	restore := append(append([]string{"iptables-restore --noflush --counters -w 10 <<'RULES'", "*nat"}, rules...), "COMMIT", "RULES")
	return append(out,
		plan.Change{
			ID: "forwarding", Host: "gw-1", Target: "gw-1 sysctl", Title: "IP forwarding on, also after a reboot", Action: plan.Update,
			Before: []string{"net.ipv4.ip_forward = 0"}, After: []string{"net.ipv4.ip_forward = 1", "/etc/sysctl.d/60-portico.conf"},
			Shell: []string{"sysctl -w net.ipv4.ip_forward=1"},
		},
		plan.Change{
			ID: "rules-nat", Host: "gw-1", Target: "gw-1 iptables nat", Title: fmt.Sprintf("add %d rules", len(rules)), Action: plan.Create,
			After: rules, Shell: restore,
		},
		plan.Change{
			ID: "persist", Host: "gw-1", Target: "gw-1 files", Title: "keep the rules over a reboot", Action: plan.Create,
			After: []string{"/etc/portico/rules.v4", "portico.service enabled"},
			Shell: []string{"cat > /etc/portico/restore.sh <<'RULES'", "jump() {", "\tiptables -w 10 -t \"$1\" -C \"$2\"", "}", "RULES"},
		})
}

func groupChange(name string) plan.Change {
	description := "portico v1 gateway=" + Gateway.InstanceID
	return plan.Change{
		ID: "group-" + name, Target: "security group " + name, Title: "create the group", Action: plan.Create,
		After: []string{name + " (" + description + ")"},
		Shell: []string{fmt.Sprintf("openstack security group create --description %q %q", description, name)},
	}
}

func ruleChange(group, title string) plan.Change {
	return plan.Change{
		ID: "rule-" + title, Target: "security group " + group, Title: title, Action: plan.Create, After: []string{title},
		Shell: []string{"openstack security group rule create --ingress --ethertype IPv4 --protocol tcp --dst-port 30011:30011 --remote-ip 0.0.0.0/0 " + group},
	}
}

func attachChange(vm, group string) plan.Change {
	return plan.Change{
		ID: "attach-" + vm, Target: "port of " + vm, Title: "carry the group " + group, Action: plan.Update,
		After: []string{"+ " + group}, Shell: []string{"openstack port set --security-group " + group + " port-1"},
		Cleanup: []string{"openstack port unset --security-group " + group + " port-1"},
	}
}
