package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// reel is a recording: frames, each drawn from lines that it shares with the others.
type reel struct {
	ground        ground
	width, height int
	lines         []string // each once
	frames        []frame
}

type frame struct {
	lines   []int // indexes into the reel's; -1 is an empty one
	caption string
	hold    time.Duration
}

// frame records what is on the screen, once it has come to rest, and shows it for so long.
func (s *screen) frame(r *reel, hold time.Duration, caption string) {
	s.rest(3)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ground, r.width, r.height = s.ground, s.term.Width(), s.term.Height()
	f := frame{caption: caption, hold: hold}
	for y := range r.height {
		var b strings.Builder
		for _, x := range s.ground.stretches(s.term, y) {
			for i := range x.text { // xml:space does not reach what is used from elsewhere
				x.text[i] = strings.ReplaceAll(x.text[i], " ", "\u00a0")
			}
			x.svg(&b, 0)
		}
		at := -1
		if b.Len() > 0 {
			if at = slices.Index(r.lines, b.String()); at < 0 {
				at = len(r.lines)
				r.lines = append(r.lines, b.String())
			}
		}
		f.lines = append(f.lines, at)
	}
	r.frames = append(r.frames, f)
}

// svg is the recording as a picture that moves: a film strip behind a window, drawn along by CSS.
// Who has asked for less motion sees its last frame.
func (r *reel) svg() string {
	var b strings.Builder
	rows := r.height + 2 // an empty one and the caption
	r.ground.svgHead(&b, r.width, rows)
	step := rows * cellHeight
	var total, at time.Duration
	for _, f := range r.frames {
		total += f.hold
	}
	fmt.Fprintf(&b, "<style>@keyframes film{")
	for i, f := range r.frames {
		fmt.Fprintf(&b, "%.3f%%{transform:translateY(%dpx)}", 100*at.Seconds()/total.Seconds(), -i*step)
		at += f.hold
	}
	last := -(len(r.frames) - 1) * step
	fmt.Fprintf(&b, "100%%{transform:translateY(%dpx)}}.film{animation:film %.1fs step-end infinite}", last, total.Seconds())
	fmt.Fprintf(&b, "@media (prefers-reduced-motion:reduce){.film{animation:none;transform:translateY(%dpx)}}</style>\n<defs>\n", last)
	for i, line := range r.lines {
		fmt.Fprintf(&b, "<g id=\"l%d\">%s</g>\n", i, line)
	}
	fmt.Fprintf(&b, "</defs>\n<svg y=\"%d\" width=\"100%%\" height=\"%d\"><g class=\"film\" %s>\n", margin, step, svgFont)
	for i, f := range r.frames {
		for y, line := range f.lines {
			if line >= 0 {
				fmt.Fprintf(&b, "<use href=\"#l%d\" y=\"%d\"/>", line, i*step+y*cellHeight)
			}
		}
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" fill=\"%s\" opacity=\"0.75\">%s</text>\n", margin+8, i*step+(r.height+1)*cellHeight+13, hex(r.ground.ink), f.caption)
	}
	b.WriteString("</g></svg>\n</svg>\n")
	return b.String()
}

// TestScreenshotsMove records the main job: from a private VM to its ssh command.
func TestScreenshotsMove(t *testing.T) {
	_, _, backend := pictureDemo(t)
	r, step, drawn := &reel{}, make(chan [2]int), make(chan bool)
	backend.onStep = func(done, of int) {
		select {
		case step <- [2]int{done, of}:
			<-drawn
		case <-t.Context().Done():
		}
	}
	s := startScreen(t, backend, 100, 28)
	s.until("sshd-down", "refused", "30050 ✓")
	s.frame(r, 1800*time.Millisecond, "a project's VMs, and how each is reachable")
	s.keys("j")
	s.frame(r, 300*time.Millisecond, "j  down")
	s.keys("j")
	s.frame(r, 1200*time.Millisecond, "blast-db is private")
	s.keys("p")
	s.until("Publish  blast-db", "30012", "OpenSSH_9.2p1", "HTTP 200", "✗ closed") // and the gateway has looked at the VM
	s.frame(r, 2*time.Second, "p  publish: its ports follow from the scheme")
	s.keys("\t")
	s.frame(r, 300*time.Millisecond, "tab")
	s.keys(" ")
	s.until("31012", "2 to add, 4 to change, 2 to remove")
	s.frame(r, 1800*time.Millisecond, "space  http as well")
	s.keys("\r")
	s.until("enter apply")
	s.frame(r, 3*time.Second, "enter  the preview: every rule, every group, before anything changes")
	s.keys("\r")
	s.until("▸ Cancel")
	s.frame(r, time.Second, "enter  asks first")
	s.keys("\x1b[C")
	s.until("▸ Apply")
	s.frame(r, 500*time.Millisecond, "enter  apply")
	s.keys("\r")
	for n := [2]int{0, 1}; n[0] < n[1]; {
		n = <-step
		if n[0] < n[1] {
			s.until(fmt.Sprintf("%d of %d changes", n[0], n[1]))
		}
		s.frame(r, 250*time.Millisecond, "all or nothing: each change has its undo, and the gateway heals itself")
		drawn <- true
	}
	s.until("2 of 2 answer", "confirmed", "8 forwards")
	s.frame(r, 3500*time.Millisecond, "done, read back, and tested by live connections")
	s.keys("q")
	s.until("30012 ✓", "31012 ✓")
	s.later()
	s.frame(r, 2500*time.Millisecond, "blast-db is reachable; y copies its ssh command")
	svg := r.svg()
	if limit := 300_000; len(svg) > limit {
		t.Errorf("the recording has %d bytes, more than %d", len(svg), limit)
	}
	t.Logf("%d frames, %d lines, %d bytes", len(r.frames), len(r.lines), len(svg))
	keepPicture(t, "main-job.svg", []byte(svg), func(file []byte) bool { return string(file) == svg })
}
