package publish_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"portico/gateway"
	"portico/gateway/probe"
	usecase "portico/gateway/publish"
	"portico/views"
	fixture "portico/views/preview/previewtest"
)

var me = netip.MustParseAddr("198.51.100.7")

// tell answers a part of the last survey.
func (f *form) tell(instance string, svc gateway.Service, o probe.Outcome, detail string) {
	f.send(views.SurveyMsg{Seq: f.survey.Seq, Finding: &usecase.Finding{
		Instance: instance, Service: svc, Result: probe.Result{Target: probe.Target{Service: svc}, Outcome: o, Detail: detail},
	}})
}

// surveyed has the answers of the first instance, and of the others that nothing answers.
func surveyed(f *form) *form {
	survey := f.survey
	f.answer(fixture.Proposal(fixture.Assembly), nil)
	f.send(views.SurveyMsg{Seq: survey.Seq, Me: &views.Me{Addr: me}})
	for i, id := range survey.Instances {
		for j, svc := range survey.Services {
			switch {
			case svc.Protocol == gateway.UDP:
				f.tell(id, svc, probe.Unknown, "udp has no connection to test: only its own client can tell")
			case i > 0:
				f.tell(id, svc, probe.Timeout, "no answer, seen from the gateway")
			case j == 0:
				f.tell(id, svc, probe.OK, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3")
			case j == 1:
				f.tell(id, svc, probe.Wrong, `it says "220 smtp", which is not HTTP`)
			default:
				f.tell(id, svc, probe.Refused, "connection refused, seen from the gateway")
			}
		}
	}
	f.send(views.SurveyMsg{Seq: survey.Seq, Done: true})
	return f
}

// held is a form whose gateway has a program on a port.
func held(f *form, port uint16) *form {
	s := fixture.Snapshot(nil, fixture.Assembly, fixture.Japanese)
	s.State.Reserved = []gateway.Reserved{{Protocol: gateway.TCP, Port: port, By: "node_exporter, which listens on gw-1"}, {Protocol: gateway.TCP, Port: 2201, By: "a rule that is not Portico's: -A PREROUTING", ByRule: true}}
	s.State.LocalPorts = [2]uint16{32768, 60999}
	f.send(views.SnapshotMsg{Snapshot: s})
	f.answer(usecase.Proposal{}, &gateway.Error{
		Op: "publish", Target: "ssh", Kind: gateway.Conflict, Err: errors.New("node_exporter, which listens on gw-1 has this port"), Next: "choose another scheme, or free the port",
	})
	return f
}

func TestSurveyIsAskedOnce(t *testing.T) {
	f := open(nil, fixture.Assembly)
	if s := f.survey; s.Seq == 0 || !slices.Equal(s.Instances, []string{fixture.Assembly.ID}) || len(s.Services) != len(usecase.Services()) {
		t.Fatalf("it asks %+v", s)
	}
	f.survey = views.Survey{}
	f.send(views.SnapshotMsg{Snapshot: fixture.Snapshot(nil, fixture.Assembly)})
	if f.survey.Seq != 0 {
		t.Error("fresh data asks again")
	}
	f.press("r")
	if s, ok := f.intent.(views.Survey); !ok || s.Seq != 2 {
		t.Errorf("r gives %#v", f.intent)
	}
}

func TestSurveyWaitsForTheGateway(t *testing.T) {
	f := &form{Screen: open(nil, fixture.Assembly).Screen}
	s := fixture.Snapshot(nil, fixture.Assembly)
	s.State = nil
	f.send(views.SnapshotMsg{Snapshot: s})
	f.send(views.OpenFormMsg{Instances: []string{fixture.Assembly.ID}})
	if f.survey.Seq != 0 {
		t.Fatal("nobody can be asked yet")
	}
	f.send(views.SnapshotMsg{Snapshot: fixture.Snapshot(nil, fixture.Assembly)})
	if f.survey.Seq == 0 {
		t.Error("it is never asked")
	}
}

func TestWhatAnswersIsShown(t *testing.T) {
	f := open(nil, fixture.Assembly)
	if out := draw(t, f, 120, 40); !strings.Contains(out, "→ 30011 …") || !strings.Contains(out, "gw-1 is connecting…") {
		t.Errorf("nothing says that it is being asked:\n%s", out)
	}
	out := draw(t, surveyed(f), 120, 40)
	for _, want := range []string{"→ 30011 ✓ OpenSSH_9.2p1", "→ 31011 ✗ not http", "→ 32011 ✗ closed", "no port ? unknown", "gw-1 got: SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "me  198.51.100.7  as gw-1 sees you"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	many := surveyed(open(nil, fixture.Assembly, fixture.Japanese, fixture.Emoji))
	out = draw(t, many, 120, 40)
	for _, want := range []string{"1 of 3 answer", "0 of 3 answer", "? unknown", "no answer: " + fixture.Japanese.Name} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestLateFindingsAreDropped(t *testing.T) {
	f := open(nil, fixture.Assembly)
	old := f.survey
	f.send(views.OpenFormMsg{Instances: []string{fixture.Assembly.ID}})
	if f.survey.Seq == old.Seq {
		t.Fatal("two surveys have one number")
	}
	now := f.survey
	f.survey = old
	f.tell(fixture.Assembly.ID, fixture.SSH, probe.OK, "SSH-2.0-late")
	f.send(views.SurveyMsg{Seq: old.Seq, Me: &views.Me{Addr: me}})
	f.survey = now
	if out := draw(t, f, 120, 40); strings.Contains(out, "late") || strings.Contains(out, me.String()) {
		t.Errorf("answers to an earlier question are shown:\n%s", out)
	}
}

func TestOwnServicesAreLookedForWhenTheyAreTyped(t *testing.T) {
	f := surveyed(open(nil, fixture.Assembly))
	f.press(toOwn...)
	before := f.survey.Seq
	f.press("jupyter=tcp/8888")
	if _, ok := f.intent.(views.Survey); ok {
		t.Error("each letter asks")
	}
	f.press("down")
	own := gateway.Service{Name: "jupyter", Protocol: gateway.TCP, Port: 8888}
	s, ok := f.intent.(views.Survey)
	if !ok || s.Seq == before || !slices.Equal(s.Services, []gateway.Service{own}) {
		t.Fatalf("leaving the field gives %#v", f.intent)
	}
	f.survey = s
	f.tell(fixture.Assembly.ID, own, probe.OK, "connected")
	if out := draw(t, f, 120, 40); !strings.Contains(out, "tcp/8888  ✓ answers") {
		t.Errorf("\n%s", out)
	}
}

func TestLeavingEndsTheSurvey(t *testing.T) {
	f := open(nil, fixture.Assembly)
	_, intent := f.Update(keyEsc)
	b, ok := intent.(views.Both)
	if !ok {
		t.Fatalf("esc gives %T", intent)
	}
	if s, ok := b.First.(views.Survey); !ok || len(s.Instances) != 0 {
		t.Errorf("first %#v", b.First)
	}
	if _, ok := b.Then.(views.Back); !ok {
		t.Errorf("then %#v", b.Then)
	}
}

func TestFromMe(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toMe...)
	before := f.drafts
	f.press("space")
	if f.drafts != before {
		t.Fatal("it is planned for an address that nobody knows")
	}
	if out := draw(t, f, 120, 40); !strings.Contains(out, "your address is not known") {
		t.Errorf("\n%s", out)
	}
	f.send(views.SurveyMsg{Seq: f.survey.Seq, Me: &views.Me{Addr: me}})
	if got := f.draft.Request.Sources; f.drafts != before+1 || len(got) != 1 || got[0] != netip.PrefixFrom(me, 32) {
		t.Errorf("sources %v", got)
	}
	f.send(views.SurveyMsg{Seq: f.survey.Seq, Me: &views.Me{Err: &gateway.Error{Op: "ask", Kind: gateway.Invalid, Err: errors.New("it sees us at 2001:db8::7")}}})
	if out := draw(t, f, 120, 40); !strings.Contains(out, "unknown: it sees us at") {
		t.Errorf("\n%s", out)
	}
}

func TestOwnPorts(t *testing.T) {
	cases := []struct {
		name, typed string
		vms         []fixture.VM
		want        []uint16
		says        string
	}{
		{"one", "40022", []fixture.VM{fixture.Assembly}, []uint16{40022}, ""},
		{"a range for several", "40022-40023", []fixture.VM{fixture.Assembly, fixture.Japanese}, []uint16{40022, 40023}, ""},
		{"too few", "40022", []fixture.VM{fixture.Assembly, fixture.Japanese}, nil, "1 port for 2 forwards"},
		{"a low one", "80", []fixture.VM{fixture.Assembly}, nil, "public ports run from 1024"},
		{"nonsense", "ssh", []fixture.VM{fixture.Assembly}, nil, "ssh is no port"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := open(nil, c.vms...)
			f.press(toPorts...)
			f.press(c.typed)
			if c.want == nil {
				if out := draw(t, f, 120, 40); !strings.Contains(out, c.says) {
					t.Errorf("no %q in\n%s", c.says, out)
				}
				return
			}
			if got := f.draft.Request.Ports; !slices.Equal(got, c.want) {
				t.Errorf("ports %v", got)
			}
			for range c.typed {
				f.press("bs")
			}
			if got := f.draft.Request.Ports; got != nil {
				t.Errorf("deleted, they are still asked for: %v", got)
			}
		})
	}
}

func TestCollisionsAreSeenBeforeThePlan(t *testing.T) {
	f := held(open(nil, fixture.Assembly), 30011)
	f.press("down", "space") // before its answer comes
	out := draw(t, f, 120, 40)
	for _, want := range []string{"per-service  ✗ taken", "✗ 30011 for ssh of assembly-02 is taken: node_exporter", "✗ taken", "+ asked for"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	f.press("f")
	if got := f.draft.Request.Scheme; got != "interleaved" {
		t.Errorf("f takes %q", got)
	}
	if out := draw(t, f, 120, 40); strings.Contains(out, "✗ 30011 for") {
		t.Errorf("it is still taken:\n%s", out)
	}
}

func TestWhatStandsKeepsItsPortUnlessASchemeIsChosen(t *testing.T) {
	f := open([]gateway.Forward{fixture.Forward(fixture.Assembly, fixture.SSH, 40022)}, fixture.Assembly)
	if !f.draft.Request.KeepPorts {
		t.Error("publishing more moves what stands")
	}
	if out := draw(t, f, 120, 40); !strings.Contains(out, "= 40022") {
		t.Errorf("where it is is not shown:\n%s", out)
	}
	f.press(toScheme2[:5]...)
	f.press("space")
	if f.draft.Request.KeepPorts {
		t.Error("a chosen scheme changes nothing")
	}
}

func TestNeutronIsNotTakenWhereTheCloudLacksIt(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toNeutron...)
	before := f.drafts
	f.press("space")
	tell, ok := f.intent.(views.Tell)
	if !ok || !strings.Contains(tell.Text, "Neutron lacks floating-ip-port-forwarding") || f.drafts != before || f.draft.Request.Engine != "" {
		t.Errorf("space gives %#v", f.intent)
	}
}

func TestTheMapIsOneKeyAway(t *testing.T) {
	f := open([]gateway.Forward{fixture.Forward(fixture.Japanese, fixture.SSH, 30020)}, fixture.Assembly, fixture.Japanese)
	for _, size := range sizes {
		f.press("m")
		if out := draw(t, f, size.w, size.h); !strings.Contains(out, "public tcp ports of 203.0.113.10") || !strings.Contains(out, "+ asked for") {
			t.Errorf("%dx%d:\n%s", size.w, size.h, out)
		}
		f.press("m")
	}
	f.press("m", "esc")
	if f.intent != nil {
		t.Errorf("esc leaves the form: %T", f.intent)
	}
	f.press("m", "down")
	if out := draw(t, f, 80, 24); !strings.Contains(out, "▸ [ ] http") {
		t.Errorf("the form does not come back:\n%s", out)
	}
}
