//go:build lab

package main

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"portico/gateway/doctor"
)

// labImpossible is what the lab cannot make, and why.
const labImpossible = `not made here: a router without an external gateway (Neutron refuses to take it away while a floating IP needs it; switched off instead);
MTU, rp_filter and a full conntrack table (sysctls of namespaces that share one machine)`

func labCauses() []labCause {
	const plan, tell = doctor.FixPlan, doctor.FixSentence
	noForward := onGateway("iptables -P FORWARD DROP; iptables -D FORWARD -j PORTICO-FORWARD", "iptables -P FORWARD ACCEPT")
	return []labCause{
		{name: "gateway's group lacks the public port", inject: gatewayGroup, symptom: timesOut, hop: doctor.GatewayGroups, cause: doctor.GatewayGroup, fix: plan},
		{name: "VM's groups lack the service port", inject: vmGroup, symptom: timesOut, hop: doctor.VMGroups, cause: doctor.VMGroup, fix: plan},
		{name: "VM's groups have it from elsewhere only", inject: vmGroupElsewhere, symptom: timesOut, hop: doctor.VMGroups, cause: doctor.VMGroupElsewhere, fix: plan},
		{name: "ip_forward off", inject: onGateway("sysctl -qw net.ipv4.ip_forward=0", "true"), symptom: timesOut, hop: doctor.GatewayHost, cause: doctor.IPForward, fix: plan},
		{name: "our DNAT missing", inject: noDNAT, symptom: "refused", hop: doctor.GatewayHost, cause: doctor.NoDNAT, fix: plan},
		{name: "our SNAT missing", inject: onGateway("iptables -t nat -F PORTICO-POSTROUTING", "true"), symptom: timesOut, hop: doctor.GatewayHost, cause: doctor.NoSNAT, fix: plan},
		{name: "FORWARD policy DROP, our jump gone", inject: noForward, symptom: timesOut, hop: doctor.GatewayHost, cause: doctor.ForwardPolicy, fix: plan},
		{name: "host firewall on the gateway", inject: gatewayFirewall, symptom: timesOut, hop: doctor.GatewayHost, cause: doctor.HostFirewall, fix: tell},
		{name: "no SSH to the gateway, both groups closed", inject: blindGateway, symptom: timesOut, hop: doctor.GatewayGroups, cause: doctor.GatewayGroup, later: doctor.VMGroups, blind: doctor.GatewayHost, fix: tell},
		{name: "host firewall on the VM", inject: vmFirewall, symptom: timesOut, hop: doctor.VM, cause: doctor.VMFirewall, fix: tell},
		{name: "sshd stopped on the VM", inject: noSSHD, symptom: "refused", hop: doctor.VM, cause: doctor.NotListening, fix: tell},
		{name: "another service answers", inject: otherService, symptom: "no banner", hop: doctor.Service, cause: doctor.WrongService, fix: tell},
		{name: "VM has another key", inject: otherKey, hop: doctor.Service, cause: doctor.LoginKey, fix: tell},
		{name: "wrong user", inject: func(*labDoctor) func() { return func() {} }, ask: asCentOS, hop: doctor.Service, cause: doctor.LoginUser, fix: doctor.FixCommand, mended: commandLogsIn},
		{name: "forward to an address no VM has any more", inject: orphan, ask: orphanEnd, hop: doctor.VMGroups, cause: doctor.VMGone, fix: plan, mended: noOrphan},
		{name: "own network blocks high ports", inject: ownNetwork, symptom: timesOut, hop: doctor.You, cause: doctor.OwnNetwork, fix: tell},
		{name: "router switched off", inject: routerOff, symptom: timesOut, hop: doctor.Router, cause: doctor.RouterDown, fix: tell},
		{name: "floating IP not associated", inject: notAssociated, symptom: timesOut, hop: doctor.FloatingIP, cause: doctor.NotAssociated, fix: plan},
		{name: "VM shut off", inject: vmOff, symptom: timesOut, hop: doctor.VM, cause: doctor.VMOff, fix: plan},
		{name: "gateway shut off", inject: gatewayOff, symptom: timesOut, hop: doctor.GatewayHost, cause: doctor.GatewayOff, fix: plan},
		{name: "VM rebuilt: its host key changed", inject: rebuilt, hop: doctor.Service, cause: doctor.HostKeyChanged, fix: plan},
	}
}

