package widget_test

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/views/widget"
)

// order is the rows as the table shows them.
func order(table *widget.Table[vm]) string {
	var names []string
	for _, l := range plain(table.View(styles, 60, table.Shown()+1))[1:] {
		names = append(names, strings.Fields(strings.TrimLeft(l, " ▸•"))[0])
	}
	return strings.Join(names, " ")
}

func TestNatural(t *testing.T) {
	want := []string{"", "1", "01", "2", "10", "a", "A", "a1b", "a1c", "a02", "a10", "b", "VM2", "vm9", "vm10", "vm10-a", "ärzte", "日本"}
	for range 5 {
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortFunc(got, widget.Natural)
		for i := range want { // of "a" and "A" either is first; all else has one place
			if !strings.EqualFold(got[i], want[i]) && strings.TrimLeft(got[i], "0") != strings.TrimLeft(want[i], "0") {
				t.Fatalf("got %q", got)
			}
		}
	}
}

// TestNaturalIsAnOrder: it never contradicts itself, whatever the texts.
func TestNaturalIsAnOrder(t *testing.T) {
	text := rapid.StringMatching(`[0-9aAbB日.-]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		ab, bc, ac := widget.Natural(a, b), widget.Natural(b, c), widget.Natural(a, c)
		if ab != -widget.Natural(b, a) || ab == 0 != (a == b) {
			t.Fatalf("%q and %q: %d, the other way %d", a, b, ab, widget.Natural(b, a))
		}
		if ab < 0 && bc < 0 && ac >= 0 {
			t.Fatalf("%q < %q < %q, but not the first and the last", a, b, c)
		}
	})
}

func TestSort(t *testing.T) {
	table := newTable(vm{"id-3", "vm10", 4}, vm{"id-1", "vm2", 16}, vm{"id-2", "", 4}, vm{"id-4", "VM1", 128})
	table.Move(1)
	steps := []struct {
		name, head, want string
		do               func()
	}{
		{"as given", "   NAME  CORES  ID", "vm10 vm2 4 VM1", func() {}},
		{"names in natural order, none last", "   NAME▲ CORES  ID", "VM1 vm2 vm10 4", func() { table.SortNext(1) }},
		{"down, none still last", "   NAME▼ CORES  ID", "vm10 vm2 VM1 4", table.Reverse},
		{"numbers by value, equal ones as given", "   NAME ▲CORES  ID", "vm10 4 vm2 VM1", func() { table.SortNext(1) }},
		{"equal ones as given also down", "   NAME ▼CORES  ID", "VM1 vm2 vm10 4", table.Reverse},
		{"back", "   NAME▲ CORES  ID", "VM1 vm2 vm10 4", func() { table.SortNext(-1) }},
		{"round to the last", "   NAME  CORES  ID ▲", "vm2 4 vm10 VM1", func() { table.SortNext(-1) }},
		{"kept over a refresh", "   NAME  CORES  ID ▲", "vm2 4 vm9 VM1", func() {
			table.SetRows([]vm{{"id-4", "VM1", 1}, {"id-3", "vm9", 1}, {"id-2", "", 4}, {"id-1", "vm2", 16}})
		}},
		{"and a filter", "   NAME  CORES  ID ▲", "vm2 vm9 VM1", func() { table.SetFilter("vm") }},
	}
	for _, s := range steps {
		s.do()
		if head := plain(table.View(styles, 60, 2))[0]; head != s.head {
			t.Errorf("%s: %q, want %q", s.name, head, s.head)
		}
		if diff := cmp.Diff(s.want, order(table)); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
		if got := current(t, table); got != "id-1" {
			t.Fatalf("%s: the cursor is on %s", s.name, got)
		}
	}
}

func TestColumnsChooseTheirOrder(t *testing.T) {
	table := widget.NewTable(func(v vm) string { return v.id },
		widget.Column[vm]{Title: "NAME", Text: func(v vm) string { return v.name }, Compare: func(a, b vm) int { return a.cores - b.cores }, Down: true},
		widget.Column[vm]{Title: "TAGS", Sparse: true, Text: func(vm) string { return "" }},
	)
	table.SetRows([]vm{{"1", "one", 1}, {"3", "three", 3}, {"2", "two", 2}})
	for range 2 { // there is only one column with anything in it
		table.SortNext(1)
		if diff := cmp.Diff([]string{"   NAME▼", "   three", "   two", " ▸ one"}, plain(table.View(styles, 60, 4))); diff != "" {
			t.Error(diff)
		}
		if got := order(table); got != "three two one" {
			t.Errorf("got %q", got)
		}
	}
}

func TestSortKeys(t *testing.T) {
	l := widget.NewList(newTable(vm{"id-1", "a", 3}, vm{"id-2", "b", 2}, vm{"id-3", "c", 1}), "VM", "VMs")
	for _, s := range []struct{ keys, want string }{{">", "a b c"}, {"S", "c b a"}, {">", "c b a"}, {"<", "a b c"}, {"<", "a b c"}, {"S", "c b a"}} {
		l.Update(tea.KeyPressMsg{Code: rune(s.keys[0]), Text: s.keys})
		if got := order(l.Table); got != s.want {
			t.Errorf("%s: %q, want %q", s.keys, got, s.want)
		}
	}
	lines := plain(l.View(styles, 19, 6, ""))
	if v := lines[len(lines)-1]; !strings.Contains(v, "by ID ▼") { // the column is not in sight at this width
		t.Errorf("what it is sorted by is not said: %q", v)
	}
}

func TestSparseColumnsGiveWay(t *testing.T) {
	table := widget.NewTable(func(v vm) string { return v.id },
		widget.Column[vm]{Title: "NAME", Min: 4, Text: func(v vm) string { return v.name }},
		widget.Column[vm]{Title: "TAGS", Sparse: true, Text: func(v vm) string { return v.id }},
	)
	table.SetRows([]vm{{"web", "assembly", 1}, {"", "jupyter", 1}})
	steps := []struct {
		name, filter string
		width        int
		want         string
	}{
		{"room for all", "", 17, "   NAME      TAGS"},
		{"names are whole first", "", 16, "   NAME"},
		{"but for what was found", "web", 16, "   NAME     TAGS"},
		{"elsewhere", "assembly", 16, "   NAME"},
	}
	for _, s := range steps {
		table.SetFilter(s.filter)
		if got := plain(table.View(styles, s.width, 3))[0]; got != s.want {
			t.Errorf("%s: %q, want %q", s.name, got, s.want)
		}
	}
	table.SetFilter("")
	table.SetRows([]vm{{"", "jupyter", 1}})
	if got := plain(table.View(styles, 60, 3))[0]; got != "   NAME" {
		t.Errorf("nothing has a tag: %q", got)
	}
}
