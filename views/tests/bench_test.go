package tests_test

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/probe"
	"portico/themes"
	"portico/views"
	"portico/views/viewtest"
)

// BenchmarkKeyToFrame is one move and the frame after it, with 5,000 forwards that all have a history.
func BenchmarkKeyToFrame(b *testing.B) {
	c, f := long()
	down := tea.KeyPressMsg{Code: tea.KeyDown}
	for b.Loop() {
		c.send(down)
		_ = c.s.View(f)
	}
}

// BenchmarkResult is one result and the frame after it.
func BenchmarkResult(b *testing.B) {
	c, f := long()
	fs := c.project.State.Forwards
	for i := 0; b.Loop(); i++ {
		c.send(views.ProbeMsg{Key: fs[i%len(fs)].Key(), Result: probe.Result{Outcome: probe.OK, Latency: time.Millisecond, At: c.now}})
		_ = c.s.View(f)
	}
}

func long() (*console, views.Frame) {
	c := open(viewtest.Many(10001), 120, 36)
	for _, x := range c.project.State.Forwards {
		for range 60 {
			c.send(views.ProbeMsg{Key: x.Key(), Result: probe.Result{Outcome: probe.OK, Latency: 12 * time.Millisecond, At: c.now}})
		}
	}
	c.pass(time.Second)
	return c, views.Frame{Width: 120, Height: 36, Now: c.now, Styles: themes.New(themes.Default(), true)}
}
