//go:build !windows

package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
)

// walkCopy hands out another way in than the ssh command.
func walkCopy(w *walk) {
	w.to("assembly-02")
	w.keys("Y")
	w.sees("Copy  assembly-02", "scp", "rsync", "tunnel", "▸ ssh")
	w.keys("j", "j")
	w.sees("▸ scp")
	w.keys("y")
	w.prints("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte("scp -r -P 30011 FILE "))[:24])
	w.sees("▸ assembly-02") // it is back by itself
	w.keys("q")
	w.ended()
}

// walkDoctor is why a forward does not answer, the fix, and that it answers.
func walkDoctor(w *walk) {
	w.to("locked-down")
	w.sees("timed out") // its test has ended
	w.keys("d")
	w.sees("Doctor", "locked-down", "blocked at hop 6 of 8", "f fix")
	w.keys("f")
	w.sees("Repair", "portico-from-gw-1", "enter repair")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ Repair")
	w.keys(enterKey)
	w.sees("Done, and checked")
	w.keys("q")
	w.sees("▸ locked-down")
	w.until("it answers", func(screen string) bool { return contains(line(screen, "locked-down"), "30050 ✓") })
	w.keys("q")
	w.ended()
}

// walkPalette finds a key, an instance and a screen by name.
func walkPalette(w *walk) {
	w.keys(":")
	w.sees("Do or find", "publish")
	w.keys("jupy")
	w.sees("jupyter")
	w.misses("blast-db")
	w.keys(enterKey)
	w.misses("Do or find")
	w.sees("▸ jupyter")
	w.keys(":", "histor")
	w.sees("> histor")
	w.keys(enterKey)
	w.misses("Do or find")
	w.sees("RESULT")
	w.keys("q")
	w.ended()
}

// click presses and lets go the left button where a text stands, as a terminal tells it (SGR 1006).
func (w *walk) click(text string) {
	w.t.Helper()
	w.sees(text)
	screen, _ := w.look()
	for y, line := range strings.Split(screen, "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			at := fmt.Sprintf("0;%d;%d", lipgloss.Width(before)+1, y+1)
			w.keys("\x1b[<"+at+"M", "\x1b[<"+at+"m")
			return
		}
	}
}

// walkMouse takes the mouse, goes to a tab, chooses and opens a row, and gives it back.
func walkMouse(w *walk) {
	w.sees("▸ annotation-01")
	w.keys("\x07")
	w.prints("\x1b[?1006h")
	w.click("jupyter")
	w.sees("▸ jupyter")
	w.click("3 Forwards")
	w.sees("30033", "6 forwards")
	w.misses("▸ jupyter")
	w.click("1 Instances")
	w.sees("▸ jupyter")
	w.click("blast-db")
	w.sees("▸ blast-db")
	w.click("blast-db")
	w.sees("q back", "flavor")
	w.keys(escKey)
	w.sees("▸ blast-db")
	w.keys("\x07")
	w.prints("\x1b[?1006l")
	w.keys("q")
	w.ended()
}

// walkTests watches forwards, looks into one, and stops and goes on.
func walkTests(w *walk) {
	w.keys("5")
	w.sees("refused", "sshd-down", "fine")
	w.keys(enterKey)
	w.sees("sshd-down", "LAST TESTS")
	w.keys(escKey)
	w.misses("LAST TESTS")
	w.keys(" ")
	w.sees("paused")
	w.keys(" ")
	w.misses("paused")
	w.keys("q")
	w.ended()
}

// walkFloating attaches a free floating IP to an instance.
func walkFloating(w *walk) {
	w.keys("2")
	w.sees("203.0.113.27", "free")
	w.to("203.0.113.27")
	w.keys("a")
	w.sees("Attach  203.0.113.27 to which instance?", "▸ annotation-01")
	w.to("blast-db")
	w.keys(enterKey)
	w.sees("Attach  203.0.113.27 to blast-db", "enter attach")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey, enterKey)
	w.sees("Done")
	w.keys("q")
	w.keys("2")
	w.until("it is blast-db's", func(screen string) bool { return contains(line(screen, "203.0.113.27"), "blast-db") })
	w.keys("q")
	w.ended()
}

// TestPlainWalk publishes a VM in the plain console on a terminal: nothing is sent but words.
func TestPlainWalk(t *testing.T) {
	w := startWalk(t, 80, 24, "demo", "--plain")
	w.sees("The gateway is gw-1", "portico> ")
	w.keys("publish\r")
	w.sees("Which VMs?")
	w.keys("blast-db\r")
	w.sees("Which services?")
	w.keys("\r")
	w.sees("Which scheme")
	w.keys("\r")
	w.sees("Who may connect?")
	w.keys("\r")
	w.sees("Apply? (yes/no)")
	w.keys("yes\r")
	w.sees("answers in", "ssh -p 30012")
	w.keys("quit\r")
	if err := <-w.done; err != nil {
		t.Errorf("it ended with %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if contains(w.raw.String(), "\x1b") {
		t.Errorf("an escape sequence was sent: %q", w.raw.String())
	}
}
