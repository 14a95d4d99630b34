package widget

import "strings"

// Bar shows how full something is, in width cells: what is used, then what is left. A little is never
// drawn as nothing, and nearly all never as all.
func Bar(used, total, width int) string {
	if total <= 0 || width <= 0 {
		return ""
	}
	used = max(0, min(used, total))
	full := (used*width + total/2) / total
	switch {
	case used > 0 && full == 0:
		full = 1
	case used < total && full == width:
		full = width - 1
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
