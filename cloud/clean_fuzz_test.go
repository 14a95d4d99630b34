package cloud_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"portico/cloud"
)

// FuzzClean: what leaves is one line of valid, visible characters without an escape sequence, and
// cleaning it again changes nothing.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"assembly-02", "\x1b[31mred\x1b[0m", "\x1b]0;t\a", "\x1bP1$r\x1b\\", "\u202Ea\u2066", "a\xff\x9b31m", "\u0301a", "👩\u200D🔬", "\U000E0041", "\x1b\x1b\n[", "\xc2\x1b\x9b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cloud.Clean(s)
		hidden := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) }
		if !utf8.ValidString(got) || strings.ContainsFunc(got, hidden) {
			t.Fatalf("%+q becomes %+q", s, got)
		}
		if again := cloud.Clean(got); again != got {
			t.Fatalf("%+q becomes %+q and then %+q", s, got, again)
		}
	})
}
