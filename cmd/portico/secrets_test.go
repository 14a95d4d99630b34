package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	gatewayemulator "portico/gateway/emulator"
)

// The program runs as a process of its own, by password, application credential and token, while
// each call of the cloud's fails in turn: no secret is in what it prints, in the debug file, or in
// what the ssh it starts gets.
func TestSecretsStayInside(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("ssh is a shell script here")
	}
	addr := gatewayemulator.Loopback()
	d, err := startDemo(addr, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	dir := t.TempDir()
	if err := d.writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(dir, "told")
	script := "#!/bin/sh\n{ env; echo \"$0 $*\"; tr '\\0' '\\n' </proc/$$/environ; tr '\\0' ' ' </proc/$$/cmdline; } >" + told + " 2>/dev/null\n"
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	ways := map[string][]string{"password": d.cloud.Env(), "application credential": d.cloud.AppCredentialEnv(), "token": d.cloud.TokenEnv()}
	secrets := secretsOf(ways)
	if len(secrets) != 3 {
		t.Fatalf("%d secrets", len(secrets))
	}
	secrets = append(secrets, "gAAAA") // how every token begins
	for way, env := range ways {
		t.Run(way, func(t *testing.T) {
			w := secretWorld{t, env, dir, secrets}
			for _, args := range [][]string{
				{"list"}, {"floatingips", "--json"}, {"gateways"}, {"forwards"}, {"plan", "jupyter", "--format", "shell"}, {"publish", "jupyter"}, {"ssh", "gw-1", "--", "true"}, {"ssh-config"},
				{"test"}, {"list", "--nonsense"}, {"bogus"}, {"__complete", "publish", ""},
			} {
				w.run(args...)
			}
			if text, err := os.ReadFile(told); err != nil || !strings.Contains(string(text), "HOME=") {
				t.Errorf("ssh was not started: %v", err)
			} else {
				w.look("what ssh gets", string(text))
			}
			w.failEach(d)
		})
	}
}

func secretsOf(ways map[string][]string) (out []string) {
	for _, env := range ways {
		for _, pair := range env {
			name, value, _ := strings.Cut(pair, "=")
			if slices.Contains([]string{"OS_PASSWORD", "OS_APPLICATION_CREDENTIAL_SECRET", "OS_TOKEN"}, name) {
				out = append(out, value)
			}
		}
	}
	return out
}

// failEach lets every call that was made until now fail in turn.
func (w secretWorld) failEach(d *demo) {
	w.Helper()
	var paths []string
	for _, line := range d.cloud.Requests() {
		if method, path, _ := strings.Cut(line, " "); method == http.MethodGet && len(path) < 80 || strings.HasSuffix(path, "/tokens") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		for _, status := range []int{http.StatusUnauthorized, http.StatusInternalServerError} {
			d.cloud.Fail(func(r *http.Request) bool { return r.URL.Path == path }, status, nil, -1)
			w.run("list")
			d.cloud.Heal()
		}
	}
}

type secretWorld struct {
	*testing.T
	env     []string
	dir     string
	secrets []string
}

func (w secretWorld) look(where, text string) {
	w.Helper()
	for _, s := range w.secrets {
		if i := strings.Index(text, s); i >= 0 {
			w.Errorf("a secret in %s, after %q", where, text[max(0, i-60):i])
		}
	}
}

// run runs the program and looks at all that it leaves.
func (w secretWorld) run(args ...string) {
	w.Helper()
	debug := filepath.Join(w.TempDir(), "debug")
	cmd := exec.CommandContext(w.Context(), "portico", append([]string{"--debug", debug}, args...)...) // #nosec G204 -- the program under test
	cmd.Env = append([]string{
		"PATH=" + w.dir + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + w.dir, "PORTICO_CONFIG=" + filepath.Join(w.dir, "config.yaml"), "GORACE=atexit_sleep_ms=0",
	}, w.env...)
	out, err := cmd.CombinedOutput() // many of them fail, as they should
	where := fmt.Sprintf("%v (%v)", args, err)
	w.look("the output of "+where, string(out))
	text, err := os.ReadFile(debug)
	if os.IsNotExist(err) && (args[0] == "bogus" || slices.Contains(args, "--nonsense")) {
		return
	}
	if err != nil || !strings.Contains(string(text), " POST http") && !strings.Contains(string(text), " GET http") {
		w.Errorf("debug file of %s: %d bytes, %v\n%s", where, len(text), err, out)
	}
	w.look("the debug file of "+where, string(text))
	if info, err := os.Stat(debug); err != nil || info.Mode().Perm() != 0o600 {
		w.Errorf("debug file of %s: %v", where, err)
	}
}
