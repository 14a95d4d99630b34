package widget_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"portico/views/widget"
)

// TestInputTakesOnlyText: what a terminal would obey is not typed, however it comes.
func TestInputTakesOnlyText(t *testing.T) {
	i := widget.NewInput("", false)
	for _, text := range []string{"a", "\u202e", "é", "\u009b", "日", "\x1b", " ", "e\u0301"} {
		i.Update(tea.KeyPressMsg{Code: tea.KeyExtended, Text: text})
	}
	if want := "aé日 e\u0301"; i.Value() != want {
		t.Errorf("typed %+q, want %+q", i.Value(), want)
	}
	i.Set("")
	i.Update(tea.PasteMsg{Content: "\na\u202e\x1b[31mb\r\n"})
	if want := "ab"; i.Value() != want {
		t.Errorf("pasted %+q, want %+q", i.Value(), want)
	}
}
