//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"portico/gateway/measure"
)

// TestConsoleMemory runs the real console on the embedded cloud of another process, asks it to refresh some
// times, and reads from the kernel how much memory it has come to hold.
func TestConsoleMemory(t *testing.T) {
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	table := measure.Table{Title: "Memory of the console", How: "resident, after 10 keys that refresh; the cloud is another process", Head: []string{"instances", "now", "at most"}}
	worlds := []struct {
		name      string
		instances int
	}{{"default", 13}, {"many", 5000}}
	if !measure.All() {
		worlds = worlds[:1]
	}
	for _, world := range worlds {
		w := startWalkWith(t, serveDemo(t, path, world.name), 120, 40)
		w.sees("1 Instances", " instances ")
		for range 10 {
			w.keys("r")
			w.sees(" instances ")
		}
		now, most := resident(t, w.cmd.Process.Pid)
		w.stop()
		if now == 0 || most < now {
			t.Fatalf("%d bytes now, %d at most", now, most)
		}
		table.Add(world.instances, measure.Bytes(now), measure.Bytes(most))
	}
	if measure.All() {
		table.Print()
	}
}

// serveDemo starts the embedded cloud and returns the variables with which others use it.
func serveDemo(t *testing.T, path, world string) []string {
	t.Helper()
	args := []string{"demo", "--serve"}
	if world != "default" {
		args = append(args, "--world", world)
	}
	cmd := exec.Command(path, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var env []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "export "); ok {
			env = append(env, strings.ReplaceAll(v, "'", ""))
		}
		if strings.Contains(lines.Text(), "PORTICO_CONFIG=") {
			return env
		}
	}
	t.Fatalf("the demo ended without saying how to use it: %v", lines.Err())
	return nil
}

// resident is how much memory a process holds, and how much it has held at most, in bytes.
func resident(t *testing.T, pid int) (now, most int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			now = kib << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			most = kib << 10
		}
	}
	return now, most
}
