package widget_test

import (
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/views/viewtest"
	"portico/views/widget"
)

func TestFilterMatches(t *testing.T) {
	titles := []string{"NAME", "STATUS", "ADDRESS", "FLOATING IP port", "STARTED"}
	row := []string{"Assembly-02 !x", "✗ error", "192.168.0.11", "203.0.113.10:30011", "error:7"}
	cases := map[string]bool{
		"": true, "ASSEMBLY": true, "assembly error": true, "assembly active": false, "!active": true, "!error": false, "assembly !192": false,
		"status:err": true, "STATUS:ERROR": true, "name:error": false, "!name:error": true, "!status:error": false, "status:error name:02": true,
		"port:30011": true, "port:192": false, "floating:203": true, "addr:168.0.11": true, "nam:02": true,
		"na:02": false, "sta:error": false, "error:7": true, "10:30011": true, "nothing:x": false, // no column, or not one only: text
		"!": true, "status:": true, "!status:": true, "!!x": false, // not finished; "!!x" leaves out "!x"
	}
	for text, want := range cases {
		if got := widget.NewFilter(text, titles...).Matches(len(row), func(c int) string { return row[c] }); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// matched is what stands out of spans, in brackets.
func matched(s widget.Spans) string {
	var b strings.Builder
	for _, p := range s {
		if p.Style.GetUnderline() {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestHighlight(t *testing.T) {
	cases := []struct {
		name, filter string
		column       int
		cell         []string
		want         string
	}{
		{"a word", "embl", 0, []string{"assembly"}, "ass[embl]y"},
		{"each time, in any case", "A", 0, []string{"Anna"}, "[A]nn[a]"},
		{"the longest", "as asse", 0, []string{"assembly"}, "[asse]mbly"},
		{"over what has two styles", "10:30", 0, []string{"203.0.113.10:", "30011"}, "203.0.113.[10:][30]011"},
		{"in its column", "name:x", 0, []string{"xy"}, "[x]y"},
		{"in no other", "name:x", 1, []string{"xy"}, "xy"},
		{"not what is left out", "!x y", 0, []string{"xy"}, "x[y]"},
		{"a letter with its mark", "e", 0, []string{"cafe\u0301 e"}, "caf[e\u0301] [e]"},
		{"a mark with its letter", "\u0301", 0, []string{"cafe\u0301"}, "caf[e\u0301]"},
		{"a flag is one", "\U0001F1EA", 0, []string{"x\U0001F1E9\U0001F1EA"}, "x[\U0001F1E9\U0001F1EA]"},
		{"a syllable is one", "\u1161", 0, []string{"x\u1100\u1161"}, "x[\u1100\u1161]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s widget.Spans
			for _, text := range c.cell {
				s = append(s, widget.Span{Text: text, Style: styles.Text})
			}
			if got := matched(widget.NewFilter(c.filter, "NAME", "STATUS").Highlight(s, c.column, styles)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestHighlightChangesNoText: whatever the names and whatever is typed, the text and its width are
// the same, and no character as one sees it is cut in two.
func TestHighlightChangesNoText(t *testing.T) {
	names := viewtest.HostileNames(1, 400)
	for i := range names {
		names[i] = cloud.Clean(names[i])
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		runes := []rune(name)
		from := rapid.IntRange(0, len(runes)).Draw(t, "from")
		word := string(runes[from:min(len(runes), from+rapid.IntRange(0, 4).Draw(t, "letters"))])
		cell := widget.Spans{{Text: name, Style: styles.Text}}
		got := widget.NewFilter(word).Highlight(cell, 0, styles)
		if drawn := got.Render(styles, false); got.Text() != name || got.Width() != cell.Width() || ansi.Strip(drawn) != name || widget.Width(drawn) != cell.Width() {
			t.Fatalf("%q with %q: %q, %d cells in place of %d", name, word, got.Text(), got.Width(), cell.Width())
		}
		for at, rest, i := 0, name, 0; rest != ""; {
			cluster, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
			for at+len(got[i].Text) <= len(name)-len(rest) {
				at, i = at+len(got[i].Text), i+1
			}
			if len(name)-len(rest)+len(cluster) > at+len(got[i].Text) {
				t.Fatalf("%q with %q cuts %q", name, word, cluster)
			}
			rest = rest[len(cluster):]
		}
	})
}

// TestPaintKeepsCharactersWhole: no style is put between the parts of what is seen as one.
func TestPaintKeepsCharactersWhole(t *testing.T) {
	for _, text := range []string{"\U0001F1E9\U0001F1EA", "cafe\u0301 x", "\u1100\u1161", "  a b  "} {
		for name, style := range map[string]lipgloss.Style{"match": styles.Match, "crossed out": styles.Text.Strikethrough(true), "text": styles.Text} {
			if got := widget.Paint(style, text); !strings.Contains(got, text) || ansi.Strip(got) != text {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}
