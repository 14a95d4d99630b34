package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Ellipsis ends text that was cut.
const Ellipsis = "…"

// Width is the number of cells that s takes; styles take none.
func Width(s string) int {
	if plain(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// plain reports whether s is printable ASCII alone, which is what most of tens of thousands of lines are:
// a byte of it is a cell.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Truncate cuts s to at most width cells, ending it with an ellipsis when something was cut.
func Truncate(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if len(s) <= width && plain(s) {
		return s
	}
	cut := ansi.Truncate(s, width, Ellipsis)
	// It takes a character that begins with an ASCII one for one cell wide, which with marks it need not be.
	for w := width - 1; len(cut) != len(s) && Width(cut) > width; w-- {
		cut = ansi.Truncate(s, w, Ellipsis)
	}
	return cut
}

// TruncateLeft cuts the beginning of s instead: the end of a path or an address tells more.
func TruncateLeft(s string, width int) string {
	w := ansi.StringWidth(s)
	if width <= 0 {
		return ""
	}
	if w <= width {
		return s
	}
	cut := ansi.TruncateLeft(s, w-width+1, Ellipsis)
	for n := w - width + 2; n <= w && Width(cut) > width; n++ {
		cut = ansi.TruncateLeft(s, n, Ellipsis)
	}
	return cut
}

// Pad adds spaces on the right until s is width cells wide. It never cuts.
func Pad(s string, width int) string { return s + spaces(width-Width(s)) }

// PadLeft adds spaces on the left: numbers line up at their right end. A combining mark at the
// beginning of s joins the space before it, which Pad makes up for.
func PadLeft(s string, width int) string {
	return Pad(spaces(width-Width(s))+s, width)
}

// Fit makes s exactly width cells wide: cut with an ellipsis, or padded on the right.
func Fit(s string, width int) string { return Pad(Truncate(s, width), width) }

// FitLeft is Fit with the padding on the left.
func FitLeft(s string, width int) string { return PadLeft(Truncate(s, width), width) }

// Lines makes a block exactly height lines of at most width cells: lines are cut, missing ones
// are empty.
func Lines(block string, width, height int) string {
	if height <= 0 {
		return ""
	}
	lines := strings.Split(block, "\n")
	out := make([]string, height)
	for i := range min(height, len(lines)) {
		out[i] = Truncate(lines[i], width)
	}
	return strings.Join(out, "\n")
}

// Wrap breaks s into lines of at most width cells, at spaces where it can.
func Wrap(s string, width int) []string {
	if width <= 0 {
		return nil
	}
	lines := strings.Split(ansi.Wrap(s, width, ""), "\n")
	for i, l := range lines {
		if Width(l) > width { // spaces before a word that fills the line
			lines[i] = Truncate(strings.TrimLeft(l, " "), width)
		}
	}
	return lines
}

// Sides puts left and right at the ends of a line of exactly width cells. When both do not fit,
// the right one gives way first.
func Sides(left, right string, width int) string {
	lw, rw := Width(left), Width(right)
	if lw+1+rw > width {
		if right = Truncate(right, max(0, width-lw-1)); Width(right) < 3 {
			right = ""
		}
		rw = Width(right)
	}
	left = Truncate(left, width)
	return Pad(left+spaces(width-Width(left)-rw)+right, width)
}

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blank) {
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

const blank = "                                                                                                                                "
