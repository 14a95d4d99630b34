package main

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCut(t *testing.T) {
	long := strings.Repeat("x", 200)
	tests := []struct {
		name  string
		width int
		row   []string
		want  []string
	}{
		{"it fits", 80, []string{"blast-db", "192.168.0.12", "private"}, []string{"blast-db", "192.168.0.12", "private"}},
		{"a long name", 60, []string{long, "192.168.0.12", "private"}, []string{long[:16] + "…" + long[:16], "192.168.0.12", "private"}},
		{"two long ones share", 60, []string{long, "192.168.0.12", long}, []string{long[:11] + "…" + long[:10], "192.168.0.12", long[:21] + "…"}},
		{"an address stays whole", 20, []string{long, "192.168.100.120", "private"}, []string{long[:7] + "…" + long[:7], "192.168.100.120", "private"}},
		{"colours take no room", 40, []string{"\x1b[31mblast-db\x1b[m", "192.168.0.12", "private"}, []string{"\x1b[31mblast-db\x1b[m", "192.168.0.12", "private"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows := [][]string{tt.row}
			cut([]string{"NAME", "ADDRESS", "0123456789A"}, rows, tt.width)
			if diff := cmp.Diff(tt.want, rows[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// On a narrow terminal the columns that tell least give way, and what is to be copied stays whole.
func TestSpare(t *testing.T) {
	row := []string{"2026-11-21 14:08", "root@workstation", "gw-1", "publish imaging-01: https", "⚠ rolled back", "+2 ~4", "20261121T140808Z"}
	tests := []struct {
		width int
		want  []string
	}{
		{0, row},
		{200, row},
		{85, []string{"2026-11-21 14:08", "root@workstation", "publish imaging…", "⚠ rolled back", "20261121T140808Z"}},
		{80, []string{"2026-11-21 14:08", "publish imaging-01: https", "⚠ rolled back", "20261121T140808Z"}},
		{70, []string{"2026-11-21 14:08", "publish imaging-01…", "⚠ rolled back", "20261121T140808Z"}},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.width), func(t *testing.T) {
			headings := []string{"WHEN", "WHO", "GATEWAY", "WHAT", "RESULT", "CHANGES", "ID"}
			headings, rows := spare(headings, [][]string{slices.Clone(row)}, tt.width, "GATEWAY", "CHANGES", "WHO")
			if tt.width > 0 {
				cut(headings, rows, tt.width)
			}
			if diff := cmp.Diff(tt.want, rows[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What does not go to a terminal is for programs: nothing of it is left out.
func TestPipedTableIsWhole(t *testing.T) {
	var out bytes.Buffer
	long := strings.Repeat("x", 300)
	newApp(os.Stdin, &out, os.Stderr).printTable([]string{"NAME"}, [][]string{{long}})
	if !strings.Contains(out.String(), long) {
		t.Errorf("the cell was cut: %q", out.String())
	}
}
