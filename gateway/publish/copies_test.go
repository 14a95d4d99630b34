package publish

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"portico/cloud"
	"portico/gateway"
)

var (
	sshService = gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}
	keyLines   = HostKeyLines{Lines: []string{"ssh-ed25519 AAAAC3Nz", "ssh-rsa AAAAB3Nz"}}
)

// shop is a project with a gateway, a VM whose ssh and web page are published, one of which nothing
// is, and one with a floating IP of its own.
func shop(name string) (Snapshot, map[string]Login) {
	addr := netip.MustParseAddr
	s := Snapshot{
		Gateway: gateway.Gateway{Name: "gw-1", InstanceID: "id-gw", PortID: "port-gw", FloatingIP: addr("203.0.113.10"), FixedIP: addr("192.168.0.4")},
		State:   &gateway.State{},
		Inventory: cloud.Inventory{
			Subnets:     []cloud.Subnet{{ID: "sub", CIDR: netip.MustParsePrefix("192.168.0.0/24")}},
			FloatingIPs: []cloud.FloatingIP{{Address: addr("203.0.113.10"), PortID: "port-gw", FixedIP: addr("192.168.0.4")}, {Address: addr("203.0.113.12"), PortID: "port-web", FixedIP: addr("192.168.0.40")}},
		},
	}
	for _, v := range []struct{ id, name, addr string }{{"gw", "gw-1", "192.168.0.4"}, {"vm", name, "192.168.0.11"}, {"quiet", "quiet", "192.168.0.12"}, {"web", "web", "192.168.0.40"}} {
		s.Inventory.Instances = append(s.Inventory.Instances, cloud.Instance{ID: "id-" + v.id, Name: v.name, Status: "ACTIVE"})
		s.Inventory.Ports = append(s.Inventory.Ports, cloud.Port{ID: "port-" + v.id, DeviceID: "id-" + v.id, DeviceOwner: "compute:nova", FixedIPs: []cloud.FixedIP{{Addr: addr(v.addr), SubnetID: "sub"}}})
	}
	forward := func(service gateway.Service, public string) gateway.Forward {
		return gateway.Forward{Instance: "id-vm", Service: service, Public: netip.MustParseAddrPort(public), Private: netip.AddrPortFrom(addr("192.168.0.11"), service.Port)}
	}
	s.State.Forwards = []gateway.Forward{
		forward(sshService, "203.0.113.10:30011"), forward(gateway.Service{Name: "http", Protocol: gateway.TCP, Port: 80}, "203.0.113.10:31011"),
		forward(gateway.Service{Name: "db", Protocol: gateway.TCP, Port: 5432}, "203.0.113.10:33011"),
	}
	logins := map[string]Login{}
	for _, i := range s.Inventory.Instances {
		logins[i.ID] = Login{User: "debian", KeyFile: "~/.ssh/mg"}
	}
	return s, logins
}

// texts are the copies by kind; what makes no sense is its reason in brackets.
func texts(copies []Copy) map[string]string {
	out := map[string]string{}
	for _, c := range copies {
		out[c.As] = c.Text
		if c.Why != "" {
			out[c.As] = "(" + c.Why + ")" + c.Text
		}
	}
	return out
}