// onGateway runs a script on the gateway. A repair undoes it, but for what restore does.
func onGateway(script, restore string) func(*labDoctor) func() {
	return func(d *labDoctor) func() {
		d.inside("gw", script)
		d.later(func() { d.inside("gw", restore) })
		return d.repair
	}
}

func (d *labDoctor) repair() { d.mustPortico("repair", "--yes") }

func gatewayGroup(d *labDoctor) func() {
	if d.api.removeRules("portico-gw") == 0 {
		d.t.Fatal("portico-gw had no rules")
	}
	return d.repair
}

func vmGroup(d *labDoctor) func() {
	port, groups := d.api.portGroups(d.vm)
	ours := d.api.group("portico-from-gw")
	d.api.setPortGroups(port, slices.DeleteFunc(groups, func(g string) bool { return g == ours }))
	return d.repair
}

func vmGroupElsewhere(d *labDoctor) func() {
	var made struct {
		Group struct{ ID string } `json:"security_group"`
	}
	d.api.must(http.MethodPost, labNeutron+"/security-groups", object{"security_group": object{"name": "elsewhere"}}, &made)
	d.api.must(http.MethodPost, labNeutron+"/security-group-rules", object{"security_group_rule": object{
		"security_group_id": made.Group.ID, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "192.0.2.0/24",
	}}, nil)
	vmGroup(d)
	port, groups := d.api.portGroups(d.vm)
	d.api.setPortGroups(port, append(groups, made.Group.ID))
	d.later(func() {
		port, groups := d.api.portGroups(d.vm)
		d.api.setPortGroups(port, slices.DeleteFunc(groups, func(g string) bool { return g == made.Group.ID }))
		d.api.must(http.MethodDelete, labNeutron+"/security-groups/"+made.Group.ID, nil, nil)
	})
	return d.repair
}

// noDNAT deletes the one rule of target's ssh, as somebody would by hand.
func noDNAT(d *labDoctor) func() {
	d.inside("gw", fmt.Sprintf(`iptables -t nat -S | grep -- '--dport %d ' | sed 's/^-A/-D/' | sed 's/^/-t nat /' | xargs -L1 iptables`, d.port))
	return d.repair
}

func gatewayFirewall(d *labDoctor) func() {
	rule := fmt.Sprintf("PREROUTING -p tcp -m tcp --dport %d -m comment --comment hardening -j DROP", d.port)
	d.inside("gw", "iptables -t raw -I "+rule)
	return func() { d.inside("gw", "iptables -t raw -D "+rule) }
}

// blindGateway lets nobody look at the gateway itself; what the cloud says is still to be judged.
func blindGateway(d *labDoctor) func() {
	d.inside("gw", "systemctl stop ssh.socket ssh.service")
	d.api.removeRules("portico-gw")
	vmGroup(d)
	return func() {
		d.inside("gw", "systemctl start ssh")
		d.repair()
	}
}

func vmFirewall(d *labDoctor) func() {
	d.inside("target", "iptables -I INPUT -p tcp --dport 22 -j DROP")
	return func() { d.inside("target", "iptables -D INPUT -p tcp --dport 22 -j DROP") }
}

func noSSHD(d *labDoctor) func() {
	d.inside("target", "systemctl stop ssh.socket ssh.service")
	return func() { d.inside("target", "systemctl start ssh") }
}

// otherService is a mail server, which speaks first as sshd does.
func otherService(d *labDoctor) func() {
	const smtp = `import socketserver
class H(socketserver.BaseRequestHandler):
    def handle(self): self.request.sendall(b"220 target ESMTP\\r\\n"); self.request.recv(100)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 22), H).serve_forever()`
	d.inside("target", "systemctl stop ssh.socket ssh.service; setsid python3 -c '"+smtp+"' >/dev/null 2>&1 & echo $! >/run/other.pid")
	return func() { d.inside("target", "kill $(cat /run/other.pid); systemctl start ssh") }
}

func otherKey(d *labDoctor) func() {
	home := "/home/" + os.Getenv("OSLAB_VM_USER") + "/.ssh"
	d.inside("target", "cd "+home+" && mv authorized_keys kept && ssh-keygen -q -t ed25519 -N '' -f other && mv other.pub authorized_keys && chmod 644 authorized_keys")
	return func() { d.inside("target", "cd "+home+" && mv kept authorized_keys && rm other") }
}

