package main

import (
	"fmt"
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
	got := publish.SSHConfig(publish.SSHHosts(rows, map[string]publish.Login{
		"id-1": {User: "debian", KeyFile: "~/.ssh/my key"}, "id-2": {User: "x\n  ProxyCommand rm", KeyFile: "a\"\n  ProxyCommand rm"},
	}, config{}.way, nil))
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

// A name is left to whom it belongs: another instance's ID, a Host of the user's own, this machine.
func TestSSHConfigTakesNoName(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	own := "Host=Bastion *.example.org\n  User me\n" + beginMark + "\nHost ours\n" + endMark + "\nhost \"mine\" yours\n"
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".ssh", "config"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := []publish.InstanceRow{
		published("id-1", "id-2", 30011), published("id-2", "evil name", 30012), published("id-3", "bastion", 30013), published("id-4", "mine", 30014),
		published("id-5", "localhost", 30015), published("id-6", "ours", 30016), published("id 7\nHost *", "seven", 30017), published("id-8", "yours", 30018),
	}
	var got []string
	for _, h := range publish.SSHHosts(rows, nil, config{}.way, ownHosts()) {
		got = append(got, fmt.Sprintf("%s %d", h.Host, h.Port))
	}
	if diff := cmp.Diff([]string{"id-1 30011", "id-2 30012", "id-3 30013", "id-4 30014", "id-5 30015", "ours 30016", "id-8 30018"}, got); diff != "" {
		t.Error(diff)
	}
}

// What ssh would replace or unquote is not written, or written so that it stays.
func TestSSHConfigWords(t *testing.T) {
	for file, want := range map[string]string{
		"~/.ssh/100%h": `"~/.ssh/100%%h"`, "~/.ssh/a b": `"~/.ssh/a b"`, `~/.ssh/a"b`: "", `~/.ssh/a\`: "", "~/.ssh/${HOME}": "", "~/.ssh/a\u202eb": "", "~/.ssh/a\rb": "",
	} {
		got := publish.SSHConfig(publish.SSHHosts([]publish.InstanceRow{published("id-1", "a", 30011)}, map[string]publish.Login{"id-1": {KeyFile: file}}, config{}.way, nil))
		if want != "" {
			want = "    IdentityFile " + want + "\n"
		}
		if want := "Host a\n    HostName 203.0.113.10\n    Port 30011\n" + want + "    HostKeyAlias portico-id-1\n\n"; got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
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
			if got := publish.CommandLine(w.Words()); !ok || got != tt.command {
				t.Errorf("got %q, want %q", got, tt.command)
			}
			if diff := cmp.Diff(tt.block, publish.SSHConfig(publish.SSHHosts([]publish.InstanceRow{row}, map[string]publish.Login{"id-1": login}, cfg.way, nil))); diff != "" {
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
			got := ""
			if way, remote := (config{Gateways: []gatewayConfig{tt.config}}).gatewayWay(gw, publish.Login{}); remote {
				got = publish.CommandLine(way.Words())
			}
			if got != tt.want {
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
