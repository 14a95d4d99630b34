package widget_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"portico/themes"
	"portico/views/widget"
)

// glowing is what stands out at a time: the texts that have a background, without the row under
// the cursor.
func glowing(table *widget.Table[vm], now time.Time) string {
	var out []string
	for _, l := range strings.Split(table.ViewAt(now, styles, 60, 8), "\n") {
		if strings.Contains(ansi.Strip(l), "▸") {
			continue
		}
		for part := range strings.SplitSeq(l, "\x1b[m") {
			if strings.Contains(part, "48;2") {
				out = append(out, strings.TrimSpace(ansi.Strip(part)))
			}
		}
	}
	return strings.Join(out, " ")
}

func TestGlow(t *testing.T) {
	table := widget.NewTable(func(v vm) string { return v.id },
		widget.Column[vm]{Title: "NAME", Text: func(v vm) string { return v.name }},
		widget.Column[vm]{Title: "CORES", Right: true, Text: func(v vm) string { return strconv.Itoa(v.cores) }},
		widget.Column[vm]{Title: "LOAD", Want: 6, Text: func(v vm) string { return v.name + strconv.Itoa(v.cores) }},
	)
	t0 := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	rows := func(cores ...int) (out []vm) {
		for i, n := range cores {
			out = append(out, vm{strconv.Itoa(i), "vm" + strconv.Itoa(i), n})
		}
		return out
	}
	steps := []struct {
		name  string
		rows  []vm
		read  int // seconds after the start; -1: they are drawn anew, not read
		after time.Duration
		want  string
	}{
		{"the first data", rows(0, 1, 2), 0, 0, ""},
		{"the same again", rows(0, 1, 2), 5, 0, ""},
		{"one has changed", rows(0, 1, 20), 10, 0, "20"},
		{"for a moment", rows(0, 1, 20), 10, 1999 * time.Millisecond, "20"},
		{"and no longer", rows(0, 1, 20), 10, 2 * time.Second, ""},
		{"another one", rows(0, 10, 20), 20, 0, "10"},
		{"one after the other, both", rows(0, 10, 2), 21, 0, "10 2"},
		{"the first has ended", rows(0, 10, 2), 21, time.Second, "2"},
		{"a new row", rows(0, 10, 2, 3), 30, 0, "vm3"},
		{"one goes, the others move", rows(0, 10, 2, 3)[1:], 40, 0, ""},
		{"all go", nil, 50, 0, ""},
		{"all come back", rows(0, 10, 2), 60, 0, ""},
		{"what is not read does not glow", rows(0, 9, 9), -1, 0, ""},
		{"nor later", rows(0, 9, 9), 70, 0, ""},
	}
	for _, s := range steps {
		at := t0.Add(time.Duration(s.read) * time.Second)
		if s.read < 0 {
			table.SetRows(s.rows)
		} else {
			table.Refresh(s.rows, at)
		}
		if got := glowing(table, at.Add(s.after)); got != s.want {
			t.Errorf("%s: %q stands out, want %q", s.name, got, s.want)
		}
	}
}

// TestGlowWithoutColours: without colours nothing is told by what only colours show.
func TestGlowWithoutColours(t *testing.T) {
	p, ok := themes.Find(themes.Palettes(), "no-colour")
	if !ok {
		t.Fatal("there is no such palette")
	}
	st, at := themes.New(p, true), time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	table := newTable()
	table.Refresh(vms(3), at)
	rows := vms(3)
	rows[0].name, rows[1].name = "one", "two"
	table.Refresh(rows, at)
	if glow, calm := table.ViewAt(at, st, 60, 5), table.View(st, 60, 5); glow != calm {
		t.Errorf("with a glow\n%q\nwithout\n%q", glow, calm)
	}
}

// TestGlowMovesNothing: whatever glows, the text is the same and so is its width.
func TestGlowMovesNothing(t *testing.T) {
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	table := newTable()
	table.Refresh(vms(5), at)
	rows := vms(5)
	for i := range rows {
		rows[i].name, rows[i].cores = "日本語 "+rows[i].name+strings.Repeat("x", 10*i), 100*i
	}
	table.Refresh(rows, at)
	for width := 1; width < 60; width++ {
		if glow, calm := ansi.Strip(table.ViewAt(at, styles, width, 6)), ansi.Strip(table.View(styles, width, 6)); glow != calm {
			t.Errorf("%d wide: with a glow\n%s\nwithout\n%s", width, glow, calm)
		}
	}
}
