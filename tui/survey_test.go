package tui

import (
	"testing"

	"portico/tui/effects/effectstest"
)

func TestTheFormShowsWhatAnswersTheGateway(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 120, 40).start()
	d.keys("down", "down", "p")
	d.settle()
	d.shows("✓ OpenSSH_", "✗ no answer", "✗ closed", "? unknown", "me  198.51.100.7  as gw-1 sees you", "gw-1 got: SSH-2.0-OpenSSH_9.2p1")
	asked := b.Calls("Survey")
	d.keys("r")
	d.settle()
	if got := b.Calls("Survey"); asked != 1 || got != 2 {
		t.Errorf("asked %d times, and after r %d times", asked, got)
	}
	d.pass(20e9)
	if got := b.Calls("Survey"); got != 2 {
		t.Errorf("fresh data asks again: %d times", got)
	}
	d.keys("esc")
	d.shows("▸ blast-db")
}

func TestPublishForMyAddressOnly(t *testing.T) {
	d := drive(t, effectstest.Project(), 120, 40).start()
	d.keys("down", "down", "p")
	d.settle()
	d.keys("up", "up", "up", "up", "space")
	d.settle()
	d.shows("(•) me  198.51.100.7")
	d.keys("enter")
	d.settle()
	d.shows("Publish  blast-db", "Changes   Rules", "203.0.113.10:30012", "198.51.100.7/32")
}
