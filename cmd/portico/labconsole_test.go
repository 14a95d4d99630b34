//go:build lab

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// console is the program on a terminal of tmux, driven by keys.
type console struct {
	l    *lab
	sock string
}

// labConsole publishes a VM by keys only, sees the tests go green and copies the command.
func labConsole(t *testing.T, l *lab) {
	c := &console{l: l, sock: filepath.Join(l.home, "tmux")}
	// OSC 52 from the program sets tmux's buffer, which is how the copy is seen.
	conf := filepath.Join(l.home, "tmux.conf")
	if err := os.WriteFile(conf, []byte("set -s set-clipboard on\nset -g default-terminal tmux-256color\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.must("tmux", "-S", c.sock, "-f", conf, "new-session", "-d", "-x", "80", "-y", "24", l.bin)
	defer l.run(nil, "tmux", "-S", c.sock, "kill-server")

	c.until("target")
	c.until("healthy")
	for !strings.Contains(c.line("▸"), "target") {
		c.keys("j")
	}
	c.shot("instances")
	c.keys("p")
	c.until(fmt.Sprint(l.port(30000)))
	c.keys("Tab", "Space")
	c.until(fmt.Sprintf(":%d → ", l.port(31000)))
	c.shot("publish form")
	c.keys("Enter")
	c.until("create the group")
	c.shot("preview")
	c.keys("Enter")
	c.until("▸ Cancel")
	c.shot("confirm")
	c.keys("Right")
	c.until("▸ Apply")
	c.keys("Enter")
	c.until("2 of 2 answer")
	c.until("get in with") // it is confirmed
	c.shot("applied and tested")
	c.keys("y")
	want := fmt.Sprintf("ssh -p %d -i ~/.ssh/id_ed25519 %s@%s", l.port(30000), os.Getenv("OSLAB_VM_USER"), l.gw.Floating[0])
	eventually(t, func() bool { return c.clipboard() == want })
	t.Logf("on the clipboard: %s", c.clipboard())
	if r := l.ssh(l.port(30000)); r.code != 0 || strings.TrimSpace(r.out) != "target" {
		t.Errorf("ssh does not reach the VM: %+v", r)
	}
	c.keys("Enter")
	c.until("2 forwards")
	c.shot("instances afterwards")
	c.keys("w")
	c.until("forget the rules")
	c.shot("withdraw")
	c.keys("Enter")
	c.until("type target to withdraw it")
	c.keys("target")
	c.until("▸ Withdraw")
	c.keys("Enter")
	c.until("Withdrawn, and checked")
	c.shot("withdrawn")
	if r := l.ssh(l.port(30000)); r.code == 0 {
		t.Error("after withdrawing, ssh still works")
	}
	c.keys("Enter", "q")
}

func (c *console) keys(names ...string) {
	for _, n := range names {
		c.l.must("tmux", "-S", c.sock, "send-keys", n)
		time.Sleep(250 * time.Millisecond) // as a quick hand types; dialogs take no key sooner
	}
}

func (c *console) screen() string { return c.l.must("tmux", "-S", c.sock, "capture-pane", "-p") }

func (c *console) line(mark string) string {
	for line := range strings.Lines(c.screen()) {
		if strings.Contains(line, mark) {
			return line
		}
	}
	return ""
}

func (c *console) until(text string) {
	c.l.t.Helper()
	end := time.Now().Add(60 * time.Second)
	for !strings.Contains(c.screen(), text) {
		if time.Now().After(end) {
			c.l.t.Fatalf("%q is not on the screen:\n%s", text, c.screen())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *console) shot(name string) { c.l.t.Logf("screen: %s\n%s", name, c.screen()) }

func (c *console) clipboard() string {
	r := c.l.run(nil, "tmux", "-S", c.sock, "show-buffer")
	text := strings.TrimSpace(r.out)
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil && len(text) > 40 {
		return string(plain)
	}
	return text
}
