package tui

import (
	"context"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/tui/effects"
	"portico/tui/effects/effectstest"
)

func big(b *testing.B) (*Root, *effectstest.Backend) {
	b.Helper()
	back := effectstest.Many(5000)
	r := New(context.Background(), Options{Backend: back, Now: func() time.Time { return effectstest.Start }})
	b.Cleanup(r.Close)
	r.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	r.Update(effects.InventoryMsg{Inventory: back.Project})
	r.Update(effects.ObserveMsg{Gateway: back.Gateway, State: back.State})
	return r, back
}

// BenchmarkFrame5000 is a whole frame with 5,000 instances.
func BenchmarkFrame5000(b *testing.B) {
	r, _ := big(b)
	b.ReportAllocs()
	for b.Loop() {
		r.View()
	}
}

// BenchmarkUpdateSnapshot5000 is taking over what a refresh brings of 5,000 instances.
func BenchmarkUpdateSnapshot5000(b *testing.B) {
	r, back := big(b)
	b.ReportAllocs()
	for b.Loop() {
		r.Update(effects.InventoryMsg{Inventory: back.Project})
	}
}

// BenchmarkFilterKey5000 is one key of the filter over 5,000 instances.
func BenchmarkFilterKey5000(b *testing.B) {
	r, _ := big(b)
	r.Update(tea.KeyPressMsg{Code: '/', Text: "/"})
	b.ReportAllocs()
	for b.Loop() {
		r.Update(tea.KeyPressMsg{Code: '9', Text: "9"})
		r.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
}
