package tui

import (
	"testing"
	"time"

	"portico/tui/effects/effectstest"
)

func TestHistoryIsReadWhenItIsLookedAt(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.pass(time.Minute)
	if n := b.Calls("History"); n != 0 {
		t.Errorf("read %d times before anybody looked", n)
	}
	d.keys("6")
	d.shows("reading the history")
	d.settle()
	d.shows("▸ 14 Mar 07:26  ✓ applied", "publish assembly-02: ssh, http", "1 record")
	d.pass(time.Minute)
	if n := b.Calls("History"); n != 1 {
		t.Errorf("read %d times, want once", n)
	}
	d.keys("enter")
	d.shows("+ forward tcp 31011")
	d.keys("q") // within the screen
	d.shows("1 record")
	d.keys("r")
	d.settle()
	if n := b.Calls("History"); n != 2 {
		t.Errorf("r read it %d times in all, want twice", n)
	}
}

func TestHistoryFollowsAnApply(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 100, 30).start()
	d.keys("6", "1")
	d.settle()
	d.publishBlast()
	d.settle()
	d.pass(2 * time.Second)
	if n := b.Calls("History"); n != 2 {
		t.Errorf("read %d times, want on looking and after the apply", n)
	}
	d.keys("6")
	d.shows("publish blast-db: ssh", "publish assembly-02: ssh, http", "2 records")
}

func TestHistoryThatCannotBeRead(t *testing.T) {
	b := effectstest.Project()
	b.HistoryErr = unreachable
	b.Records = nil
	d := drive(t, b, 100, 30).start()
	d.keys("6")
	d.settle()
	d.shows("! the history could not be read", "connection refused", "what was applied is not known")
	b.Change(func(b *effectstest.Backend) { b.HistoryErr = nil })
	d.keys("r")
	d.settle()
	d.shows("nothing was applied yet")
	d.hides("could not be read")
}

func TestHistoryOfAGatewayThatTurnsUpLater(t *testing.T) {
	b := effectstest.Project()
	b.ObserveErr = unreachable
	gw := b.Gateway
	b.Gateway.FixedIP = gw.FloatingIP // another one, as long as it is not found
	d := drive(t, b, 100, 30).start()
	d.keys("6")
	d.settle()
	b.Change(func(b *effectstest.Backend) { b.ObserveErr, b.Gateway = nil, gw })
	d.pass(15 * time.Second)
	if n := b.Calls("History"); n != 2 {
		t.Errorf("read %d times, want again when the gateway is known", n)
	}
}