func compare(t *testing.T, got []Copy, want map[string]string) {
	t.Helper()
	var kinds []string
	for _, c := range got {
		kinds = append(kinds, c.As)
		if c.Title == "" || (c.Text == "") == (c.Why == "") {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(kinds, CopyKinds()) {
		t.Errorf("kinds %v", kinds)
	}
	all := texts(got)
	for k, text := range want {
		if diff := cmp.Diff(text, all[k]); diff != "" {
			t.Errorf("%s: %s", k, diff)
		}
	}
}

func TestCopies(t *testing.T) {
	s, logins := shop("assembly-02")
	p := New(nil, nil, nil, nil, Options{})
	compare(t, p.Copies(s, "id-vm", gateway.Forward{}, logins, keyLines), map[string]string{
		AsSSH:        "ssh -p 30011 -i ~/.ssh/mg debian@203.0.113.10",
		AsConfig:     "Host assembly-02\n    HostName 203.0.113.10\n    Port 30011\n    User debian\n    IdentityFile \"~/.ssh/mg\"\n    HostKeyAlias portico-id-vm\n",
		AsSCP:        "scp -r -P 30011 -i ~/.ssh/mg FILE debian@203.0.113.10:",
		AsRsync:      "rsync -av -e 'ssh -p 30011 -i ~/.ssh/mg' FOLDER/ debian@203.0.113.10:FOLDER/",
		AsJump:       "ssh -o 'ProxyCommand=ssh -i ~/.ssh/mg -W %h:%p debian@203.0.113.10' -i ~/.ssh/mg debian@192.168.0.11",
		AsShuttle:    "sshuttle -r debian@203.0.113.10:30011 --ssh-cmd 'ssh -i ~/.ssh/mg' 192.168.0.0/24",
		AsTunnel:     "ssh -N -L 8080:localhost:80 -p 30011 -i ~/.ssh/mg debian@203.0.113.10",
		AsURL:        "http://203.0.113.10:31011/",
		AsKnownHosts: "[203.0.113.10]:30011 ssh-ed25519 AAAAC3Nz\n[203.0.113.10]:30011 ssh-rsa AAAAB3Nz",
	})
	db := s.State.Forwards[2]
	compare(t, p.Copies(s, "id-vm", db, logins, HostKeyLines{Why: "asking the cloud"}), map[string]string{
		AsTunnel: "ssh -N -L 5432:localhost:5432 -p 30011 -i ~/.ssh/mg debian@203.0.113.10", AsKnownHosts: "(asking the cloud)",
	})
	compare(t, p.Copies(s, "id-quiet", gateway.Forward{}, logins, keyLines), map[string]string{
		AsSSH: "(its ssh is not published)", AsConfig: "(its ssh is not published)", AsURL: "(no web service of it is published)", AsKnownHosts: "(its ssh is not published)",
		AsJump: "ssh -o 'ProxyCommand=ssh -i ~/.ssh/mg -W %h:%p debian@203.0.113.10' -i ~/.ssh/mg debian@192.168.0.12",
	})
	compare(t, p.Copies(s, "id-web", gateway.Forward{}, logins, keyLines), map[string]string{
		AsSSH: "ssh -i ~/.ssh/mg debian@203.0.113.12", AsKnownHosts: "203.0.113.12 ssh-ed25519 AAAAC3Nz\n203.0.113.12 ssh-rsa AAAAB3Nz",
		AsRsync: "rsync -av -e 'ssh -i ~/.ssh/mg' FOLDER/ debian@203.0.113.12:FOLDER/",
	})
	compare(t, p.Copies(s, "id-gw", gateway.Forward{}, logins, keyLines), map[string]string{AsSSH: "ssh -i ~/.ssh/mg debian@203.0.113.10", AsJump: "(it is the gateway itself)"})
	compare(t, p.Copies(s, "id-nosuch", gateway.Forward{}, logins, keyLines), map[string]string{AsSSH: "(the instance is gone)"})
	s.State = nil
	compare(t, p.Copies(s, "id-vm", gateway.Forward{}, logins, keyLines), map[string]string{AsSSH: "(whether its ssh is published is not known)"})
}

// The way through the gateway is as short as it can be: a key that ssh tries anyway, or the
// configuration knows, is not named.
func TestCopyThroughTheGateway(t *testing.T) {
	s, logins := shop("assembly-02")
	login := Login{User: "debian", KeyFile: "~/.ssh/id_ed25519"}
	logins["id-gw"], logins["id-vm"] = login, Login{}
	for _, c := range []struct {
		name string
		way  func(gateway.Gateway, Login) (Way, bool)
		want string
	}{
		{"at its address", nil, "ssh -J debian@203.0.113.10 192.168.0.11"},
		{"another port", func(gw gateway.Gateway, l Login) (Way, bool) { w := AddressWay(gw, l); w.Port = 2222; return w, true }, "ssh -J debian@203.0.113.10:2222 192.168.0.11"},
		{"an alias", func(gateway.Gateway, Login) (Way, bool) { return Way{Host: "bastion", Alias: true}, true }, "ssh -J bastion 192.168.0.11"},
		{"a file of known hosts", func(gateway.Gateway, Login) (Way, bool) {
			return Way{Host: "gw.example.org", Port: 2222, User: "ops", Identity: "~/my keys/100%", KnownHosts: "/etc/known"}, true
		}, `ssh -o 'ProxyCommand=ssh -p 2222 -i ~/'\''my keys/100%%'\'' -o '\''UserKnownHostsFile=/etc/known'\'' -W %h:%p ops@gw.example.org' 192.168.0.11`},
		{"this machine", func(gateway.Gateway, Login) (Way, bool) { return Way{}, false }, "ssh 192.168.0.11"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := New(nil, nil, nil, nil, Options{GatewayWay: c.way})
			compare(t, p.Copies(s, "id-vm", gateway.Forward{}, logins, keyLines), map[string]string{AsJump: c.want})
		})
	}
}

// A name that somebody else has chosen is no part of a command, and of a configuration only where it
// is harmless.
func TestCopiesOfHostileNames(t *testing.T) {
	for _, name := range []string{"$(reboot)", "`reboot`; reboot", "-oProxyCommand=reboot", "x\nHost *", "*", "localhost", "a b", "日本語", "gw.example.org", "'", `"`} {
		s, logins := shop(cloud.Clean(name))
		logins["id-vm"] = Login{User: "debian", KeyFile: "~/.ssh/a b'c"}
		p := New(nil, nil, nil, nil, Options{OwnHosts: func() map[string]bool { return map[string]bool{"localhost": true} }})
		for _, c := range p.Copies(s, "id-vm", gateway.Forward{}, logins, keyLines) {
			switch c.As {
			case AsConfig:
				if !strings.HasPrefix(c.Text, "Host id-vm\n") || strings.Count(c.Text, "Host ") != 1 {
					t.Errorf("%q: %q", name, c.Text)
				}
			case AsURL, AsKnownHosts:
			default:
				words := split(t, c.Text)
				if slices.Contains(words, "reboot") || !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, "/.ssh/a b'") }) && c.As == AsSSH {
					t.Errorf("%q: %s becomes %q", name, c.Text, words)
				}
			}
		}
	}
}

