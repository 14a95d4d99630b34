//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	cloudemulator "portico/cloud/emulator"
	gatewayemulator "portico/gateway/emulator"
)

// TestOnboardingWalk takes the real program, on a machine that knows no cloud, to the console: what is
// missing in a pasted openrc file is typed, a wrong password is told, and the login is there the next time.
func TestOnboardingWalk(t *testing.T) {
	t.Parallel()
	floating := gatewayemulator.Loopback() // nothing listens there
	c, err := cloudemulator.StartDemo(cloudemulator.Demo{GatewayAddress: floating})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	env := map[string]string{}
	for _, e := range c.Env() {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	w := startWalk(t, 80, 24)
	w.sees("Welcome to Portico", "no clouds.yaml was found", "▸ Log in to a cloud", "Open the demo")
	w.keys(enterKey)
	w.sees("▸ address", "https://cloud.example.org:5000/v3")
	openrc := "export OS_AUTH_URL=" + env["OS_AUTH_URL"] + "\rexport OS_USERNAME=" + env["OS_USERNAME"] + "\rexport OS_PROJECT_NAME=" + env["OS_PROJECT_NAME"] + "\rexport OS_PASSWORD=$OS_PASSWORD_INPUT\r"
	w.keys("\x1b[200~" + openrc + "\x1b[201~")
	w.sees(env["OS_AUTH_URL"], "▸ password", "metagenomics")
	w.keys("wrong", enterKey)
	w.sees("could not log in to mycloud", "HTTP 401")
	home := w.home()
	if _, err := os.Stat(filepath.Join(home, "openstack")); err == nil {
		t.Error("a login that failed was saved")
	}
	for range len("wrong") {
		w.keys("\x7f")
	}
	w.keys(env["OS_PASSWORD"], enterKey)
	w.sees("✓ Logged in as demo to project metagenomics", "clouds.yaml", "secure.yaml")
	w.misses(env["OS_PASSWORD"])
	w.keys(enterKey)
	w.sees("mycloud / metagenomics", "annotation-01")
	w.keys("q")
	w.ended()
	if text, err := os.ReadFile(filepath.Join(home, "openstack", "clouds.yaml")); err != nil || strings.Contains(string(text), env["OS_PASSWORD"]) {
		t.Errorf("clouds.yaml: %v\n%s", err, text)
	}
	if info, err := os.Stat(filepath.Join(home, "openstack", "secure.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secure.yaml: %v", err)
	}
}

// TestOnboardingDemoWalk goes from there to the demo.
func TestOnboardingDemoWalk(t *testing.T) {
	t.Parallel()
	w := startWalk(t, 40, 10)
	w.sees("Welcome to Portico", "▸ Log in to a cloud")
	w.keys("j")
	w.sees("▸ Open the demo")
	w.keys(enterKey)
	w.sees("▸ annotation-01")
	w.keys("q")
	w.ended()
}

// home is the walk's home folder, which is also where its configuration is.
func (w *walk) home() string {
	for _, e := range w.cmd.Env {
		if dir, ok := strings.CutPrefix(e, "XDG_CONFIG_HOME="); ok {
			return dir
		}
	}
	return ""
}

// TestFirstGatewayWalk begins with instances and no public address: it allocates one, makes an instance
// the gateway, and publishes another through it.
func TestFirstGatewayWalk(t *testing.T) {
	t.Parallel()
	w := startWalk(t, 80, 24, "demo", "--world", "no-floating-ip")
	w.sees("annotation-01", "no gateway")
	w.keys("4")
	w.sees("There is no gateway yet", "n  allocate a floating IP first")
	w.keys("n")
	w.sees("Allocate  a floating IP", "0 → 1 of 50")
	w.keys(enterKey)
	w.sees("Allocate a floating IP?", "▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ Allocate")
	w.keys(enterKey)
	w.sees("Done, and checked", "is this project's now")
	w.keys("q", "4")
	w.sees("There is no gateway yet", "a  choose the VM that gets 127.0.0.")
	w.keys("a")
	w.sees("to which instance?", "no: it has no IPv4 address")
	w.to("gw-1")
	w.keys(enterKey)
	w.sees("to gw-1", "no rollback is armed")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ Attach")
	w.keys(enterKey)
	w.sees("Done, and checked")
	w.keys("q", "1")
	w.sees("healthy", "0 forwards")
	w.to("blast-db")
	w.keys("p")
	w.sees("Publish  blast-db", "30012")
	w.keys("q", "q")
}

// TestEmptyProjectWalk: each tab of an empty project says what to do.
func TestEmptyProjectWalk(t *testing.T) {
	t.Parallel()
	w := startWalk(t, 40, 10, "demo", "--world", "empty")
	w.sees("This project has no instances")
	w.keys("2")
	w.sees("This project has no floating IP")
	w.keys("4")
	w.sees("There is no gateway yet")
	w.keys("q")
	w.ended()
}
