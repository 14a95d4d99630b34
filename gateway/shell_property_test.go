package gateway

import (
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
	"pgregory.net/rapid"
)

// A shell's parser takes quoted words for one simple command and expands it to the same words.
// Carriage returns are left to FuzzQuote: this parser drops them, a shell does not.
func TestQuoteIsOneCommand(t *testing.T) {
	word := rapid.OneOf(
		rapid.SampledFrom([]string{"", "'", `\`, "$(id)", "`id`", "a b", "a\nb", "~", "*", "{a,b}", "A=1", "#", "!", "if", "done", "time", "select", "function", "coproc", ";", "&&", "<<EOF", "-n", "$'x'"}),
		rapid.String(),
	).Filter(func(s string) bool { return !strings.ContainsAny(s, "\x00\r") })
	for _, lang := range []syntax.LangVariant{syntax.LangPOSIX, syntax.LangBash} {
		rapid.Check(t, func(t *rapid.T) {
			want := rapid.SliceOfN(word, 1, 5).Draw(t, "words")
			file, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(Quote(want...)), "")
			if err != nil || len(file.Stmts) != 1 {
				t.Fatalf("%s: %v", Quote(want...), err)
			}
			call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
			if !ok || len(call.Assigns)+len(file.Stmts[0].Redirs) > 0 {
				t.Fatalf("%s is no simple command", Quote(want...))
			}
			got, err := expand.Fields(&expand.Config{Env: expand.ListEnviron()}, call.Args...)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s gives %q, want %q, %v", Quote(want...), got, want, err)
			}
		})
	}
}
