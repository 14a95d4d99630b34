package widget_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/themes"
	"portico/views/widget"
)

var styles = themes.New(themes.Default(), true)

type vm struct {
	id, name string
	cores    int
}

func newTable(rows ...vm) *widget.Table[vm] {
	t := widget.NewTable(func(v vm) string { return v.id },
		widget.Column[vm]{Title: "NAME", Min: 4, Max: 12, Text: func(v vm) string { return v.name }},
		widget.Column[vm]{Title: "CORES", Right: true, Priority: 1, Text: func(v vm) string { return fmt.Sprint(v.cores) }},
		widget.Column[vm]{Title: "ID", Grow: true, Min: 4, Priority: 2, Text: func(v vm) string { return v.id }},
	)
	t.SetRows(rows)
	return t
}

func vms(n int) []vm {
	out := make([]vm, n)
	for i := range out {
		out[i] = vm{id: fmt.Sprintf("id-%d", i), name: fmt.Sprintf("vm-%d", i), cores: i}
	}
	return out
}

func plain(s string) []string {
	lines := strings.Split(ansi.Strip(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func current(t *testing.T, table *widget.Table[vm]) string {
	t.Helper()
	v, ok := table.Current()
	if !ok {
		return ""
	}
	return v.id
}

func TestTableView(t *testing.T) {
	rows := []vm{{"id-1", "alpha", 4}, {"id-2", "a-very-long-name", 16}, {"id-3", "日本語", 128}}
	cases := []struct {
		name          string
		width, height int
		want          []string
	}{
		{"all", 40, 5, []string{
			"   NAME          CORES  ID", " ▸ alpha             4  id-1", "   a-very-long…     16  id-2", "   日本語          128  id-3", "",
		}},
		{"name shrinks", 24, 4, []string{"   NAME      CORES  ID", " ▸ alpha         4  id-1", "   a-very-…     16  id-2", "   日本語      128  id-3"}},
		{"as narrow as makes sense", 20, 2, []string{"   NAME  CORES  ID", " ▸ alp…      4  id-1"}},
		{"ID goes", 19, 2, []string{"   NAME       CORES", " ▸ alpha          4"}},
		{"numbers go", 12, 3, []string{"   NAME", " ▸ alpha", "   a-very-l…"}},
		{"hardly anything", 5, 2, []string{"   N…", " ▸ a…"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, plain(newTable(rows...).View(styles, c.width, c.height))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCursorStaysOnItsRow(t *testing.T) {
	rows := vms(9)
	table := newTable(rows...)
	table.SetHeight(4)
	table.Move(5)
	reversed := slices.Clone(rows)
	slices.Reverse(reversed)
	steps := []struct {
		name string
		rows []vm
		want string
	}{
		{"the same again", rows, "id-5"},
		{"in another order", reversed, "id-5"},
		{"others are gone", rows[4:7], "id-5"},
		{"all is back", rows, "id-5"},
		{"it is gone: what took its place", slices.Concat(rows[:5], rows[6:]), "id-6"},
		{"it was the last", rows[:3], "id-2"},
		{"nothing is left", nil, ""},
		{"something comes", rows, "id-0"},
	}
	for _, s := range steps {
		table.SetRows(s.rows)
		if got := current(t, table); got != s.want {
			t.Fatalf("%s: the cursor is on %q, want %q", s.name, got, s.want)
		}
	}
}

func TestRowsComingAboveMoveNothingOnTheScreen(t *testing.T) {
	rows := vms(30)
	table := newTable(rows...)
	table.SetHeight(5)
	table.Move(12)
	table.Move(-2)
	before := plain(table.View(styles, 40, 6))
	table.SetRows(append([]vm{{id: "new", name: "new"}, {id: "new2", name: "new2"}}, rows...))
	if diff := cmp.Diff(before, plain(table.View(styles, 40, 6))); diff != "" {
		t.Error(diff)
	}
}

func TestMoves(t *testing.T) {
	key := func(code rune, text string) tea.KeyPressMsg { return tea.KeyPressMsg{Code: code, Text: text} }
	cases := []struct {
		name string
		keys []tea.KeyPressMsg
		want string
	}{
		{"down", []tea.KeyPressMsg{key('j', "j"), key(tea.KeyDown, "")}, "id-2"},
		{"up stops at the top", []tea.KeyPressMsg{key('j', "j"), key('k', "k"), key('k', "k")}, "id-0"},
		{"page", []tea.KeyPressMsg{key(tea.KeyPgDown, "")}, "id-10"},
		{"page back", []tea.KeyPressMsg{key(tea.KeyEnd, ""), key(tea.KeyPgUp, "")}, "id-89"},
		{"end", []tea.KeyPressMsg{key('G', "G")}, "id-99"},
		{"home", []tea.KeyPressMsg{key('G', "G"), key('g', "g")}, "id-0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(vms(100)...)
			table.SetHeight(10)
			for _, k := range c.keys {
				if !table.Update(widget.NewTableKeys(), k) {
					t.Errorf("%s is no move", k)
				}
			}
			if got := current(t, table); got != c.want {
				t.Errorf("the cursor is on %q, want %q", got, c.want)
			}
		})
	}
}

func TestMarks(t *testing.T) {
	table := newTable(vms(5)...)
	ids := func() (out []string) {
		for _, v := range table.Chosen() {
			out = append(out, v.id)
		}
		return out
	}
	if diff := cmp.Diff([]string{"id-0"}, ids()); diff != "" {
		t.Errorf("without marks: %s", diff)
	}
	table.ToggleMark()
	table.Move(1)
	table.ToggleMark()
	table.SetFilter("vm-4")
	if diff := cmp.Diff([]string{"id-0", "id-2"}, ids()); diff != "" {
		t.Errorf("marked, and hidden by a filter: %s", diff)
	}
	table.SetFilter("")
	table.SetRows(vms(5)[1:])
	if diff := cmp.Diff([]string{"id-2"}, ids()); diff != "" || table.Marked() != 1 {
		t.Errorf("one is gone: %s", diff)
	}
	table.ClearMarks()
	if table.Marked() != 0 {
		t.Error("marks are left")
	}
}

func TestFilter(t *testing.T) {
	table := newTable(vm{"id-1", "Assembly-02", 1}, vm{"id-2", "blast", 22}, vm{"id-3", "Ärzte", 3})
	for text, want := range map[string]int{"": 3, "ASS": 1, "s 2": 2, "blast 22": 1, "ärz": 1, "nothing": 0, "id-": 3} {
		table.SetFilter(text)
		if table.Shown() != want {
			t.Errorf("%q shows %d rows, want %d", text, table.Shown(), want)
		}
	}
	table.SetFilter("embl")
	if v := table.View(styles, 60, 3); !strings.Contains(v, widget.Paint(styles.On(styles.Match), "embl")) {
		t.Errorf("the match is not highlighted: %q", v)
	}
}

func TestCursorComesBackFromAFilter(t *testing.T) {
	cases := []struct{ name, keys, want string }{
		{"typed past what matches", "j j j / x x esc", "id-3"},
		{"what was looked for is found", "j j j / 5 enter esc", "id-5"},
		{"a word that matches only when it is whole", "j j j / n a m : v m", "id-3"},
		{"moved in what is left", "j j j / 5 enter j esc", "id-5"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := widget.NewList(newTable(vms(9)...), "VM", "VMs")
			l.Resize(20)
			keys(l, c.keys)
			if got := current(t, l.Table); got != c.want {
				t.Errorf("the cursor is on %q, want %q", got, c.want)
			}
		})
	}
}

func TestOnlyRowsInSightAreDrawn(t *testing.T) {
	drawn := 0
	table := widget.NewTable(func(i int) string { return fmt.Sprint(i) }, widget.Column[int]{
		Title: "N", Text: func(i int) string { return fmt.Sprint(i) },
		Cell: func(i int, st *themes.Styles, _ int) widget.Spans {
			drawn++
			return widget.Spans{{Text: fmt.Sprint(i), Style: st.Text}}
		},
	})
	rows := make([]int, 5000)
	for i := range rows {
		rows[i] = i
	}
	table.SetRows(rows)
	table.View(styles, 80, 21)
	if drawn != 20 {
		t.Errorf("%d rows were drawn, want 20", drawn)
	}
}

// TestTableFits: whatever rows, moves and sizes, the table has its exact size and the cursor is in sight.
func TestTableFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "rows")
		table := newTable(vms(n)...)
		table.SetHeight(rapid.IntRange(-1, 20).Draw(t, "known height"))
		for range rapid.IntRange(0, 5).Draw(t, "moves") {
			table.Move(rapid.IntRange(-50, 50).Draw(t, "by"))
			table.SetRows(vms(rapid.IntRange(0, 40).Draw(t, "then")))
		}
		w, h := rapid.IntRange(1, 90).Draw(t, "width"), rapid.IntRange(1, 20).Draw(t, "height")
		lines := strings.Split(table.View(styles, w, h), "\n")
		if len(lines) != h {
			t.Fatalf("%d lines, want %d", len(lines), h)
		}
		pointer := false
		for _, l := range lines {
			if widget.Width(l) != w {
				t.Fatalf("%q is %d wide, want %d", l, widget.Width(l), w)
			}
			pointer = pointer || strings.Contains(l, "▸")
		}
		if table.Len() > 0 && h > 1 && w > 2 && !pointer {
			t.Fatal("the cursor is out of sight")
		}
	})
}
