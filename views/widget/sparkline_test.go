package widget

import (
	"testing"
	"time"

	"portico/themes"
)

func TestSparkline(t *testing.T) {
	st := themes.New(themes.Default(), true)
	answers := func(ms ...int) (out []Beat) {
		for _, n := range ms {
			out = append(out, Beat{Latency: time.Duration(n) * time.Millisecond})
		}
		return out
	}
	gap := append(append(answers(1, 3), Beat{Failed: true}, Beat{Unknown: true}), answers(100)...)
	cases := []struct {
		name   string
		points []Beat
		width  int
		want   string
	}{
		{"nothing yet", nil, 4, "    "},
		{"each height", answers(1, 2, 5, 12, 30, 80, 250, 1000, 9000), 9, "▁▂▃▄▅▆▇██"},
		{"failed and unknown", gap, 7, "  ▁▂· ▆"},
		{"the newest count", answers(1, 1, 1, 1000), 2, "▁█"},
		{"no room", gap, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Sparkline(c.points, st, c.width); got.Text() != c.want || got.Width() != max(0, c.width) {
				t.Errorf("%q, %d cells; want %q", got.Text(), got.Width(), c.want)
			}
		})
	}
}

func TestInSight(t *testing.T) {
	table := NewTable(func(s string) string { return s }, Column[string]{Title: "NAME", Text: func(s string) string { return s }})
	table.SetRows([]string{"a", "b", "c", "d", "e"})
	table.SortBy(0, true)
	table.SetHeight(2)
	table.Move(2)
	if got := table.InSight(); len(got) != 2 || got[0] != "b" || got[1] != "a" {
		t.Errorf("in sight: %v", got)
	}
	table.SetFilter("a")
	if got := table.InSight(); len(got) != 1 || got[0] != "a" {
		t.Errorf("in sight after a filter: %v", got)
	}
	if got := table.InOrder(); len(got) != 5 || got[0] != "e" {
		t.Errorf("all in order: %v", got)
	}
}

// In ASCII, too, a failure is no bar.
func TestSparklineInASCII(t *testing.T) {
	st := themes.New(themes.Default(), true)
	points := []Beat{{Failed: true}}
	for _, least := range append([]time.Duration{0}, scale...) {
		points = append(points, Beat{Latency: least})
	}
	got := themes.ASCII(Sparkline(points, st, len(points)).Text())
	if got != ".___--==#" {
		t.Errorf("%q", got)
	}
}
