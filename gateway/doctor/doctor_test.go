package doctor_test

import (
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"portico/cloud/emulator"
	"portico/gateway/doctor"
)

func writePEM(file string, b *pem.Block) error {
	return os.WriteFile(file, pem.EncodeToMemory(b), 0o600)
}

// fault is one thing that breaks alpha's ssh, and what the doctor must say of it.
type fault struct {
	name   string
	inject func(w *world)
	hop    doctor.HopID
	cause  doctor.Cause
	says   string
	fix    doctor.FixKind // of the broken hop; "" if none is offered
	heals  bool           // applying the fix makes it connect
}

var faults = []fault{
	{
		name: "the gateway's groups lack the public port", hop: doctor.GatewayGroups, cause: doctor.GatewayGroup, says: "no rule lets tcp/30011 in", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.regroup(gwName, false) },
	},
	{
		name: "the VM's groups lack the service", hop: doctor.VMGroups, cause: doctor.VMGroup, says: "no rule lets tcp/22 in from gw-1", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.regroup(vmName, false) },
	},
	{
		name: "the VM's groups let it in from elsewhere only", hop: doctor.VMGroups, cause: doctor.VMGroupElsewhere, says: "from 10.9.9.0/24 only, not from gw-1", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.regroup(vmName, false, "elsewhere") },
	},
	{
		name: "ip_forward is off", hop: doctor.GatewayHost, cause: doctor.IPForward, says: "forwarding is off", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.gateway.SetSysctl("net.ipv4.ip_forward", "0") },
	},
	{
		name: "the DNAT rule is missing", hop: doctor.GatewayHost, cause: doctor.NoDNAT, says: "does not stand", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.rules("*nat\n-D PREROUTING -j PORTICO-PREROUTING\nCOMMIT\n") },
	},
	{
		name: "the SNAT rule is missing", hop: doctor.GatewayHost, cause: doctor.NoSNAT, says: "the answer takes another way", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.rules("*nat\n-D POSTROUTING -j PORTICO-POSTROUTING\nCOMMIT\n") },
	},
	{
		name: "FORWARD drops, and our rule is gone", hop: doctor.GatewayHost, cause: doctor.ForwardPolicy, says: "the policy of filter FORWARD is DROP", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.rules("*filter\n:FORWARD DROP [0:0]\n-D FORWARD -j PORTICO-FORWARD\nCOMMIT\n") },
	},
	{
		name: "a rule before ours drops in FORWARD", hop: doctor.GatewayHost, cause: doctor.ForwardPolicy, says: "made by hand in filter FORWARD drops it", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.rules("*filter\n-I FORWARD 1 -p tcp -j DROP\nCOMMIT\n") },
	},
	{
		name: "the VM is shut off", hop: doctor.VM, cause: doctor.VMOff, says: "it is shut off", fix: doctor.FixPlan, heals: true,
		inject: func(w *world) { w.change(func(m *emulator.Model) { m.SetStatus(id(vmName), "SHUTOFF") }) },
	},
	{
		name: "the gateway is shut off", hop: doctor.GatewayHost, cause: doctor.GatewayOff, says: "it is shut off", fix: doctor.FixPlan,
		inject: func(w *world) {
			w.blind.Store(true)
			w.change(func(m *emulator.Model) { m.SetStatus(id(gwName), "SHUTOFF") })
		},
	},
	{
		name: "the VM's sshd is stopped", hop: doctor.VM, cause: doctor.NotListening, says: "refuses tcp/22", fix: doctor.FixSentence,
		inject: func(w *world) { w.vms[id(vmName)].Handle(22, nil); w.gateway.Refresh() },
	},
	{
		name: "the router has no external gateway", hop: doctor.Router, cause: doctor.NoExternalGateway, says: "has no external gateway", fix: doctor.FixSentence,
		inject: func(w *world) {
			w.blind.Store(true)
			w.change(func(m *emulator.Model) { m.SetRouter(w.router, true, "") })
		},
	},
	{
		name: "the router is switched off", hop: doctor.Router, cause: doctor.RouterDown, says: "admin state down", fix: doctor.FixSentence,
		inject: func(w *world) {
			w.blind.Store(true)
			w.change(func(m *emulator.Model) { m.SetRouter(w.router, false, "x") })
		},
	},
	{
		name: "the VM's own firewall drops", hop: doctor.VM, cause: doctor.VMFirewall, says: "although the cloud lets the packet in", fix: doctor.FixSentence,
		inject: func(w *world) { w.vms[id(vmName)].Filter(22, true); w.gateway.Refresh() },
	},
	{
		name: "the gateway's firewall drops before translation", hop: doctor.GatewayHost, cause: doctor.HostFirewall, says: "mangle PREROUTING drops it", fix: doctor.FixSentence,
		inject: func(w *world) { w.rules("*mangle\n-A PREROUTING -p tcp -m tcp --dport 30011 -j DROP\nCOMMIT\n") },
	},
	{
		name: "another rule takes the port first", hop: doctor.GatewayHost, cause: doctor.Shadowed, says: "sends tcp/30011 to 192.168.0.99:22", fix: doctor.FixSentence,
		inject: func(w *world) {
			w.rules("*nat\n-I PREROUTING 1 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.99:22\nCOMMIT\n")
		},
	},
	{
		name: "the key is not the VM's", hop: doctor.Service, cause: doctor.LoginKey, says: "publickey", fix: doctor.FixSentence,
		inject: func(w *world) { w.vms[id(vmName)].Admit("debian", signer(w).PublicKey()) },
	},
	{
		name: "the VM has another user", hop: doctor.Service, cause: doctor.LoginUser, says: "lets ubuntu in, not debian", fix: doctor.FixCommand,
		inject: func(w *world) { w.vms[id(vmName)].Admit("ubuntu", w.key.PublicKey()) },
	},
	{
		name: "the host key has changed, and the console log vouches for it", hop: doctor.Service, cause: doctor.HostKeyChanged, says: "the console log vouches", fix: doctor.FixPlan,
		inject: func(w *world) {
			w.knows(signer(w).PublicKey())
			key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(w.vms[id(vmName)].HostKey())))
			w.console = func(string) string {
				return "-----BEGIN SSH HOST KEY KEYS-----\n" + key + " root@alpha\n-----END SSH HOST KEY KEYS-----\n"
			}
		},
	},
	{
		name: "the host key has changed, and nobody vouches for it", hop: doctor.Service, cause: doctor.HostKeyUnverified, says: "nobody vouches", fix: doctor.FixSentence,
		inject: func(w *world) { w.knows(signer(w).PublicKey()) },
	},
	{
		name: "another service answers", hop: doctor.Service, cause: doctor.WrongService, says: "it is not ssh", fix: doctor.FixSentence,
		inject: func(w *world) {
			w.vms[id(vmName)].Handle(22, func(c net.Conn) { _, _ = c.Write([]byte("220 alpha ESMTP Postfix\r\n")); _, _ = io.Copy(io.Discard, c) })
		},
	},
	{
		name: "HTTP answers where ssh should", hop: doctor.Service, cause: doctor.WrongService, says: "it is not ssh", fix: doctor.FixSentence,
		inject: func(w *world) { vm := w.vms[id(vmName)]; vm.Handle(22, vm.HTTP) },
	},
	{
		name: "the service hangs", hop: doctor.Service, cause: doctor.Silent, says: "nothing answered", fix: doctor.FixSentence,
		inject: func(w *world) { w.vms[id(vmName)].Handle(22, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }) },
	},
	{
		name: "the VM is gone", hop: doctor.VMGroups, cause: doctor.VMGone, says: "no VM has 192.168.0.11 any more", fix: doctor.FixPlan,
		inject: func(w *world) { w.change(func(m *emulator.Model) { m.DeleteServer(id(vmName)) }) },
	},
	{
		name: "the network here lets high ports not out", hop: doctor.You, cause: doctor.OwnNetwork, says: "to port 30011 out", fix: doctor.FixSentence,
		inject: func(w *world) { w.mute[30011], w.mute[30012] = true, true },
	},
	{
		name: "the connection table is full", hop: doctor.GatewayHost, cause: doctor.ConntrackFull, says: "is full", fix: doctor.FixSentence,
		inject: func(w *world) { w.gateway.SetSysctl("net.netfilter.nf_conntrack_count", "65536"); w.mute[30011] = true },
	},
}

