package widget_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"portico/views/widget"
)

var named = map[string]tea.KeyPressMsg{
	"space": {Code: tea.KeySpace, Text: " "}, "esc": {Code: tea.KeyEscape}, "enter": {Code: tea.KeyEnter},
	"shift+down": {Code: tea.KeyDown, Mod: tea.ModShift}, "shift+up": {Code: tea.KeyUp, Mod: tea.ModShift},
}

// keys presses keys that are parted by spaces.
func keys(l *widget.List[vm], all string) {
	for k := range strings.FieldsSeq(all) {
		m, ok := named[k]
		if !ok {
			m = tea.KeyPressMsg{Code: rune(k[0]), Text: k}
		}
		l.Update(m)
	}
}

// marked is the numbers of the rows with a mark, in the table's order.
func marked(l *widget.List[vm]) string {
	if l.Marked() == 0 {
		return ""
	}
	var out []string
	for _, v := range l.Chosen() {
		out = append(out, strings.TrimPrefix(v.id, "id-"))
	}
	return strings.Join(out, " ")
}

func TestMarkKeys(t *testing.T) {
	cases := []struct{ name, keys, want, head string }{
		{"one", "space", "0", "1 marked"},
		{"all", "A", "0 1 2 3 4 5", "6 marked"},
		{"all, again none", "A A", "", ""},
		{"all that are listed", "/ 4 enter A", "4", "1 marked"},
		{"those filtered out stay", "space / 4 enter A", "0 4", "2 marked, 1 filtered out"},
		{"and stay when the filter goes", "space / 4 enter A esc", "0 4", "2 marked"},
		{"esc clears them then", "space / 4 enter A esc esc", "", ""},
		{"a range", "j V j j", "1 2 3", "range: 3 marked"},
		{"a range upwards", "j j V k k", "0 1 2", "range: 3 marked"},
		{"a range that turns round", "j j V j j k k k", "1 2", "range: 2 marked"},
		{"it ends with V", "V j V j j", "0 1", "2 marked"},
		{"or with space", "V j space j j", "0 1", "2 marked"},
		{"esc takes it back, and no other mark", "space j V j esc", "0", "1 marked"},
		{"to the end", "j V G", "1 2 3 4 5", "range: 5 marked"},
		{"an own key", "J J", "0 1 2", "3 marked"},
		{"shift and an arrow", "shift+down shift+down shift+up", "0 1", "2 marked"},
		{"other moves end that", "J j j", "0 1", "2 marked"},
		{"two ranges", "J j j J", "0 1 3 4", "4 marked"},
		{"another order ends it", "V j > G", "0 1", "2 marked"},
		{"a filter ends it", "V j / 5 enter j", "0 1", "2 marked, 2 filtered out"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := widget.NewList(newTable(vms(6)...), "VM", "VMs")
			l.Resize(20)
			keys(l, c.keys)
			if got := marked(l); got != c.want {
				t.Errorf("marked are %q, want %q", got, c.want)
			}
			if head := plain(l.View(styles, 80, 20, ""))[0]; !strings.HasSuffix(head, c.head) || c.head == "" && strings.Contains(head, "marked") {
				t.Errorf("the heading is %q, want %q at its end", head, c.head)
			}
		})
	}
}

func TestRangeOverARefresh(t *testing.T) {
	rows := vms(6)
	l := widget.NewList(newTable(rows...), "VM", "VMs")
	l.Resize(20)
	keys(l, "j V j")
	l.SetRows(append([]vm{{id: "id-new", name: "new"}}, rows...))
	keys(l, "j")
	if got := marked(l); got != "1 2 3" {
		t.Errorf("marked are %q: the range does not stay with its rows", got)
	}
	l.SetRows(rows[2:])
	keys(l, "j")
	if got := marked(l); got != "2 3" || l.Ranging() {
		t.Errorf("its beginning is gone; marked are %q, ranging %t", got, l.Ranging())
	}
	keys(l, "V j")
	l.SetRows(nil)
	keys(l, "V j J A space")
	if l.Marked() != 0 {
		t.Errorf("%d marks without rows", l.Marked())
	}
}

func TestListsWithoutMarks(t *testing.T) {
	l := widget.NewList(newTable(vms(6)...), "VM", "VMs")
	l.Keys.NoMarks()
	keys(l, "space A V j J")
	if l.Marked() != 0 {
		t.Errorf("%d rows are marked", l.Marked())
	}
	for _, b := range l.Keys.Choosing() {
		if strings.Contains(b.Help().Desc, "mark a") {
			t.Errorf("%s is offered", b.Help().Key)
		}
	}
}
