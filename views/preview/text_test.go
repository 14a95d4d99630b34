package preview_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/views/preview"
	"portico/views/widget"
)

func TestWrap(t *testing.T) {
	cases := []struct {
		name, in string
		width    int
		want     []string
	}{
		{"short", "-A FORWARD", 20, []string{"-A FORWARD"}},
		{"options stay whole", "-A FORWARD --ctstate DNAT", 18, []string{"-A FORWARD", "  --ctstate DNAT"}},
		{"leading spaces are kept", "    iptables -w 10", 14, []string{"    iptables", "      -w 10"}},
		{"a long word is broken", "abcdefghij", 4, []string{"abcd", "  ef", "  gh", "  ij"}},
		{"wide characters are not halved", "日本語", 5, []string{"日本", "  語"}},
		{"empty", "", 5, []string{""}},
		{"no room", "x", 0, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, preview.Wrap(c.in, c.width)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWrapLosesNothingAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[ -~äöü日本語]{0,80}`).Draw(t, "text")
		width := rapid.IntRange(4, 60).Draw(t, "width")
		lines := preview.Wrap(s, width)
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := squeeze(strings.Join(lines, " ")); got != squeeze(s) {
			t.Fatalf("%q became %q", squeeze(s), got)
		}
		for _, l := range lines {
			if widget.Width(l) > width {
				t.Fatalf("%q is wider than %d", l, width)
			}
		}
	})
}

// Plain text, which takes a shorter way, breaks as any other does: where a character of two bytes and one
// cell stands for one of its letters.
func TestWrapPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, width := rapid.StringMatching(`[a-d][ a-d]{0,60}`).Draw(t, "text"), rapid.IntRange(1, 30).Draw(t, "width")
		other := strings.Split(strings.ReplaceAll(strings.Join(preview.Wrap(strings.ReplaceAll(s, "a", "ä"), width), "\n"), "ä", "a"), "\n")
		if diff := cmp.Diff(other, preview.Wrap(s, width)); diff != "" {
			t.Fatal(diff)
		}
	})
}
