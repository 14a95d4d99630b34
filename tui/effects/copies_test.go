package effects

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

// The text stands alone, in lines as long as it has them, and nothing in it reaches the terminal.
func TestShown(t *testing.T) {
	long := "ssh " + strings.Repeat("x", 300)
	for _, typed := range []string{"\n", "", "anything\n"} {
		var out bytes.Buffer
		p := &shown{text: CleanLines(long + "\nsecond \x1b]0;owned\a line\n"), what: "ssh"}
		p.SetStdin(strings.NewReader(typed))
		p.SetStdout(&out)
		p.SetStderr(&out)
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		body, found := strings.CutPrefix(out.String(), otherScreen)
		body, ended := strings.CutSuffix(body, firstScreen)
		if !found || !ended || !strings.HasPrefix(body, long+"\nsecond ") || strings.Contains(body, "\x1b") {
			t.Errorf("%q", out.String())
		}
	}
	p := &shown{text: "x"}
	p.SetStdin(strings.NewReader("\n"))
	p.SetStdout(closed{})
	if p.Run() == nil {
		t.Error("nothing was shown, and nobody is told")
	}
}
