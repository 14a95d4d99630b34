package effects_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
	"portico/views"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, b effects.Backend, p *effects.Prompter) *effects.Effects {
	t.Helper()
	e := effects.New(t.Context(), b, p)
	t.Cleanup(e.Close)
	return e
}

// all follows a stream to its end.
func all(cmd tea.Cmd) (out []tea.Msg) {
	for cmd != nil {
		more, ok := cmd().(effects.More)
		if !ok {
			break
		}
		out, cmd = append(out, more.Msg), more.Next
	}
	return out
}

func proposal(t *testing.T, b *effectstest.Backend, ids ...string) publish.Proposal {
	t.Helper()
	s := publish.Snapshot{Inventory: b.Project, Gateway: b.Gateway, State: &b.State}
	p, err := b.Plan(t.Context(), s, publish.Request{Instances: ids, Services: []string{"ssh", "https"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestApplyStreamsInOrder(t *testing.T) {
	b := effectstest.Project()
	p := proposal(t, b, "id-blast-db", "id-jupyter")
	var msgs []tea.Msg
	var phases []publish.Phase
	tested := 0
	for _, m := range all(start(t, b, nil).Apply(p)) {
		switch m := m.(type) {
		case views.GuardMsg:
			phases = append(phases, m.Phase)
		case views.ProbeMsg:
			tested++
		default:
			msgs = append(msgs, m)
		}
	}
	if diff := cmp.Diff([]publish.Phase{publish.Armed, publish.Checking, publish.Testing, publish.Confirmed}, phases); diff != "" || tested != 4 {
		t.Errorf("%d tests, and the phases %s", tested, diff)
	}
	for i := range p.Plan.Steps {
		running, _ := msgs[2*i].(views.ApplyEventMsg)
		done, _ := msgs[2*i+1].(views.ApplyEventMsg)
		if running.Event.Step != i || running.Event.State != plan.Running || done.Event.Step != i || done.Event.State != plan.Done {
			t.Errorf("step %d: %+v, %+v", i, running.Event, done.Event)
		}
	}
	end, ok := msgs[len(msgs)-1].(effects.ApplyEndMsg)
	if !ok || !end.Report.OK() || len(end.Report.Done) != 4 || len(msgs) != 9 {
		t.Errorf("%d messages, the last is %+v", len(msgs), end)
	}
}

func TestAnApplyNobodyWatchesEnds(t *testing.T) {
	b := effectstest.Project()
	p := proposal(t, b, "id-blast-db", "id-jupyter", "id-portal")
	b.FailStep = p.Items[5].Forward.String() // every event there can be: all is done, then undone
	e := effects.New(t.Context(), b, nil)
	e.Apply(p)() // takes the first message and no other
	e.Close()
	if n := len(b.State.Forwards); n != 5 {
		t.Errorf("%d forwards stand, want the 5 of before", n)
	}
}

func TestProbes(t *testing.T) {
	b := effectstest.Project()
	deaf := b.State.Forwards[4].Key()
	var got []probe.Outcome
	msgs := all(start(t, b, nil).Probe(b.State.Forwards))
	for _, m := range msgs[:len(msgs)-1] {
		got = append(got, m.(views.ProbeMsg).Result.Outcome)
	}
	if diff := cmp.Diff([]probe.Outcome{probe.OK, probe.OK, probe.OK, probe.OK, probe.Timeout}, got); diff != "" {
		t.Error(diff)
	}
	if end, ok := msgs[5].(effects.ProbeEndMsg); !ok || end.Keys[4] != deaf {
		t.Errorf("it ends with %+v", msgs[5])
	}
}

// loud is a backend each of whose parts panics.
type loud struct{ *effectstest.Backend }

func (loud) Plan(context.Context, publish.Snapshot, publish.Request) (publish.Proposal, error) {
	panic("plan")
}

func (loud) Apply(context.Context, publish.Proposal, publish.Watch) publish.Outcome { panic("apply") }

func (loud) Probe(context.Context, []gateway.Forward, func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result {
	panic("probe")
}

func TestPanicsAreErrors(t *testing.T) {
	b := effectstest.Project()
	e := start(t, loud{b}, nil)
	if m, ok := e.Plan(publish.Snapshot{}, views.Draft{Seq: 3})().(views.PlanMsg); !ok || m.Seq != 3 || cloud.KindOf(m.Err) != cloud.Internal || m.Err == nil {
		t.Errorf("plan: %+v", m)
	}
	if m, ok := all(e.Apply(publish.Proposal{}))[0].(effects.ApplyEndMsg); !ok || m.Report.OK() {
		t.Errorf("apply: %+v", m)
	}
	if m, ok := all(e.Probe(b.State.Forwards[:1]))[0].(effects.ProbeEndMsg); !ok || len(m.Keys) != 1 {
		t.Errorf("probe: %+v", m)
	}
	b.Panic = true
	if m, ok := e.Inventory(4)().(effects.InventoryMsg); !ok || m.Gen != 4 || m.Err == nil {
		t.Errorf("inventory: %+v", m)
	}
}

func TestReadsThatWereDroppedSayNothing(t *testing.T) {
	b := effectstest.Project()
	b.Slow = time.Minute
	e := start(t, b, nil)
	cmd, got := e.Inventory(1), make(chan tea.Msg, 1)
	go func() { got <- cmd() }()
	for deadline := time.Now().Add(10 * time.Second); b.Calls("Inventory") == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the read never began")
		}
	}
	e.DropReads()
	if m := <-got; m != nil {
		t.Errorf("it said %+v", m)
	}
	b.Change(func(b *effectstest.Backend) { b.Slow = 0 })
	if m, ok := e.Inventory(2)().(effects.InventoryMsg); !ok || m.Err != nil || len(m.Inventory.Instances) != 10 {
		t.Errorf("the next read says %+v", m)
	}
}

func TestNothingBeginsAfterClose(t *testing.T) {
	b := effectstest.Project()
	e := effects.New(t.Context(), b, effects.NewPrompter())
	e.Close()
	for name, cmd := range map[string]tea.Cmd{
		"inventory": e.Inventory(1), "apply": e.Apply(proposal(t, b, "id-blast-db")), "probe": e.Probe(b.State.Forwards),
		"questions": e.Questions(), "tick": e.Tick(1, time.Hour),
	} {
		if m := cmd(); m != nil {
			t.Errorf("%s says %+v", name, m)
		}
	}
	if b.Calls("Apply")+b.Calls("Inventory")+b.Calls("Probe") != 0 {
		t.Error("something was done")
	}
}

func TestPrompter(t *testing.T) {
	p := effects.NewPrompter()
	e := start(t, effectstest.Project(), p)
	accepted, passphrase := make(chan bool, 1), make(chan []byte, 1)
	go func() {
		ok, _ := p.HostKey(t.Context(), gateway.HostKeyQuestion{Host: "gw\x1b[31m", Addr: "203.0.113.10", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"})
		accepted <- ok
		pass, err := p.Passphrase(t.Context(), "/home/mg/.ssh/id")
		if err == nil {
			t.Error("a cancelled question gave no error")
		}
		passphrase <- pass
	}()
	ask := e.Questions()().(effects.More).Msg.(views.AskMsg)
	for _, l := range append(ask.Lines, ask.Title) {
		if cloud.Clean(l) != l {
			t.Errorf("%q is not clean", l)
		}
	}
	e.Reply(views.Answer{ID: ask.ID, Yes: true})
	e.Reply(views.Answer{ID: ask.ID, Yes: false}) // a second answer changes nothing
	if !<-accepted {
		t.Error("the host key was not accepted")
	}
	ask = e.Questions()().(effects.More).Msg.(views.AskMsg)
	if !ask.Secret {
		t.Error("a passphrase would be shown")
	}
	e.Reply(views.Answer{ID: ask.ID})
	if pass := <-passphrase; len(pass) != 0 {
		t.Errorf("a cancelled question gave %q", pass)
	}
	e.Reply(views.Answer{ID: ask.ID + 100})
}

func TestNobodyIsAskedAfterTheEnd(t *testing.T) {
	p := effects.NewPrompter()
	e := effects.New(t.Context(), effectstest.Project(), p)
	failed := make(chan error, 2)
	go func() { _, err := p.HostKey(t.Context(), gateway.HostKeyQuestion{}); failed <- err }()
	e.Close()
	go func() { _, err := p.Passphrase(t.Context(), "id"); failed <- err }()
	for range 2 {
		if err := <-failed; err == nil {
			t.Error("an answer was given")
		}
	}
}

func TestCopyIsClean(t *testing.T) {
	msg := start(t, effectstest.Project(), nil).Copy("iptables -A x\n# vm \x1b]0;y\a\u202ename\r\nend")()
	if got, want := reflect.ValueOf(msg).String(), "iptables -A x\n# vm \ufffdname \nend"; got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
}

func TestLazyConnectsWhenNeededAndAgain(t *testing.T) {
	b, tries := effectstest.Project(), 0
	l := effects.Lazy(func(context.Context) (effects.Backend, error) {
		if tries++; tries < 3 {
			return nil, errors.New("no network")
		}
		return b, nil
	})
	if _, err := l.Inventory(t.Context()); err == nil {
		t.Error("the first try works")
	}
	got := map[gateway.Key]probe.Result{}
	l.Probe(t.Context(), b.State.Forwards[:1], func(k gateway.Key, r probe.Result) { got[k] = r })
	if r := got[b.State.Forwards[0].Key()]; r.Outcome != probe.Unknown {
		t.Errorf("a test that could not be made says %q", r.Outcome)
	}
	for range 3 {
		if inv, err := l.Inventory(t.Context()); err != nil || len(inv.Instances) != 10 {
			t.Errorf("%d instances, %v", len(inv.Instances), err)
		}
	}
	if tries != 3 {
		t.Errorf("%d connects, want 3", tries)
	}
}

func TestKeys(t *testing.T) {
	f := gateway.Forward{Service: gateway.Service{Protocol: gateway.UDP}, Public: netip.MustParseAddrPort("203.0.113.10:60001")}
	if got := effects.Keys([]gateway.Forward{f}); len(got) != 1 || got[0] != f.Key() {
		t.Errorf("got %v", got)
	}
}
