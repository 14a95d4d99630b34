package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/publish"
	"portico/tui/effects/effectstest"
	"portico/views"
)

// ailing is a project whose doctor says that a group is closed, with a plan that opens it.
func ailing() *effectstest.Backend {
	b := effectstest.Project()
	f := b.State.Forwards[4]
	b.Diagnosis = doctor.Diagnosis{
		Title: f.Public.String() + " -> jupyter " + f.Service.Name, Forward: f, Instance: "jupyter", Verdict: doctor.Blocked, Broken: 1,
		Summary: "blocked at hop 2 of 3: no rule lets it in",
		Hops: []doctor.Hop{
			{N: 1, ID: doctor.You, Title: "you", Verdict: doctor.OK, Text: "other ports of this address answer"},
			{N: 2, ID: doctor.VMGroups, Title: "jupyter security groups", Verdict: doctor.Blocked, Text: "no rule lets it in", Findings: []doctor.Finding{{
				Cause: doctor.VMGroup, Verdict: doctor.Blocked, Text: "no rule lets it in", Evidence: []doctor.Evidence{{Words: "its groups, rule by rule", Raw: "default: egress only"}},
				Fix: &doctor.Fix{Title: "attach portico-from-gw-1", Kind: doctor.FixPlan, Request: &publish.Request{Repair: true, Instances: []string{f.Instance}}},
			}}},
			{N: 3, ID: doctor.VM, Title: "jupyter", Verdict: doctor.Unknown, Follows: 2},
		},
	}
	return b
}

func TestDoctorFromEveryRow(t *testing.T) {
	b := ailing()
	failing := b.State.Forwards[4]
	for name, c := range map[string]struct {
		keys []string
		want func(doctor.Target) bool
	}{
		"instances": {[]string{"/", "jupyter", "enter"}, func(x doctor.Target) bool {
			return x.Instance == failing.Instance && x.Service == failing.Service.Name
		}},
		"gateway among the instances": {[]string{"/", "gw-1", "enter"}, func(x doctor.Target) bool { return x.Gateway == "gw-1" }},
		"forwards":                    {[]string{"3", "/", "jupyter http", "enter"}, func(x doctor.Target) bool { return x.Public == failing.Public }},
		"floating IPs":                {[]string{"2", "/", "gw-1", "enter"}, func(x doctor.Target) bool { return x.Gateway == "203.0.113.10" }},
		"gateways":                    {[]string{"4"}, func(x doctor.Target) bool { return x.Gateway == "gw-1" }},
		"tests":                       {[]string{"5", "/", "jupyter http", "enter"}, func(x doctor.Target) bool { return x.Public == failing.Public }},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, b, 100, 30).start()
			for _, k := range c.keys {
				d.keys(k)
				d.settle()
			}
			d.keys("d")
			d.settle()
			d.shows("blocked at hop 2 of 3", "default: egress only", "follows from 2", "f shows the plan")
			if !c.want(b.Asked) {
				t.Errorf("asked was %+v", b.Asked)
			}
			d.keys("esc")
			d.hides("blocked at hop")
		})
	}
}

func TestDoctorGoldens(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			d := drive(t, ailing(), size[0], size[1]).start()
			d.keys("d")
			d.settle()
			golden.RequireEqual(t, d.screen())
		})
	}
}

// TestDoctorFills: hops come one by one, and nothing waits for them.
func TestDoctorFills(t *testing.T) {
	b := ailing()
	b.HoldHops = make(chan struct{})
	d := drive(t, b, 100, 30).start()
	d.keys("d")
	d.until("the first hop is there", func() bool { return strings.Contains(d.screen(), "other ports") })
	d.shows("looking, 1 of 3 hops")
	d.hides("f shows the plan")
	close(b.HoldHops)
	d.settle()
	d.shows("blocked at hop 2 of 3")
}

// TestDoctorIsLeft: a diagnosis ends when nobody comes back to it, and what it still says is not heard.
func TestDoctorIsLeft(t *testing.T) {
	for _, key := range []string{"esc", "3", "q"} {
		b := ailing()
		b.HoldHops = make(chan struct{}) // it is never let go on
		d := drive(t, b, 100, 30).start()
		d.keys("d")
		d.until("the first hop is there", func() bool { return strings.Contains(d.screen(), "other ports") })
		d.keys("?")
		d.keys("?")
		d.shows("looking, 1 of 3 hops") // help is only laid over it
		d.keys(key)
		d.settle()
		if d.root.doctor.busy {
			t.Errorf("%s: it goes on", key)
		}
		b.Change(func(b *effectstest.Backend) { b.HoldHops = nil })
		d.keys("1", "d")
		d.settle()
		d.shows("blocked at hop 2 of 3")
	}
}

func TestDoctorFixes(t *testing.T) {
	b := ailing()
	d := drive(t, b, 100, 30).start()
	d.keys("d")
	d.settle()
	d.keys("y")
	d.settle()
	if len(d.copied) != 1 || d.copied[0] != doctor.Report(b.Diagnosis) {
		t.Errorf("copied was %q", d.copied)
	}
	b.Change(func(b *effectstest.Backend) {
		b.Diagnosis.Hops[1].Findings[0].Fix.Request = &publish.Request{Instances: []string{b.Project.Instances[2].ID}}
	})
	d.keys("r")
	d.settle()
	d.keys("f")
	d.settle()
	if d.root.nav.current != views.Preview {
		t.Fatalf("f shows\n%s", d.screen())
	}
	d.keys("esc")
	d.settle()
	d.shows("blocked at hop 2 of 3")
	if n := b.Calls("Diagnose"); n != 2 {
		t.Errorf("it was diagnosed %d times", n)
	}
}

func TestDoctorCannotTell(t *testing.T) {
	b := ailing()
	b.DiagnosisErr = &gateway.Error{Op: "read the project", Kind: gateway.Unreachable, Err: errors.New("connection refused"), Next: "try again"}
	d := drive(t, b, 100, 30).start()
	d.keys("d")
	d.settle()
	d.shows("nothing could be diagnosed", "connection refused", "try again")
	b.Change(func(b *effectstest.Backend) { b.DiagnosisErr, b.Panic = nil, true })
	d.keys("r")
	d.settle()
	d.shows("nothing could be diagnosed", "a fault in the program")
	d.keys("r")
	d.settle()
	d.shows("blocked at hop 2 of 3")
}

// TestDoctorOfAll: the list opens the ladder of one, and the way back leads through it.
func TestDoctorOfAll(t *testing.T) {
	for _, tab := range []string{"3", "4"} {
		b := ailing()
		d := drive(t, b, 100, 30).start()
		d.keys(tab)
		d.settle()
		d.keys("D")
		d.settle()
		d.shows("all forwards", "1 of 1 broken", "no rule lets it in")
		d.keys("enter")
		d.settle()
		d.shows("blocked at hop 2 of 3", "f shows the plan")
		d.keys("r")
		d.settle()
		if b.Asked.Public != b.Diagnosis.Forward.Public {
			t.Errorf("asked was %+v", b.Asked)
		}
		d.keys("esc")
		d.shows("1 of 1 broken")
		d.keys("esc")
		d.hides("1 of 1 broken")
	}
}