// ownNetwork is a firewall on the operator's own way out.
func ownNetwork(d *labDoctor) func() {
	rule := "OUTPUT -p tcp -d " + d.gw.Floating[0] + " --dport 1024:65535 --syn -j DROP"
	d.must("iptables", strings.Fields("-t mangle -I "+rule)...)
	return func() { d.must("iptables", strings.Fields("-t mangle -D "+rule)...) }
}

func routerOff(d *labDoctor) func() {
	var out struct{ Routers []struct{ ID string } }
	d.api.must(http.MethodGet, labNeutron+"/routers?name=router", nil, &out)
	up := func(up bool) {
		d.api.must(http.MethodPut, labNeutron+"/routers/"+out.Routers[0].ID, object{"router": object{"admin_state_up": up}}, nil)
	}
	up(false)
	return func() { up(true) }
}

func notAssociated(d *labDoctor) func() {
	id, port := d.api.floatingIP(d.gw.Floating[0])
	associate := func(port any) {
		d.api.must(http.MethodPut, labNeutron+"/floatingips/"+id, object{"floatingip": object{"port_id": port}}, nil)
	}
	associate(nil)
	return func() { associate(port) }
}

func vmOff(d *labDoctor) func() {
	d.api.power(d.vm, "os-stop", "SHUTOFF")
	return func() { d.api.power(d.vm, "os-start", "ACTIVE") }
}

func gatewayOff(d *labDoctor) func() {
	d.api.power(d.gw, "os-stop", "SHUTOFF")
	return func() { d.api.power(d.gw, "os-start", "ACTIVE") }
}

// rebuilt has Nova make target's disk anew. The user logged in before.
func rebuilt(d *labDoctor) func() {
	old := strings.Fields(d.inside("target", "cat /etc/ssh/ssh_host_ed25519_key.pub"))
	line := fmt.Sprintf("[%s]:%d %s %s\n", d.gw.Floating[0], d.port, old[0], old[1])
	text, err := os.ReadFile(d.sshDir("known_hosts"))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.sshDir("known_hosts"), append(text, line...), 0o600); err != nil {
		d.t.Fatal(err)
	}
	var server struct {
		Server struct{ Image struct{ ID string } }
	}
	d.api.must(http.MethodGet, labNova+"/servers/"+d.vm.ID, nil, &server)
	d.api.must(http.MethodPost, labNova+"/servers/"+d.vm.ID+"/action", object{"rebuild": object{"imageRef": server.Server.Image.ID}}, nil)
	eventually(d.t, func() bool { // it is ACTIVE before and after
		now := d.run(nil, d.oslab, "in", "target", "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
		return now.code == 0 && !strings.Contains(now.out, old[1])
	})
	d.api.waitStatus(d.vm, "ACTIVE")
	return func() {
		d.must("ssh-keygen", "-q", "-R", fmt.Sprintf("[%s]:%d", d.gw.Floating[0], d.port), "-f", d.sshDir("known_hosts"))
	}
}

// asCentOS is what a user pastes who logs in as on another distribution.
func asCentOS(d *labDoctor) []string {
	return []string{fmt.Sprintf("ssh -p %d centos@%s: Permission denied (publickey)", d.port, d.gw.Floating[0])}
}

// commandLogsIn runs the command that the doctor gives.
func commandLogsIn(d *labDoctor, fix *doctor.Fix) string {
	const quiet = "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
	if out := d.must("sh", "-c", strings.Replace(fix.Command, "ssh ", quiet, 1)+" hostname"); out != "target\n" {
		d.t.Errorf("%s: %s", fix.Command, out)
	}
	return "logs in"
}

// orphan publishes a server that is deleted then.
func orphan(d *labDoctor) func() {
	d.must(d.oslab, "fill", "1", "lan")
	var made struct{ Servers []struct{ ID string } }
	d.api.must(http.MethodGet, labNova+"/servers?name=fill", nil, &made)
	d.mustPortico("publish", "fill", "--service", "ssh", "--port", "20100", "--yes")
	d.must(d.oslab, "fill", "0")
	return func() { d.mustPortico("withdraw", made.Servers[0].ID, "--yes") }
}

func orphanEnd(d *labDoctor) []string { return []string{d.gw.Floating[0] + ":20100"} }

func noOrphan(d *labDoctor, _ *doctor.Fix) string {
	if rules := d.inside("gw", "iptables-save"); strings.Contains(rules, "20100") {
		d.t.Errorf("the forward stands:\n%s", rules)
	}
	return "withdrawn"
}
