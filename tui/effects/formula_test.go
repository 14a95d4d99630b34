package effects_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
	"portico/views"
)

// Of formulas that were typed while one was computed, only the last is.
func TestOnlyTheLastFormulaIsTried(t *testing.T) {
	e := effects.New(context.Background(), effectstest.Project(), nil)
	defer e.Close()
	s, err := scheme.Spoken("tried", "40000+n", []gateway.Service{{Name: "ssh", Protocol: gateway.TCP, Port: 22}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(seq int) views.TryFormula {
		return views.TryFormula{Seq: seq, Scheme: s, Subnet: netip.MustParsePrefix("10.0.0.0/16")}
	}
	first, second := e.Try(publish.Snapshot{}, ask(1)), e.Try(publish.Snapshot{}, ask(2))
	if m := first(); m != nil {
		t.Errorf("one that nobody waits for any more brings %+v", m)
	}
	m, ok := second().(views.TriedMsg)
	if !ok || m.Seq != 2 || m.Trial.Bounds[0].Count != 25535 || !m.Trial.Fatal() {
		t.Errorf("the last one brings %+v", m)
	}
}

func TestSaveTells(t *testing.T) {
	e := effects.New(context.Background(), effectstest.Project(), nil)
	defer e.Close()
	why := errors.New("the file is not to be written")
	m, ok := e.Save(func(scheme.Config) (string, []scheme.Scheme, error) { return "/f", nil, why }, scheme.Config{Name: "ours"})().(effects.SavedMsg)
	if !ok || m.Name != "ours" || !errors.Is(m.Err, why) {
		t.Errorf("%+v", m)
	}
	m, _ = e.Save(func(scheme.Config) (string, []scheme.Scheme, error) { panic("oops") }, scheme.Config{Name: "ours"})().(effects.SavedMsg)
	if m.Err == nil || m.Name != "ours" {
		t.Errorf("a fault brings %+v", m)
	}
}
