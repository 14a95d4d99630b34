package publish_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	usecase "portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views"
	fixture "portico/views/preview/previewtest"
)

func TestTyping(t *testing.T) {
	f := open(nil, fixture.Assembly)
	if f.Typing() {
		t.Error("a checkbox holds the keyboard")
	}
	f.press(toOwn...)
	if !f.Typing() {
		t.Error("the text does not hold the keyboard")
	}
	f.press("left", "q?:")
	if out := draw(t, f, 120, 40); !strings.Contains(out, "q?:") {
		t.Error("shortcuts are not typed as text")
	}
	f.press("down")
	if f.Typing() {
		t.Error("down does not leave the text")
	}
}

func TestPasteIsCleaned(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.send(tea.PasteMsg{Content: "10.0.0.0/8"})
	if f.draft.Request.Sources != nil {
		t.Error("a paste on a checkbox does something")
	}
	f.press(toOnly...)
	f.send(tea.PasteMsg{Content: "10.0.0.0/8\n198.51.100.0/24\r\n"})
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("198.51.100.0/24")}
	if got := f.draft.Request.Sources; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("two pasted lines give %v", got)
	}
	f.send(tea.PasteMsg{Content: "\x1b]52;c;ZXZpbA==\x07\u202e\x00"})
	out := draw(t, f, 120, 40)
	if strings.ContainsAny(out, "\x1b\x07\u202e\x00") {
		t.Errorf("control characters get through: %q", out)
	}
	before := f.drafts
	f.press("ctrl+v")
	if f.drafts != before {
		t.Error("ctrl+v reads a clipboard")
	}
}