func signer(w *world) ssh.Signer {
	w.t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	w.must(err)
	s, err := ssh.NewSignerFromSigner(private)
	w.must(err)
	return s
}

// knows puts a key of alpha's into the operator's known_hosts.
func (w *world) knows(key ssh.PublicKey) {
	w.t.Helper()
	line := knownhosts.Line([]string{knownhosts.Normalize(netip.AddrPortFrom(w.public, 30011).String())}, key)
	w.must(os.WriteFile(w.known, []byte(line+"\n"), 0o600))
}

// Every cause, injected into a cloud and a gateway that run, is named at its hop; what is offered as a
// plan makes it connect.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.inject(w)
			d := w.diagnose(doctor.Target{Public: netip.AddrPortFrom(w.public, 30011)})
			expect(t, d, f)
			if !f.heals || t.Failed() {
				return
			}
			w.apply(*d.Fix().Request)
			again := w.diagnose(doctor.Target{Instance: vmName})
			if again.Verdict != doctor.OK {
				t.Errorf("after its fix: %s\n%s", again.Summary, doctor.Report(again))
			}
		})
	}
}

// fixKind is how the broken hop's fix is carried out, and that it can be.
func fixKind(t *testing.T, d doctor.Diagnosis) doctor.FixKind {
	t.Helper()
	fix := d.Fix()
	if fix == nil {
		return ""
	}
	can := map[doctor.FixKind]bool{doctor.FixSentence: fix.To != "" && fix.Sentence != "", doctor.FixPlan: fix.Request != nil, doctor.FixCommand: fix.Command != ""}
	if !can[fix.Kind] || fix.Title == "" {
		t.Errorf("a fix that cannot be carried out: %+v", fix)
	}
	return fix.Kind
}

