package host

import (
	"net"
	"strings"
	"testing"

	"github.com/kevinburke/ssh_config"

	"portico/cloud"
	"portico/gateway"
)

// FuzzSSHConfig: whatever stands in a user's ssh_config, reading it ends with a route of a few
// hops that each have an address and a port, or with one clean line that says what is wrong.
func FuzzSSHConfig(f *testing.F) {
	for _, text := range []string{
		"Host gw\n  HostName 203.0.113.10\n  Port 2222\n  User debian\n  IdentityFile ~/.ssh/%h-%r\n  ProxyJump a@b:22,c\n",
		"Match host gw,*.example\n  ProxyJump gw\nMatch all\n  UserKnownHostsFile /dev/null ~/x\n",
		"Match exec \"rm -rf /\"\nUser x\nHost *\nHostName %%%h\n", "Host=\"gw\"\nProxyCommand nc %h %p\n",
		"Host gw\nPort 99999\n", "Host gw\nPort -1\n", "Host !gw *\nIdentityAgent ${NOPE}\nHashKnownHosts yes\nConnectTimeout 3\n", "Host gw\nProxyJump [2001:db8::1]:x\n",
		"\x00", "Host \xff\r\n\tPort\t=\t1\r\n", "Match\n", "Host\n", "Host gw\nHostName \x1b[31m\n", "Host gw\nProxyJump ssh://u@h:1/\n",
	} {
		f.Add(text, "gw")
	}
	f.Fuzz(func(t *testing.T, text, alias string) {
		if strings.Contains(strings.ToLower(text), "include") || alias == "" {
			t.Skip("it would read other files")
		}
		c, err := ssh_config.DecodeBytes([]byte(plainMatches(text)))
		if err != nil {
			return // readSSHConfig cleans what the parser says
		}
		checkRoute(t, c, alias)
	})
}

func checkRoute(t *testing.T, c *ssh_config.Config, alias string) {
	t.Helper()
	hops, err := (&sshConfig{files: []*ssh_config.Config{c}}).resolve(Config{Host: alias, NoAgent: true}, 0)
	if err != nil {
		if text := err.Error(); cloud.KindOf(err) != gateway.Invalid || cloud.Explain(err).Why == "" || strings.Contains(cloud.Explain(err).What, "\n") {
			t.Fatalf("error %q of kind %v", text, cloud.KindOf(err))
		}
		return
	}
	if len(hops) == 0 || len(hops) > maxHops || hops[len(hops)-1].alias != alias {
		t.Fatalf("%d hops to %q", len(hops), alias)
	}
	for _, h := range hops {
		if _, port, err := net.SplitHostPort(h.addr()); err != nil || port == "" || h.host == "" || h.user == "" || h.timeout <= 0 {
			t.Fatalf("hop %+v: %v", h, err)
		}
	}
}
