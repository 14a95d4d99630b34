package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"portico/gateway/plan"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"":                          nil,
		"  list  ":                  {"list"},
		"publish a b\t--yes":        {"publish", "a", "b", "--yes"},
		`publish "two words" 'x"y'`: {"publish", "two words", `x"y`},
		`a\ b "c\"d" 'e\f'`:         {"a b", `c"d`, `e\f`},
		`''`:                        {""},
		"解析 $(reboot) `id`":         {"解析", "$(reboot)", "`id`"},
	} {
		got, err := split(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`"a`, `a'`, `a\`} {
		if got, err := split(line); err == nil {
			t.Errorf("%q: %q, want an error", line, got)
		}
	}
}

// TestALineNobodyWaitsForIsTheNextOnes: a question that was taken back eats no answer.
func TestALineNobodyWaitsForIsTheNextOnes(t *testing.T) {
	in, typed := io.Pipe()
	r := newLineReader(in)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.line(gone); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(typed, "first\nsecond"); _ = typed.Close() }()
	for _, want := range []string{"first", "second"} {
		if got, err := r.line(t.Context()); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if _, err := r.line(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("%v at the end", err)
	}
}

func TestSpoken(t *testing.T) {
	for text, want := range map[string]string{
		warning("it drifted", "twice"):                                                "warning: it drifted: twice",
		styleGood.Render("✓") + " gw-1 " + "took 12 ms":                               "ok: gw-1 took 12 ms",
		"✓  1  you      it answers\n✗  2  groups   no rule\n?  3  ssh      follows\n": "ok: 1 you it answers\nfailed: 2 groups no rule\nunknown: 3 ssh follows\n",
		"✗ timed out":                                       "failed: timed out",
		"╭──╮ ● healthy… 34 -> 36":                          " healthy... 34 to 36",
		"a name with → and 解析":                              "a name with to and 解析",
		"! no warning of ours, as in a script of the shell": "! no warning of ours, as in a script of the shell",
	} {
		if got := spoken(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	a := &app{flags: flags{plain: true}}
	for _, x := range []plan.Action{0, plan.Create, plan.Update, plan.Delete} {
		if s := a.sign(x) + a.itemSign(x) + a.lineSign(x); strings.ContainsAny(s, "+~-=") {
			t.Errorf("%q is no word", s)
		}
	}
}
