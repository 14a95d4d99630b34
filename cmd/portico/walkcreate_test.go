//go:build !windows

package main

import "testing"

// TestWalkCreate makes a gateway by keys in a project that has none, publishes through it, and stops one
// that boots.
func TestWalkCreate(t *testing.T) {
	for name, walk := range map[string]func(*walk){"make one": walkCreate, "stop it": walkCreateStopped} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWalk(t, 80, 24, "demo", "--world", "no-gateway")
			w.sees("▸ annotation-01", "13 instances")
			w.keys("4")
			w.sees("There is no gateway yet", "c  make one from nothing")
			w.keys("c")
			w.sees("Create a gateway", "ubuntu-24.04", "de.small", "lab-net", "mg-laptop", "quota: instances 13→14 of 50")
			w.keys(enterKey)
			w.sees("Create  gateway gw", "let ssh in from anywhere")
			w.keys(enterKey)
			w.sees("▸ Cancel", "Create gateway gw?")
			w.keys(rightKey)
			w.sees("▸ Create")
			w.keys(enterKey)
			w.sees("BUILD, spawning", "esc stop, and take it away")
			walk(w)
			w.keys("q")
			w.ended()
		})
	}
}

func walkCreate(w *walk) {
	w.sees("gateway gw is ready at 127.0.0.")
	w.keys("q")
	w.sees("gw", "● ready")
	w.keys("1")
	w.to("assembly-02")
	w.keys("p")
	w.sees("Publish  assembly-02", "30011")
	w.keys(enterKey)
	w.sees("Changes", "enter apply")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ Apply")
	w.keys(enterKey)
	w.sees("1 of 1 answer", "confirmed")
	w.keys("q")
	w.sees("▸ assembly-02", "30011 ✓")
}

func walkCreateStopped(w *walk) {
	w.keys(escKey)
	w.sees("Stop making the gateway?", "▸ go on")
	w.keys(rightKey)
	w.sees("▸ stop")
	w.keys(enterKey)
	w.sees("it was stopped", "everything was undone")
	w.keys("q")
	w.sees("There is no gateway yet")
}
