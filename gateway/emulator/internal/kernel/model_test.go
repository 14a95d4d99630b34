package kernel_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway/emulator/internal/kernel"
)

// recorded is what the real iptables answered to the history, and held after each step.
const recorded = "testdata/iptables-1.8.9.json"

// answer is how a program ended, and what iptables-save -c printed then.
type answer struct {
	Name     string
	Exit     int
	Out, Err string
	Save     string
}

// TestSameAsRecorded gives the model the history whose answers were taken from a real kernel.
func TestSameAsRecorded(t *testing.T) {
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	var want []answer
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(history) {
		t.Fatalf("%d answers are recorded for %d inputs: run the test with tag kernel and -update", len(want), len(history))
	}
	model := kernel.New()
	for i, h := range history {
		t.Run(h.name, func(t *testing.T) {
			if h.name != want[i].Name {
				t.Fatalf("the answer recorded is to %q", want[i].Name)
			}
			compare(t, h, want[i], ask(model, h))
		})
	}
}

// ask gives the model one input.
func ask(model *kernel.Kernel, h input) answer {
	a := answer{Name: h.name}
	var failed *kernel.Failure
	if h.iptables {
		a.Out, failed = model.Command(h.args)
	} else {
		failed = model.Restore(h.input, h.options())
	}
	if failed != nil {
		a.Exit, a.Err = failed.Exit, normalise(failed.Text)
	}
	a.Save, _ = model.Save("", true)
	return a
}

func compare(t *testing.T, h input, want, got answer) {
	t.Helper()
	if h.otherWords {
		want.Err, got.Err = "", ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %q (-kernel +model):\n%s", h.program(), h.args, diff)
	}
}

// normalise drops what depends on the version installed.
func normalise(s string) string {
	s = strings.ReplaceAll(s, kernel.Version, "VERSION")
	if i := strings.Index(s, " v1."); i >= 0 {
		if j := strings.Index(s[i:], ")"); j >= 0 {
			s = s[:i] + " VERSION" + s[i+j+1:]
		}
	}
	return s
}

func TestBoot(t *testing.T) {
	k := kernel.New()
	changes := 0
	k.OnChange(func() { changes++ })
	if f := k.Restore("*nat\n:X - [0:0]\nCOMMIT\n", kernel.RestoreOptions{NoFlush: true}); f != nil {
		t.Fatal(f)
	}
	if !k.SetSysctl("net.ipv4.conf.all.forwarding", "1") || !k.Forwarding() {
		t.Error("the two names of forwarding are not one switch")
	}
	if k.SetSysctl("net.ipv4.ip_forward", "yes") || k.SetSysctl("net.ipv4.nope", "1") {
		t.Error("a value or a name that is none was taken")
	}
	k.Boot()
	if text, _ := k.Save("", false); text != "" || k.Forwarding() {
		t.Errorf("after boot: forwarding %v, %s", k.Forwarding(), text)
	}
	if changes != 3 {
		t.Errorf("%d changes were told, want 3", changes)
	}
}

func FuzzRestore(f *testing.F) {
	for _, h := range history {
		f.Add(h.input)
	}
	f.Add("*nat\n:X - [0:0]\nCOMMIT\n\f\n")
	f.Fuzz(func(t *testing.T, input string) {
		k := kernel.New()
		before, _ := k.Save("", true)
		failed := k.Restore(input, kernel.RestoreOptions{NoFlush: true})
		after, _ := k.Save("", true)
		_, rest, _ := strings.Cut(input, "COMMIT")
		if failed != nil && strings.Trim(rest, "\n") == "" && after != before {
			t.Errorf("refused, and yet it changed the rules:\n%s", after)
		}
		if again := k.Restore(after, kernel.RestoreOptions{Counters: true}); again != nil && !strings.Contains(after, "\n\"") {
			t.Errorf("its own rules are refused: %v\n%s", again, after)
		}
	})
}
