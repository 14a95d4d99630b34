//go:build !windows

package main

import (
	"encoding/base64"
	"fmt"
	"testing"
)

// TestWalks takes the real program through what an operator does, on a terminal of 80x24.
func TestWalks(t *testing.T) {
	for name, walk := range map[string]func(*walk){
		"main job": walkMainJob, "filter, sort and marks": walkList, "withdraw": walkWithdraw, "repair and adopt": walkRepair,
		"history": walkHistory, "themes and help": walkThemes, "quit while applying": walkQuit, "resize": walkResize, "floating IPs and forwards": walkTabs,
		"copy": walkCopy, "palette": walkPalette, "doctor": walkDoctor, "tests": walkTests, "mouse": walkMouse, "attach a floating IP": walkFloating,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWalk(t, 80, 24, "demo")
			w.sees("asking the cloud…") // before anything has answered
			w.sees("▸ annotation-01", "30010 ✓", "6 forwards")
			walk(w)
		})
	}
}

// walkMainJob is list, publish, preview, apply, tests, and the command on the clipboard.
func walkMainJob(w *walk) {
	w.to("blast-db")
	w.keys("p")
	w.sees("Publish  blast-db", "30012")
	w.keys(tabKey, " ")
	w.sees("▸ [x] http", "31012")
	w.keys(enterKey)
	w.sees("Changes", "enter apply", "to add")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ Apply")
	w.keys(enterKey)
	w.sees("2 of 2 answer", "ssh -p 30012 ", "confirmed")
	w.keys("y")
	w.sees("sent to the clipboard")
	w.prints("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte("ssh -p 30012 "))[:16])
	w.keys("q")
	w.sees("▸ blast-db", "30012 ✓", "31012 ✓")
	w.keys("q")
	w.ended()
}

func walkList(w *walk) {
	w.keys("/", "status:err")
	w.sees("gpu-train", "1 of 13 instances")
	w.misses("annotation-01", "blast-db")
	w.keys(escKey)
	w.sees("13 instances", "blast-db")
	w.keys(">")
	w.sees("STATUS ▲")
	w.keys("S")
	w.sees("STATUS ▼")
	w.keys("<")
	w.sees("NAME ▲")
	w.keys(" ")
	w.sees("1 marked")
	w.keys("A")
	w.sees("13 marked")
	w.keys(escKey)
	w.misses("marked")
	w.keys("V", "j", "j", "V")
	w.sees("3 marked")
	w.keys(escKey)
	w.misses("marked")
	w.keys("q")
	w.ended()
}

func walkWithdraw(w *walk) {
	w.keys("w")
	w.sees("Withdraw  annotation-01", "30010", "to remove")
	w.keys(enterKey)
	w.sees("Withdraw from gw-1?")
	w.keys(escKey) // and once more, after having thought about it
	w.misses("Withdraw from gw-1?")
	w.keys(enterKey)
	w.sees("Withdraw from gw-1?")
	w.keys("annotation-01", enterKey)
	w.sees("Withdrawn, and checked")
	w.keys("q")
	w.sees("▸ annotation-01")
	w.until("it is private again", func(screen string) bool {
		return line(screen, "annotation-01") != "" && !contains(line(screen, "annotation-01"), "30010")
	})
	w.keys("q")
	w.ended()
}

func walkRepair(w *walk) {
	w.keys("4")
	w.sees("gw-1", "by hand")
	w.keys("R")
	w.sees("Repair", "portico-from-gw-1", "enter repair")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey)
	w.sees("▸ Repair")
	w.keys(enterKey)
	w.sees("Done, and checked")
	w.keys("q", "4")
	w.sees("2 by hand")
	w.keys("A")
	w.sees("Adopt", "2201", "enter adopt")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey, enterKey)
	w.sees("Done, and checked")
	w.keys("q", "3")
	w.sees("2201", "jupyter")
	w.keys("q")
	w.ended()
}

func walkHistory(w *walk) {
	w.keys("6")
	w.sees("✓ applied", "publish assembly-02")
	w.keys(enterKey)
	w.sees("result", "security group")
	w.keys("G")
	w.sees("-")
	w.keys("y")
	w.sees("clipboard")
	w.keys(escKey)
	w.sees("records")
	w.keys("q")
	w.ended()
}

func walkThemes(w *walk) {
	w.keys("?")
	w.sees("open", "withdraw", "esc back")
	w.keys(escKey)
	w.sees("▸ annotation-01")
	w.keys("T")
	w.sees("high-contrast")
	w.keys("j", "j", "j")
	w.sees("▸ high-contrast")
	w.keys(enterKey)
	w.misses("colour-blind")
	w.keys("q")
	w.ended()
}

// walkQuit asks for the end while a change is tested that nobody answers.
func walkQuit(w *walk) {
	w.to("jupyter")
	w.keys("p")
	w.sees("Publish  jupyter", "30020")
	w.keys(tabKey, tabKey, " ")
	w.sees("▸ [x] https", "32020")
	w.keys(enterKey)
	w.sees("enter apply")
	w.keys(enterKey)
	w.sees("▸ Cancel")
	w.keys(rightKey, enterKey)
	w.sees("Testing")
	w.keys(ctrlC)
	w.sees("Changes are being applied", "▸ stay")
	w.keys(escKey)
	w.misses("Changes are being applied")
	w.sees("Testing")
}

// walkResize changes the terminal's size again and again, down to nothing, while keys go on.
func walkResize(w *walk) {
	for i, size := range [][2]int{{120, 40}, {40, 10}, {1, 1}, {24, 6}, {200, 60}, {23, 5}, {80, 24}, {300, 4}, {10, 100}, {61, 17}, {120, 40}, {2, 50}} {
		w.resize(size[0], size[1])
		w.keys([]string{"j", "2", "k", "?", escKey, "4", "6", "1"}[i%8])
	}
	w.resize(80, 24)
	w.sees("metagenomics", "2 Floating IPs   3 Forwards") // where there is no room keys do nothing
	w.keys("1", "g")
	for _, size := range [][2]int{{40, 10}, {120, 40}, {80, 24}} {
		w.resize(size[0], size[1])
		w.sees("Instances", "NAME ▲", "annotation-01", "13 instances", "q quit")
		w.until(fmt.Sprintf("the screen fills %v", size), func(screen string) bool { return contains(lastLine(screen), "q quit") })
	}
	w.keys("q")
	w.ended()
}

func walkTabs(w *walk) {
	w.keys("2")
	w.sees("203.0.113.27", "free")
	w.keys("3")
	w.sees(":30010", "assembly-02")
	w.keys("5")
	w.sees("30010", "annotation-01")
	w.keys("1")
	w.sees("▸ annotation-01")
	w.keys("q")
	w.ended()
}
