package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/tui/effects/effectstest"
)

func TestExportOfAPlan(t *testing.T) {
	t.Chdir(t.TempDir())
	d := drive(t, effectstest.Project(), 120, 30).start()
	d.keys("down", "down", "p")
	d.settle()
	d.keys("enter")
	d.settle()
	d.keys("e")
	d.shows("portico-plan-1.txt")
	d.keys("enter")
	d.settle()
	d.shows("written to ", "portico-plan-1.txt: the changes")
	read := func() string {
		text, err := os.ReadFile("portico-plan-1.txt")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := read()
	if !strings.Contains(first, "203.0.113.10:30012 -> 192.168.0.12:22 (ssh) of blast-db") {
		t.Errorf("it holds %q", first)
	}
	if i, err := os.Stat("portico-plan-1.txt"); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", i.Mode(), err)
	}

	// A file that is there is asked about, and keys typed before the question are not its answer.
	if err := os.WriteFile("portico-plan-1.txt", []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.keys("e", "enter")
	d.settle()
	d.shows("Write over the file that is there?", "▸ keep it")
	d.keys("tab", "enter")
	d.shows("Write over the file that is there?")
	d.now = d.now.Add(2 * grace)
	d.keys("enter")
	d.settle()
	if got := read(); got != "mine" {
		t.Errorf("kept, it holds %q", got)
	}
	d.keys("e", "enter")
	d.settle()
	d.now = d.now.Add(2 * grace)
	d.keys("tab", "enter")
	d.settle()
	if got := read(); got != first {
		t.Errorf("written over, it holds %q", got)
	}
	if i, err := os.Stat("portico-plan-1.txt"); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", i.Mode(), err)
	}
	if rest, _ := filepath.Glob(".portico-*"); len(rest) > 0 {
		t.Errorf("left behind: %v", rest)
	}
}

func TestExportThatFailsIsExplained(t *testing.T) {
	t.Chdir(t.TempDir())
	d := drive(t, effectstest.Project(), 120, 30).start()
	d.keys("down", "down", "p")
	d.settle()
	d.keys("enter")
	d.settle()
	d.keys("e", "/x", "enter")
	d.settle()
	d.shows("could not write portico-plan-1.txt/x", "no such file or directory", "choose another name")
}
