package publish_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	usecase "portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views"
	fixture "portico/views/preview/previewtest"
)

// tried answers what the form has asked of a formula.
func (f *form) tried() {
	f.send(views.TriedMsg{Seq: f.asked.Seq, Trial: usecase.Try(fixture.Snapshot(nil, fixture.Assembly), f.asked.Scheme, f.asked.Subnet)})
}

// A formula that is typed is what is planned with, in place of a scheme, as long as it can be read.
func TestFormula(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toFormula...)
	f.press("40000 + n")
	if r := f.draft.Request; r.Formula != "40000 + n" || r.Scheme != "" || r.KeepPorts || len(r.Ports) > 0 {
		t.Errorf("it asks for %+v", r)
	}
	if f.asked.Subnet.String() != "192.168.0.0/24" {
		t.Errorf("it is computed over %s", f.asked.Subnet)
	}
	if out := draw(t, f, 120, 40); !strings.Contains(out, "→ 40011") {
		t.Errorf("the instance's port is not shown:\n%s", out)
	}
	f.tried()
	if out := draw(t, f, 120, 40); !strings.Contains(out, "✓ ssh 40001-40254 for 254 addresses") {
		t.Errorf("what it gives is not shown:\n%s", out)
	}
	drafts := f.drafts
	f.press("n")
	if out := draw(t, f, 80, 24); f.drafts != drafts || !strings.Contains(out, "at character 9: unknown name nn") {
		t.Errorf("what is wrong is not shown:\n%s", out)
	}
	f.press("enter")
	if _, ok := f.intent.(views.Tell); !ok {
		t.Errorf("a formula that is wrong can be gone on with: %T", f.intent)
	}
	f.press("bs", "enter")
	f.answer(fixture.Proposal(fixture.Assembly), nil)
	f.press("enter")
	if _, ok := f.intent.(views.ShowPlan); !ok {
		t.Errorf("corrected, it cannot be gone on with: %T", f.intent)
	}
	f.press("down", "down", "40022")
	if r := f.draft.Request; r.Formula != "" || len(r.Ports) != 1 {
		t.Errorf("ports typed after it do not replace it: %+v", r)
	}
}

// What is typed while a formula is computed is computed next; the answer to what was before is dropped.
func TestFormulaIsCurrent(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toFormula...)
	f.press("40000")
	old := f.asked
	f.tried()
	if out := draw(t, f, 80, 24); !strings.Contains(out, "two services on one port") || !strings.Contains(out, "both get tcp/40000") {
		t.Errorf("the collision is not shown:\n%s", out)
	}
	f.press("+n")
	f.send(views.TriedMsg{Seq: old.Seq, Trial: usecase.Try(fixture.Snapshot(nil), old.Scheme, old.Subnet)})
	f.tried()
	if out := draw(t, f, 80, 24); strings.Contains(out, "two services") || !strings.Contains(out, "40001-40254") {
		t.Errorf("a stale answer is shown:\n%s", out)
	}
}

func TestFormulaIsSaved(t *testing.T) {
	f := open(nil, fixture.Assembly)
	f.press(toFormula...)
	f.press("40000+n", "ctrl+s")
	if _, ok := f.intent.(views.Tell); !ok {
		t.Errorf("without a name there is %T", f.intent)
	}
	f.press("down", "ours", "ctrl+s")
	s, ok := f.intent.(views.SaveScheme)
	if !ok || s.Config.Name != "ours" || len(s.Config.Services) != 1 || s.Config.Services[0].Formula != "40000+n" {
		t.Fatalf("it saves %+v", f.intent)
	}
	if _, err := scheme.New(s.Config); err != nil {
		t.Error(err)
	}
	f.press("up", "bs", "bs") // every address the same port
	f.tried()
	f.press("ctrl+s")
	if x, ok := f.intent.(views.Tell); !ok || !strings.Contains(x.Text, "would not get their ports") {
		t.Errorf("what collides is saved: %+v", f.intent)
	}
}

func TestFormulaForms(t *testing.T) {
	for _, text := range []string{"40000 + n", "40000", "40000 + nn", "http=40000+n"} {
		for _, size := range sizes[:3] {
			t.Run(fmt.Sprintf("%s/%dx%d", strings.NewReplacer(" ", "", "+", "-plus-", "=", "-is-").Replace(text), size.w, size.h), func(t *testing.T) {
				f := open(nil, fixture.Assembly)
				f.press(toFormula...)
				f.press(text)
				if f.asked.Scheme != nil {
					f.tried()
				}
				golden.RequireEqual(t, draw(t, f, size.w, size.h))
			})
		}
	}
}
