package emulator

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const cli = "/usr/bin/openstack"

// openstackCLI runs the real openstack command with an environment and decodes its JSON.
func openstackCLI(t *testing.T, env []string, v any, args ...string) {
	t.Helper()
	openstackRun(t, env, append(args, "-f", "json"), v)
}

// openstackRun runs the command as given; an answer, if there is one, is JSON for v.
func openstackRun(t *testing.T, env, args []string, v any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, cli, args...) //nolint:gosec // the tests' own words
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + t.TempDir()}, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openstack %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	if len(out) == 0 {
		return
	}
	if err := json.Unmarshal(out, v); err != nil {
		t.Fatalf("openstack %s: %v in %s", strings.Join(args, " "), err, out)
	}
}

func needCLI(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: the openstack command is slow, and -short is set")
	}
	if _, err := os.Stat(cli); err != nil {
		t.Skipf("skipped: %s is not installed (package python3-openstackclient)", cli)
	}
}

func TestOpenstackCommandReads(t *testing.T) {
	needCLI(t)
	c := startDemo(t)
	var servers []struct {
		Name, Status, Image, Flavor string
		Networks                    map[string][]string
	}
	openstackCLI(t, c.Env(), &servers, "server", "list")
	if len(servers) != 13 {
		t.Errorf("%d servers, want 13", len(servers))
	}
	for _, s := range servers {
		if s.Name == DemoGateway && (!slices.Equal(s.Networks["lab-net"], []string{"127.0.0.1", "192.168.0.4"}) &&
			!slices.Equal(s.Networks["lab-net"], []string{"192.168.0.4", "127.0.0.1"}) ||
			s.Image != "debian-12" || s.Flavor != "de.small" || s.Status != statusActive) {
			t.Errorf("gateway: %+v", s)
		}
	}
	var fips []map[string]any
	openstackCLI(t, c.AppCredentialEnv(), &fips, "floating", "ip", "list")
	if len(fips) != 3 {
		t.Errorf("%d floating IPs, want 3", len(fips))
	}
	var ports []map[string]any
	openstackCLI(t, c.TokenEnv(), &ports, "port", "list", "--server", ID("server", "blast-db"))
	if len(ports) != 1 {
		t.Errorf("ports of blast-db: %v", ports)
	}
	var server map[string]any
	openstackCLI(t, c.Env(), &server, "server", "show", DemoFailed)
	if f, _ := server["fault"].(map[string]any); !strings.HasPrefix(f["message"].(string), "No valid host") {
		t.Errorf("fault: %v", server["fault"])
	}
}

func TestOpenstackCommandWrites(t *testing.T) {
	needCLI(t)
	c := startDemo(t)
	mark := c.Mark()
	var rule map[string]any
	openstackCLI(t, c.Env(), &rule, "security", "group", "rule", "create", "isolated", "--protocol", "tcp",
		"--dst-port", "22", "--remote-ip", "192.168.0.4/32", "--description", "by hand")
	if rule["port_range_min"] != 22.0 || rule["remote_ip_prefix"] != "192.168.0.4/32" || rule["description"] != "by hand" {
		t.Errorf("rule: %v", rule)
	}
	if got := c.WritesSince(mark); !slices.Equal(got, []string{"POST /network/v2.0/security-group-rules"}) {
		t.Errorf("writes: %q", got)
	}
	if !c.AllowsIngressFrom(ID("server", DemoLockedDown), "tcp", 22, ID("server", DemoGateway)) {
		t.Error("the rule does not open the port")
	}
	var group map[string]any
	openstackCLI(t, c.Env(), &group, "security", "group", "create", "portico-gw-1")
	var groups []map[string]any
	openstackCLI(t, c.Env(), &groups, "security", "group", "list", "--project", c.ProjectID())
	if len(groups) != 5 {
		t.Errorf("%d groups, want 5", len(groups))
	}
}

func TestOpenstackCommandChangesAServer(t *testing.T) {
	needCLI(t)
	c := startDemo(t)
	run := func(args ...string) {
		t.Helper()
		var none any
		openstackRun(t, c.Env(), args, &none)
	}
	run("server", "add", "security", "group", "blast-db", "web")
	run("server", "stop", "annotation-01")
	run("server", "add", "floating", "ip", "blast-db", DemoFreeAddress)
	if i, ok := c.ByAddress(netip.MustParseAddr(DemoFreeAddress)); !ok || i.Name != "blast-db" {
		t.Errorf("the floating IP leads to %q", i.Name)
	}
	if !c.AllowsIngress(ID("server", "blast-db"), "tcp", 80, netip.MustParseAddr("198.51.100.7")) {
		t.Error("the group does not open port 80")
	}
	if i, _ := c.Server(ID("server", "annotation-01")); i.Status != statusOff {
		t.Errorf("annotation-01 is %s", i.Status)
	}
	var quota any // an object or a list, by the version of the command
	openstackCLI(t, c.Env(), &quota, "quota", "show")
	var flavors []map[string]any
	openstackCLI(t, c.Env(), &flavors, "flavor", "list")
	if len(flavors) != 3 {
		t.Errorf("flavors %v", flavors)
	}
}