func expect(t *testing.T, d doctor.Diagnosis, f fault) {
	t.Helper()
	if d.Verdict != doctor.Blocked || d.Broken < 0 {
		t.Fatalf("verdict %q, broken %d: %s\n%s", d.Verdict, d.Broken, d.Summary, doctor.Report(d))
	}
	h := d.Hops[d.Broken]
	if h.ID != f.hop || h.Findings[0].Cause != f.cause || !strings.Contains(h.Text, f.says) {
		t.Errorf("hop %q, cause %q, %q; want %q, %q, %q\n%s", h.ID, h.Findings[0].Cause, h.Text, f.hop, f.cause, f.says, doctor.Report(d))
	}
	kind := fixKind(t, d)
	if kind != f.fix {
		t.Errorf("fix %q, want %q\n%s", kind, f.fix, doctor.Report(d))
	}
	if !strings.Contains(d.Summary, fmt.Sprintf("hop %d of %d", h.N, len(d.Hops))) {
		t.Errorf("the summary does not name the hop: %s", d.Summary)
	}
}

// What is well is well, however it is named, and a VM that nobody published is not broken.
func TestHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []doctor.Target{
		{Instance: vmName}, {Instance: "beta", Service: "ssh"}, {Public: netip.AddrPortFrom(w.public, 30012)}, {Gateway: gwName}, {Text: gwName}, {Text: vmName},
		{Text: "ssh: connect to host " + w.public.String() + " port 30011: Connection timed out"},
	} {
		if d := w.diagnose(target); d.Verdict != doctor.OK || d.Broken >= 0 || len(d.Notes) > 0 {
			t.Errorf("%+v: %s\n%s", target, d.Summary, doctor.Report(d))
		}
	}
	all, err := w.doctor().All(t.Context(), nil)
	if err != nil || len(all) != 2 || all[0].Verdict != doctor.OK || all[1].Verdict != doctor.OK {
		t.Errorf("all: %v %+v", err, all)
	}
}
