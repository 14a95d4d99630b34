package widget

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"portico/themes"
)

func testMap() *PortMap {
	m := NewPortMap(1024, map[PortUse]string{PortFree: "free", PortOurs: "ours", PortHeld: "held", PortAsked: "asked", PortClash: "taken", PortRange: "range", PortForeign: "by hand"})
	m.MarkRange(32768, 60999, PortRange)
	m.Mark(22, PortHeld)
	m.Mark(2201, PortForeign)
	m.Mark(9090, PortHeld)
	m.Mark(30011, PortOurs)
	m.Mark(30012, PortAsked)
	m.Mark(40022, PortAsked)
	m.Mark(9090, PortAsked) // it is held: somebody must mark the clash
	m.Mark(9090, PortClash)
	m.Mark(65535, PortOurs)
	return m
}

func TestPortMap(t *testing.T) {
	st := themes.New(themes.Default(), true)
	plain := func(width, height int) []string {
		lines := testMap().View(st, width, height)
		if len(lines) > height {
			t.Fatalf("%dx%d: %d lines", width, height, len(lines))
		}
		for i, l := range lines {
			lines[i] = ansi.Strip(l)
			if Width(l) > width {
				t.Fatalf("%dx%d: too wide: %q", width, height, lines[i])
			}
		}
		return lines
	}
	all := plain(60, 20)
	want := []string{
		" 1024       ······▲·································✗····",
		"10000  ··················································",
		"20000  ··················································",
		"30000  +············▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒",
		"40000  +▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒",
		"50000  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒",
		"60000  ▒▒▒▒▒······················●",
		"",
		" 9050  ········································✗·········",
		"30000  ···········●+·····································",
		"40000  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒+▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒",
	}
	for i, l := range want {
		if all[i] != l {
			t.Errorf("line %d:\n%q, want\n%q", i, all[i], l)
		}
	}
	if legend := strings.Join(all[len(want):], " "); strings.Join(strings.Fields(legend), " ") != "✗ taken + asked ▲ by hand ● ours ▒ range · free" {
		t.Errorf("legend %q", legend)
	}
	// In a low terminal the rows with something in them are kept, the most important first.
	if low := plain(60, 4); !strings.HasPrefix(low[0], " 1024") || !strings.HasPrefix(low[1], "30000") || !strings.HasPrefix(low[2], "40000") {
		t.Errorf("%q", low)
	}
	if testMap().View(st, 20, 20) != nil || testMap().View(st, 60, 1) != nil {
		t.Error("it is drawn where there is no room")
	}
	ascii := themes.ASCII(strings.Join(all, "\n"))
	if strings.ContainsFunc(ascii, func(r rune) bool { return r > '~' }) || !strings.Contains(ascii, "x taken  + asked  ^ by hand  # ours  : range  . free") {
		t.Errorf("in ASCII:\n%s", ascii)
	}
}
