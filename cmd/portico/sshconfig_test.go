package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

func published(id, name string, port uint16) publish.InstanceRow {
	return publish.InstanceRow{
		Instance: cloud.Instance{ID: id, Name: name},
		Forwards: []gateway.Forward{{
			Instance: id, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22},
			Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), port),
		}},
	}
}

func TestSSHConfigBlock(t *testing.T) {
	rows := []publish.InstanceRow{
		published("id-1", "alpha", 30011),
		published("id-2", "twin", 30012), published("id-3", "twin", 30013),
		published("id-4", "evil\nHost *\n  ProxyCommand rm", 30014), published("id-5", "*", 30015),
		{Instance: cloud.Instance{ID: "id-6", Name: "private"}},
	}
	got := sshConfigBlock(sshHosts(rows, map[string]publish.Login{
		"id-1": {User: "debian", KeyFile: "~/.ssh/my key"}, "id-2": {User: "x\n  ProxyCommand rm", KeyFile: "a\"\n  ProxyCommand rm"},
	}, config{}))
	want := `Host alpha
    HostName 203.0.113.10
    Port 30011
    User debian
    IdentityFile "~/.ssh/my key"
    HostKeyAlias portico-id-1

`
	for _, alias := range []string{"id-2 30012", "id-3 30013", "id-4 30014", "id-5 30015"} {
		id, port, _ := strings.Cut(alias, " ")
		want += "Host " + id + "\n    HostName 203.0.113.10\n    Port " + port + "\n    HostKeyAlias portico-" + id + "\n\n"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The gateway is reached as the configuration says: host, port, user and key.
func TestSSHToTheGateway(t *testing.T) {
	row := publish.InstanceRow{Instance: cloud.Instance{ID: "id-1", Name: "gw-1"}, Gateway: true, Public: []netip.Addr{netip.MustParseAddr("203.0.113.10")}}
	login := publish.Login{User: "debian", KeyFile: "~/.ssh/mg"}
	tests := []struct {
		name    string
		config  gatewayConfig
		command string
		block   string
	}{
		{"nothing configured", gatewayConfig{Name: "other"}, "ssh -i ~/.ssh/mg debian@203.0.113.10",
			"Host gw-1\n    HostName 203.0.113.10\n    Port 22\n    User debian\n    IdentityFile \"~/.ssh/mg\"\n    HostKeyAlias portico-id-1\n\n"},
		{"port and user", gatewayConfig{Name: "gw-1", Port: 2222, User: "ops"}, "ssh -p 2222 -i ~/.ssh/mg ops@203.0.113.10",
			"Host gw-1\n    HostName 203.0.113.10\n    Port 2222\n    User ops\n    IdentityFile \"~/.ssh/mg\"\n    HostKeyAlias portico-id-1\n\n"},
		{"everything", gatewayConfig{Name: "gw-1", Host: "gw.example.org", Port: 2222, User: "ops", Identity: "~/.ssh/gw", KnownHosts: "/etc/known"},
			"ssh -p 2222 -i ~/.ssh/gw -o 'UserKnownHostsFile=/etc/known' ops@gw.example.org",
			"Host gw-1\n    HostName gw.example.org\n    Port 2222\n    User ops\n    IdentityFile \"~/.ssh/gw\"\n    UserKnownHostsFile \"/etc/known\"\n\n"},
		{"an alias", gatewayConfig{Name: "gw-1", Host: "bastion"}, "ssh bastion", "# gw-1: your own Host bastion leads there\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config{Gateways: []gatewayConfig{tt.config}}
			w, ok := cfg.way(row, login)
			if got := publish.CommandLine(w.words()); !ok || got != tt.command {
				t.Errorf("got %q, want %q", got, tt.command)
			}
			if diff := cmp.Diff(tt.block, sshConfigBlock(sshHosts([]publish.InstanceRow{row}, map[string]publish.Login{"id-1": login}, cfg))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGatewayShell(t *testing.T) {
	gw := gateway.Gateway{Name: "gw-1", FloatingIP: netip.MustParseAddr("203.0.113.10"), FixedIP: netip.MustParseAddr("192.168.0.4")}
	tests := []struct {
		name   string
		config gatewayConfig
		want   string
	}{
		{"nothing configured", gatewayConfig{}, "ssh 203.0.113.10"},
		{"configured", gatewayConfig{Name: "gw-1", Host: "bastion", Port: 2222, User: "ops"}, "ssh -p 2222 ops@bastion"},
		{"this machine", gatewayConfig{Name: "gw-1", Local: true}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := publish.CommandLine(config{Gateways: []gatewayConfig{tt.config}}.gatewayShell(gw)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWriteSSHConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	path := filepath.Join(home, ".ssh", "config")
	write := func(block string) string {
		t.Helper()
		if _, err := writeSSHConfig(block); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if got := write("Host a\n"); got != "# BEGIN portico\nHost a\nMatch all\n# END portico\n" {
		t.Errorf("a new file: %q", got)
	}
	own := "ServerAliveInterval 60\nHost mine\n    User me\n"
	if err := os.WriteFile(path, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	first := write("Host a\n")
	if !strings.HasSuffix(first, own) {
		t.Errorf("the user's own lines have changed: %q", first)
	}
	if second := write("Host b\n"); second != strings.Replace(first, "Host a", "Host b", 1) {
		t.Errorf("written again: %q", second)
	}
	if err := os.WriteFile(path, []byte("# BEGIN portico\nHost a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := writeSSHConfig("Host c\n"); err == nil {
		t.Error("a block without an end was overwritten")
	}
}
