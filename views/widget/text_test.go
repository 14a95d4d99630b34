package widget_test

import (
	"testing"

	"pgregory.net/rapid"

	"portico/cloud"
	"portico/views/widget"
)

func TestFit(t *testing.T) {
	cases := []struct {
		name, in string
		width    int
		want     string
	}{
		{"padded", "gw-1", 6, "gw-1  "},
		{"exact", "gw-1", 4, "gw-1"},
		{"cut", "annotation-01", 8, "annotat…"},
		{"wide runes", "日本語", 5, "日本…"},
		{"wide rune that would be halved", "日本語", 4, "日… "},
		{"nothing", "gw-1", 0, ""},
		{"negative", "gw-1", -3, ""},
		{"styled", "\x1b[31mgateway\x1b[m", 4, "\x1b[31mgat…\x1b[m"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := widget.Fit(c.in, c.width); got != c.want {
				t.Errorf("Fit(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
			}
		})
	}
}

func TestSides(t *testing.T) {
	cases := []struct {
		name, left, right string
		width             int
		want              string
	}{
		{"room", "left", "right", 12, "left   right"},
		{"right gives way", "left", "right", 8, "left ri…"},
		{"too little left for the right", "left", "right", 6, "left  "},
		{"left is cut too", "left", "right", 3, "le…"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := widget.Sides(c.left, c.right, c.width); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTruncateLeft(t *testing.T) {
	if got := widget.TruncateLeft("/home/user/.ssh/id", 8); got != "….ssh/id" {
		t.Errorf("got %q", got)
	}
}

func TestFitIsExactlyAsWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := rapid.String().Draw(t, "text"), rapid.IntRange(0, 40).Draw(t, "width")
		s = cloud.Clean(s)
		for name, got := range map[string]string{"Fit": widget.Fit(s, w), "FitLeft": widget.FitLeft(s, w), "Sides": widget.Sides(s, "x 1", w)} {
			if widget.Width(got) != w {
				t.Fatalf("%s(%q, %d) = %q, %d wide", name, s, w, got, widget.Width(got))
			}
		}
	})
}

func TestLines(t *testing.T) {
	if got := widget.Lines("one\ntwo three\n4\n5", 5, 3); got != "one\ntwo …\n4" {
		t.Errorf("got %q", got)
	}
	if got := widget.Lines("one", 5, 2); got != "one\n" {
		t.Errorf("got %q", got)
	}
}
