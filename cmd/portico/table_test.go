package main

import (
	"bytes"
	"os"
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
		{"a long name", 60, []string{long, "192.168.0.12", "private"}, []string{long[:60-2-12-2-11-1] + "…", "192.168.0.12", "private"}},
		{"two long ones share", 60, []string{long, "192.168.0.12", long}, []string{long[:21] + "…", "192.168.0.12", long[:21] + "…"}},
		{"an address stays whole", 20, []string{long, "192.168.100.120", "private"}, []string{long[:14] + "…", "192.168.100.120", "private"}},
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

// What does not go to a terminal is for programs: nothing of it is left out.
func TestPipedTableIsWhole(t *testing.T) {
	var out bytes.Buffer
	long := strings.Repeat("x", 300)
	newApp(os.Stdin, &out, os.Stderr).printTable([]string{"NAME"}, [][]string{{long}})
	if !strings.Contains(out.String(), long) {
		t.Errorf("the cell was cut: %q", out.String())
	}
}
