package floating

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// agents is a cloud whose agents raise the floating IP's revision between the read and the write, so many times.
type agents struct {
	Cloud
	f      cloud.FloatingIP
	gone   bool
	raises int
	meddle func(*cloud.FloatingIP)
}

func (a *agents) FloatingIP(context.Context, string) (cloud.FloatingIP, error) {
	if a.gone {
		return cloud.FloatingIP{}, &cloud.Error{Kind: cloud.NotFound}
	}
	return a.f, nil
}

func (a *agents) write(revision int, do func()) error {
	if a.raises > 0 {
		a.raises--
		a.f.Revision++
		if a.meddle != nil {
			a.meddle(&a.f)
		}
	}
	if revision != a.f.Revision {
		return &cloud.Error{Kind: cloud.Stale, Err: cloud.ErrOutdated}
	}
	a.f.Revision++
	do()
	return nil
}

func (a *agents) AttachFloatingIP(_ context.Context, _, port string, fixed netip.Addr, revision int) error {
	return a.write(revision, func() { a.f.PortID, a.f.FixedIP = port, fixed })
}

func (a *agents) DetachFloatingIP(_ context.Context, _ string, revision int) error {
	return a.write(revision, func() { a.f.PortID, a.f.FixedIP = "", netip.Addr{} })
}

func (a *agents) ReleaseFloatingIP(_ context.Context, _ string, revision int) error {
	return a.write(revision, func() { a.gone = true })
}

var (
	here  = netip.MustParseAddr("10.0.0.5")
	there = netip.MustParseAddr("10.0.0.9")
)

// What Neutron's agents do to a revision never stops a step, nor its undo.
func TestAgentsRaiseRevisions(t *testing.T) {
	free := cloud.FloatingIP{ID: "f", Address: netip.MustParseAddr("203.0.113.5"), Revision: 3}
	bound := free
	bound.PortID, bound.FixedIP = "p", here
	for name, c := range map[string]struct {
		f    cloud.FloatingIP
		step func(Cloud, cloud.FloatingIP) plan.Step
		done func(*agents) bool
	}{
		"attach":  {free, func(c Cloud, f cloud.FloatingIP) plan.Step { return AttachStep(c, f, "p", here, "vm") }, func(a *agents) bool { return a.f.PortID == "p" }},
		"detach":  {bound, func(c Cloud, f cloud.FloatingIP) plan.Step { return DetachStep(c, f, "vm") }, func(a *agents) bool { return a.f.PortID == "" }},
		"release": {free, func(c Cloud, f cloud.FloatingIP) plan.Step { return ReleaseStep(c, f) }, func(a *agents) bool { return a.gone }},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agents{f: c.f, raises: 2}
			s := c.step(a, c.f)
			if err := s.Do(t.Context()); err != nil || !c.done(a) {
				t.Fatalf("%v, %+v", err, a)
			}
			if name == "release" {
				return
			}
			a.raises = 2
			if err := s.Undo(t.Context()); err != nil || a.f.PortID != c.f.PortID {
				t.Errorf("undone: %v, %+v", err, a.f)
			}
			busy := &agents{f: c.f, raises: 1000}
			if err := c.step(busy, c.f).Do(t.Context()); cloud.KindOf(err) != gateway.Stale || busy.f.PortID != c.f.PortID {
				t.Errorf("a floating IP that never rests: %v, %+v", err, busy.f)
			}
		})
	}
}

// What somebody else did between the read and the write is seen by the next read, and stays.
func TestSomebodyElseIsFirst(t *testing.T) {
	free := cloud.FloatingIP{ID: "f", Revision: 3}
	elsewhere := func(f *cloud.FloatingIP) { f.PortID, f.FixedIP = "q", there }
	for name, c := range map[string]struct {
		step func(Cloud, cloud.FloatingIP) plan.Step
		why  error
	}{
		"attach":  {func(c Cloud, f cloud.FloatingIP) plan.Step { return AttachStep(c, f, "p", here, "vm") }, errElsewhere},
		"release": {ReleaseStep, errAttached},
	} {
		a := &agents{f: free, raises: 1, meddle: elsewhere}
		if err := c.step(a, free).Do(t.Context()); !errors.Is(err, c.why) || a.gone || a.f.PortID != "q" {
			t.Errorf("%s: %v, %+v", name, err, a)
		}
	}
	a := &agents{f: free}
	s := AttachStep(a, free, "p", here, "vm")
	if err := s.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	elsewhere(&a.f)
	if err := s.Undo(t.Context()); err != nil || a.f.PortID != "q" {
		t.Errorf("undo of what somebody moved: %v, %+v", err, a.f)
	}
}