// split is the words that a shell makes of one command.
func split(t *testing.T, line string) []string {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	if err != nil || len(file.Stmts) != 1 {
		t.Fatalf("%s: %v", line, err)
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(file.Stmts[0].Redirs) > 0 {
		t.Fatalf("%s is more than a command", line)
	}
	words, err := expand.Fields(&expand.Config{Env: expand.ListEnviron("HOME=/home/me")}, call.Args...)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func TestRsyncWords(t *testing.T) {
	if got, want := rsyncWords([]string{"ssh", "-i", "a b'c", "-p", "1"}), "ssh -i 'a b''c' -p 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestKnownHostKeys(t *testing.T) {
	const keys = "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl root@vm\n-----END SSH HOST KEY KEYS-----\n"
	const prints = "-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA root@vm (ED25519)\n-----END SSH HOST KEY FINGERPRINTS-----\n"
	s := &shelf{consoles: map[string]string{"vm": keys, "prints": prints, "both": prints + keys}}
	p := New(s, nil, nil, nil, Options{})
	for id, want := range map[string]HostKeyLines{
		"vm":     {Lines: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"}},
		"silent": {Why: "its console log names no host key"}, "prints": {Why: "its console log has the fingerprints alone, not the keys"}, "both": {Why: "its console log contradicts itself"},
	} {
		if diff := cmp.Diff(want, p.KnownHostKeys(t.Context(), id)); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	s.err = &cloud.Error{Op: "read the console log", Kind: cloud.Permission}
	if got := p.KnownHostKeys(t.Context(), "vm"); len(got.Lines) > 0 || !strings.Contains(got.Why, "can't be read") {
		t.Errorf("not allowed: %+v", got)
	}
}
