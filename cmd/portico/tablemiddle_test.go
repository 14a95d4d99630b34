package main

import (
	"strings"
	"testing"

	"portico/views/widget"
)

// Long names give way on a terminal, in their middle, before an address or who may come in does.
func TestForwardsOnANarrowTerminal(t *testing.T) {
	name := "assembly-of-the-north-sea-samples-worker-07"
	row := []string{"203.0.113.100:30011-30021", "tcp", "192.168.100.111:60000-60010", "mosh", name, "198.51.100.0/24", "12", "<152 B", "gw-1"}
	for _, width := range []int{80, 100, 120} {
		headings, rows := spare(forwardColumns, [][]string{row}, width, "DATA", "CONNS", "PROTO", "PRIVATE")
		cut(headings, rows, width)
		total := gap * (len(headings) - 1)
		at := map[string]string{}
		for i, h := range headings {
			total += max(widget.Width(rows[0][i]), len(h))
			at[h] = rows[0][i]
		}
		if total > width || at["PUBLIC"] != row[0] || at["FROM"] != row[5] {
			t.Errorf("%d: %d wide, %q", width, total, rows[0])
		}
		if got := at["INSTANCE"]; got != name && (!strings.HasPrefix(got, "assembl") || !strings.HasSuffix(got, "07") || !strings.Contains(got, widget.Ellipsis)) {
			t.Errorf("%d: the instance is %q", width, got)
		}
	}
}

func TestTruncateMiddle(t *testing.T) {
	for _, c := range []struct {
		text string
		to   int
		want string
	}{
		{"worker-07", 9, "worker-07"}, {"worker-07", 8, "work…-07"}, {"日本語の名前", 7, "日…名前"}, {"\x1b[1mworker-07\x1b[0m", 8, "\x1b[1mworker-…\x1b[0m"}, {"abcdef", 3, "ab…"},
	} {
		if got := truncateMiddle(c.text, c.to); got != c.want || widget.Width(got) > c.to {
			t.Errorf("%q in %d is %q, want %q", c.text, c.to, got, c.want)
		}
	}
}
