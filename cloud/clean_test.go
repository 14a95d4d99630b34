package cloud_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"portico/cloud"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "assembly-02", "assembly-02"},
		{"umlauts and marks", "Zu\u0308rich Malmö", "Zu\u0308rich Malmö"},
		{"Devanagari", "हिन्दी", "हिन्दी"},
		{"wide", "日本語", "日本語"},
		{"emoji with style", "❤\uFE0F 🇩🇪 👍🏽", "❤\uFE0F 🇩🇪 👍🏽"},
		{"a style on text", "1\uFE0F\u20E3 a\uFE0F", "1\u20E3 a"},
		{"joined emoji", "👩\u200D🔬 👩🏽\u200D🔬 ❤\uFE0F\u200D🔥", "👩🔬 👩🏽🔬 ❤\uFE0F🔥"},
		{"a joiner elsewhere", "a\u200Db", "a\uFFFDb"},
		{"lines", "a\r\nb\tc\u2028d\u2029e\vf\u0085g", "a  b c d e\uFFFDf\uFFFDg"},
		{"a colour", "\x1b[31mred\x1b[0m", "red"},
		{"a title", "a\x1b]0;owned\ab", "ab"},
		{"a C1 introducer", "a\u009b31mb", "a\uFFFD31mb"},
		{"a raw C1 byte", "a\x9b31mb", "a\uFFFD31mb"},
		{"invalid", "a\xffb\xc3", "a\uFFFDb\uFFFD"},
		{"NUL and DEL", "a\x00b\x7f", "a\uFFFDb\uFFFD"},
		{"bidi", "\u202Eexe.ssh\u202C \u2066x\u2069 \u200F", "\uFFFDexe.ssh\uFFFD \uFFFDx\uFFFD \uFFFD"},
		{"zero width", "a\u200Bb\u2060c\uFEFFd\u00ADe\u034Ff", "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf"},
		{"tags", "a\U000E0041\U000E007F", "a\uFFFD\uFFFD"},
		{"private use, unassigned, not a character", "\uE000\U0010FFFD\u0378\uFFFE", "\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"fillers", "\u3164\u115F\uFFA0\u2800", "\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"variation selectors that carry data", "a\uFE00b\U000E0100", "a\uFFFDb\uFFFD"},
		{"a mark on nothing", "\u0301a \u0301", "◌\u0301a ◌\u0301"},
		{"a style on nothing", "\uFE0Fa", "a"},
		{"a tower", "e" + strings.Repeat("\u0301", 99), "e" + strings.Repeat("\u0301", 8)},
	} {
		if got := cloud.Clean(tt.in); got != tt.want {
			t.Errorf("%s: %+q, want %+q", tt.name, got, tt.want)
		}
	}
}

// Whatever comes, what leaves is printable, and cleaning it again changes nothing.
func TestCleanHolds(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.Rune()), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "s")
		got := cloud.Clean(s)
		if again := cloud.Clean(got); again != got {
			t.Fatalf("%+q becomes %+q and then %+q", s, got, again)
		}
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) || !cloud.IsText(r) }) {
			t.Fatalf("%+q becomes %+q", s, got)
		}
	})
}