func TestSchemesShowThisInstancesPorts(t *testing.T) {
	out := draw(t, open(nil, fixture.Assembly), 120, 40)
	for _, want := range []string{"per-service  30011 31011 32011", "interleaved  30033 30034 30035", "two-octet    30011 udp 30011", "first free of 20000-29999", "tcp/22    → 30011"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out = draw(t, open(nil, fixture.Assembly, fixture.Japanese), 120, 40)
	for _, want := range []string{"per-service  30000+n 31000+n 32000+n", "interleaved  30000+3n 30001+3n 30002+3n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestSchemesThatComeLate(t *testing.T) {
	f := &form{}
	*f = *open(nil, fixture.Assembly)
	f.press(toScheme2...)
	f.press("space")
	f.send(views.SchemesMsg{Schemes: scheme.Builtin()[:1]})
	if got := f.draft.Request.Scheme; got != "per-service" {
		t.Errorf("scheme %q is asked for after it is gone", got)
	}
	f.press("down", "space")
	draw(t, f, 80, 24)
}

func TestStandingSourcesAreKept(t *testing.T) {
	office := netip.MustParsePrefix("198.51.100.0/24")
	limited := fixture.Forward(fixture.Assembly, fixture.SSH, 30011, office)
	f := open([]gateway.Forward{limited}, fixture.Assembly)
	if got := f.draft.Request.Sources; len(got) != 1 || got[0] != office {
		t.Errorf("publishing again would open a limited forward: sources %v", got)
	}
	f.press(toAnywhere...)
	f.press("space")
	f.send(views.SnapshotMsg{Snapshot: fixture.Snapshot([]gateway.Forward{limited}, fixture.Assembly)})
	if got := f.draft.Request.Sources; len(got) != 0 {
		t.Errorf("fresh data overrules what the operator chose: %v", got)
	}
	open2 := fixture.Forward(fixture.Assembly, fixture.HTTP, 31011)
	f = open([]gateway.Forward{limited, open2}, fixture.Assembly)
	if got := f.draft.Request.Sources; len(got) != 0 {
		t.Errorf("sources of one of two forwards are taken: %v", got)
	}
}

func TestFreshDataAsksForAPlanAgain(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.answer(fixture.Proposal(fixture.Assembly), nil)
	before := f.draft.Seq
	f.send(views.SnapshotMsg{Snapshot: fixture.Snapshot(nil, fixture.Assembly)})
	if f.draft.Seq <= before {
		t.Fatal("no new draft")
	}
	if out := draw(t, f, 120, 40); !strings.Contains(out, "8 to add") {
		t.Error("the preview goes away while the same plan is made again")
	}
}

func TestTheGatewaysOwnErrorIsShown(t *testing.T) {
	f := open(nil, fixture.Assembly)
	s := fixture.Snapshot(nil, fixture.Assembly)
	s.State = nil
	f.send(views.SnapshotMsg{Snapshot: s, GatewayErr: &gateway.Error{Op: "log in to", Target: "gw-1", Kind: gateway.Auth, Err: errors.New("no key was accepted")}})
	f.answer(usecase.Proposal{}, &gateway.Error{Op: "plan", Kind: gateway.Unreachable, Err: errors.New("what stands on the gateway is not known yet")})
	if out := draw(t, f, 120, 40); !strings.Contains(out, "could not log in to gw-1") || !strings.Contains(out, "no key was accepted") {
		t.Errorf("got\n%s", out)
	}
}

func TestReopeningForgetsTheFormButNotTheCount(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press("down", "space")
	last := f.draft.Seq
	f.send(views.OpenFormMsg{Instances: []string{fixture.Japanese.ID}})
	if f.draft.Seq <= last {
		t.Errorf("draft %d after %d: an answer to the earlier form could be taken for its own", f.draft.Seq, last)
	}
	if got := f.draft.Request.Services; len(got) != 1 || got[0] != "ssh" {
		t.Errorf("services %v", got)
	}
}

func TestEveryFieldIsInSightWhenItHasTheFocus(t *testing.T) {
	for _, size := range sizes {
		f := open(nil, fixture.Assembly)
		f.answer(fixture.Proposal(fixture.Assembly), nil)
		for range 12 {
			if out := draw(t, f, size.w, size.h); !strings.Contains(out, "▸") {
				t.Fatalf("%dx%d: the focus is out of sight\n%s", size.w, size.h, out)
			}
			f.press("down")
		}
	}
	for _, size := range []struct{ w, h int }{{0, 0}, {3, 3}, {10, 2}, {24, 4}} {
		if size.h > 0 {
			draw(t, open(nil, fixture.Emoji), size.w, size.h)
		}
	}
}

func TestWarningsLeaveRoomForTheForwards(t *testing.T) {
	p := fixture.Proposal(fixture.Assembly)
	p.Plan.Warnings = append(p.Plan.Warnings, plan.Warning{
		Title: "also puts right what others have changed", Detail: strings.Repeat("published, but without its group: locked-down; ", 3) + "lastwords",
	})
	for _, size := range sizes[:3] {
		f := open(nil, fixture.Assembly)
		f.answer(p, nil)
		out := draw(t, f, size.w, size.h)
		for _, want := range []string{"! also puts right", "203.0.113.10:30011", "8 to add", "lastwords"} {
			if !strings.Contains(out, want) {
				t.Errorf("%dx%d: no %q in\n%s", size.w, size.h, want, out)
			}
		}
		if strings.Contains(out, "nothing else") {
			t.Errorf("%dx%d: it says that nothing else is touched in\n%s", size.w, size.h, out)
		}
	}
}

func TestManyForwardsAreCounted(t *testing.T) {
	p := fixture.Proposal(fixture.Assembly)
	for n := range uint16(250) {
		p.Items = append(p.Items, fixture.Item(plan.Create, fixture.Japanese, fixture.Forward(fixture.Japanese, fixture.SSH, 40000+n)))
	}
	f := open(nil, fixture.Assembly)
	f.answer(p, nil)
	for _, size := range sizes {
		out := draw(t, f, size.w, size.h)
		shown := strings.Count(out, "203.0.113.10:")
		if want := fmt.Sprintf("… %d more forwards", len(p.Items)-shown); !strings.Contains(out, want) {
			t.Errorf("%dx%d: no %q in\n%s", size.w, size.h, want, out)
		}
	}
}

func TestTheConfigurationsServicesAreOffered(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press("down", "space")
	f.send(views.SchemesMsg{Schemes: scheme.Builtin(), Services: append(usecase.Services(), gateway.Service{Name: "jupyter", Protocol: gateway.TCP, Port: 8888})})
	if out := draw(t, f, 120, 40); !strings.Contains(out, "[ ] jupyter") || !strings.Contains(out, "[x] http") || !strings.Contains(out, "[x] ssh") {
		t.Errorf("\n%s", out)
	}
	f.send(views.OpenFormMsg{Instances: []string{fixture.Assembly.ID}})
	if out := draw(t, f, 120, 40); !strings.Contains(out, "[ ] jupyter") || !strings.Contains(out, "[ ] http") {
		t.Errorf("opened anew:\n%s", out)
	}
}

func TestWhatCannotBePublishedIsLeftOut(t *testing.T) {
	f := open(nil, fixture.Assembly)
	s := fixture.Snapshot(nil, fixture.Assembly)
	s.Inventory.Instances = append(s.Inventory.Instances, cloud.Instance{ID: "bare", Name: "bare"})
	f.send(views.SnapshotMsg{Snapshot: s})
	f.send(views.OpenFormMsg{Instances: []string{"bare", fixture.Assembly.ID}})
	f.answer(usecase.Proposal{}, &gateway.Error{Op: "publish", Target: "bare", Kind: gateway.Invalid, Err: errors.New("it has no fixed IPv4 address")})
	out := draw(t, f, 120, 40)
	if !strings.Contains(out, "f leaves out 1 VM") || strings.Contains(out, "✗ no port") {
		t.Errorf("\n%s", out)
	}
	f.press("f")
	if got := f.draft.Request.Instances; len(got) != 1 || got[0] != fixture.Assembly.ID {
		t.Errorf("asked for %v", got)
	}
	f.press("esc") // it is still the same form
	if _, left := f.intent.(views.Back); !left {
		t.Errorf("esc gives %T", f.intent)
	}
}
