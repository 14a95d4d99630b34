//go:build client

package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	gatewayemulator "portico/gateway/emulator"
)

// TestOpenStackClient runs what 'plan --format openstack' prints with openstack's own client: then
// nothing is left to do in the cloud, neither after publishing nor after withdrawing.
func TestOpenStackClient(t *testing.T) {
	dir, addr := t.TempDir(), gatewayemulator.Loopback()
	d, err := startDemo(addr, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	if err := d.writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	for _, pair := range append(d.cloud.Env(), "HOME="+dir, "SSH_AUTH_SOCK=", "NO_COLOR=1", "PORTICO_CONFIG="+filepath.Join(dir, "config.yaml")) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	byHand := func(args ...string) {
		t.Helper()
		script := command(t, append(args, "--format", "openstack")...)
		if strings.Count(script, "\nopenstack ") < 5 || strings.Contains(script, "\niptables") {
			t.Fatalf("it prints\n%s", script)
		}
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, script)
		}
		for _, c := range planned(t, args...) {
			if c.Host == "" {
				t.Errorf("still to do in the cloud: %s: %s", c.Target, c.Title)
			}
		}
	}
	byHand("plan", "blast-db", "assembly-02", "--service", "ssh,http", "--from", "198.51.100.0/24,203.0.113.7")
	command(t, "publish", "blast-db", "assembly-02", "--service", "ssh,http", "--yes")
	byHand("plan", "blast-db", "--service", "ssh,http", "--from", "198.51.100.0/24")
	byHand("plan", "blast-db", "assembly-02", "--withdraw")
}

func command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runCommand(t, args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

func planned(t *testing.T, args ...string) []struct{ Host, Target, Title string } {
	t.Helper()
	var p struct {
		Changes []struct{ Host, Target, Title string }
	}
	if err := json.Unmarshal([]byte(command(t, append(args, "--json")...)), &p); err != nil {
		t.Fatal(err)
	}
	if p.Changes == nil {
		t.Fatal("the JSON of a plan has no changes")
	}
	return p.Changes
}
