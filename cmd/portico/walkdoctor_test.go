//go:build !windows

package main

import "testing"

// TestWalkDoctor has the demo's broken VMs diagnosed by keys, and mended where a plan can do that.
func TestWalkDoctor(t *testing.T) {
	for name, walk := range map[string]func(*walk){
		"a group is missing": walkLockedDown, "nothing listens": walkSSHDown, "shut off": walkOff, "all is well": walkWell, "gateway and floating IP": walkOthers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWalk(t, 80, 24, "demo")
			w.sees("▸ annotation-01", "30010 ✓", "6 forwards")
			walk(w)
			w.keys("q")
			w.ended()
		})
	}
}

func (w *walk) diagnose(name string) {
	w.t.Helper()
	w.to(name)
	w.keys("d")
	w.sees("Doctor  ")
}

// accept takes the plan in sight, whose verb the question's button has.
func (w *walk) accept(verb string) {
	w.t.Helper()
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ " + verb)
	w.keys(enterKey)
	w.sees("Done, and checked")
}

func walkLockedDown(w *walk) {
	w.diagnose("locked-down")
	w.sees("blocked at hop 6 of 8", "▸ ✗ 6", "no rule lets tcp/22 in from gw-1", "isolated: lets nothing in", "follows from 6", "f shows the plan")
	w.keys("k", enterKey)
	w.sees("▸ ✓ 5", "forwarding on")
	w.keys("f")
	w.sees("Repair  ", "carry the group portico-from-gw-1", "nothing else is touched")
	w.accept("Repair")
	w.sees("1 of 1 answer")
	w.keys("q")
	w.sees("▸ locked-down", "30050 ✓")
	w.keys("d")
	w.sees("all 8 hops are fine", "lets debian in")
	w.keys("y")
	w.sees("the report sent to the clipboard")
	w.keys("q")
	w.sees("▸ locked-down")
}

func walkSSHDown(w *walk) {
	w.diagnose("sshd-down")
	w.sees("blocked at hop 7 of 8", "▸ ✗ 7", "refuses tcp/22", "systemctl", "f copies what to say")
	w.keys("f")
	w.sees("the sentence for the owner of sshd-down sent to the clipboard")
	w.keys("q")
	w.sees("▸ sshd-down")
}

func walkOff(w *walk) {
	w.diagnose("old-mapper")
	w.sees("blocked at hop 7 of 8", "it is shut off", "start old-mapper")
	w.keys("f")
	w.sees("Start  old-mapper", "status SHUTOFF", "status ACTIVE")
	w.accept("Start")
	w.keys("q")
	w.sees("▸ old-mapper", "30033 ✓")
}

func walkWell(w *walk) {
	w.diagnose("assembly-02")
	w.sees("all 8 hops are fine")
	w.keys("q")
	w.sees("▸ assembly-02")
	w.diagnose("blast-db")
	w.sees("blast-db ssh", "blocked at hop", "not published", "publish")
	w.keys(escKey)
	w.sees("▸ blast-db")
}

func walkOthers(w *walk) {
	w.diagnose("web-portal")
	w.sees("203.0.113.31:22", "hops are fine")
	w.keys(escKey)
	w.sees("▸ web-portal")
	w.keys("4", "d")
	w.sees("Doctor  gw-1", "hop 5 of 6 is degraded", "port of locked-down")
	w.keys(escKey)
	w.sees("DRIFT")
}
