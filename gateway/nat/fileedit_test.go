package nat

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What sed makes of an edit is the text that was wanted, whatever lines come, go and move.
func TestEditFile(t *testing.T) {
	if _, err := exec.LookPath("sed"); err != nil {
		t.Skip("this machine has no sed")
	}
	edits := 0
	rapid.Check(t, func(t *rapid.T) {
		var old, want []string
		for i := range 400 {
			old = append(old, fmt.Sprintf("[0:0] -A PORTICO-TCP-30000-30015 -p tcp --dport %d -j DNAT --to-destination 192.168.0.%d:22", 20000+i, i))
		}
		want = append(want, old...)
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			at := rapid.IntRange(0, len(want)-2).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				want = append(want[:at:at], want[at+1:]...)
			case 1:
				line := rapid.StringMatching(`[[:][ -~]{0,30}`).Draw(t, "line")
				want = append(want[:at:at], append([]string{line}, want[at:]...)...)
			case 2:
				want[at] = strings.Repeat("x", at%7)
			}
		}
		before, after := strings.Join(old, "\n")+"\n", strings.Join(want, "\n")+"\n"
		e := editFile(before, after)
		if e == nil {
			return
		}
		edits++
		cmd := exec.Command("sed", "-e", e.script)
		cmd.Stdin = strings.NewReader(before)
		got, err := cmd.Output()
		if err != nil || string(got) != after {
			t.Fatalf("%v: %s", err, e.script)
		}
	})
	if edits == 0 {
		t.Error("nothing was edited")
	}
}

// A short file, an empty one and one that is wholly other are written anew.
func TestEditNotWorthIt(t *testing.T) {
	long := strings.Repeat("a line of it\n", 4000)
	for name, c := range map[string][2]string{
		"short": {"a\n", "b\n"}, "new": {"", long}, "another": {long, strings.Repeat("something else\n", 4000)},
		"the same": {long, long}, "longer at the end": {long, long + "more\n"}, "a backslash": {long, `\` + "\n" + long},
	} {
		if e := editFile(c[0], c[1]); e != nil {
			t.Errorf("%s: %s", name, e.script)
		}
	}
}
