package widget_test

import (
	"testing"

	"portico/views/widget"
)

func TestBar(t *testing.T) {
	for _, c := range []struct {
		used, total, width int
		want               string
	}{
		{0, 762, 5, "░░░░░"}, {1, 762, 5, "█░░░░"}, {381, 762, 4, "██░░"}, {761, 762, 5, "████░"}, {762, 762, 5, "█████"},
		{9, 3, 3, "███"}, {-1, 3, 3, "░░░"}, {1, 0, 3, ""}, {1, 2, 0, ""}, {1, 2, 1, "░"},
	} {
		if got := widget.Bar(c.used, c.total, c.width); got != c.want {
			t.Errorf("%d of %d in %d: %q, want %q", c.used, c.total, c.width, got, c.want)
		}
	}
}
