package help_test

import (
	"fmt"
	"strings"
	"testing"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/themes"
	"portico/views"
	"portico/views/help"
)

func page() views.Screen {
	var s views.Screen = help.New()
	b := func(k, what string, on bool) key.Binding {
		x := key.NewBinding(key.WithKeys(k), key.WithHelp(k, what))
		x.SetEnabled(on)
		return x
	}
	s, _ = s.Update(views.HelpMsg{Sections: []views.HelpSection{
		{Title: "Instances", Keys: [][]key.Binding{{b("p", "publish", true), b("w", "withdraw", false)}, {b("j/down", "down", true)}}},
		{Title: "Everywhere", Keys: [][]key.Binding{{b("?", "help", true), b("q", "quit", true), b("ctrl+c", "quit, from anywhere", true)}}},
	}})
	return s
}

func view(s views.Screen, w, h int) string {
	return ansi.Strip(s.View(views.Frame{Width: w, Height: h, Styles: themes.New(themes.Default(), true)}))
}

func TestView(t *testing.T) {
	for _, size := range [][2]int{{80, 12}, {36, 14}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) { golden.RequireEqual(t, view(page(), size[0], size[1])) })
	}
}

func TestScroll(t *testing.T) {
	s := page()
	s, _ = s.Update(views.SizeMsg{Width: 40, Height: 5})
	if v := view(s, 40, 5); !strings.Contains(v, "Instances") {
		t.Errorf("the beginning is not in sight:\n%s", v)
	}
	for range 20 {
		s, _ = s.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	}
	if v := view(s, 40, 5); !strings.Contains(v, "from anywhere") {
		t.Errorf("the end is not in sight:\n%s", v)
	}
	s, _ = s.Update(tea.KeyPressMsg{Code: tea.KeyUp})
	if v := view(s, 40, 5); strings.Contains(v, "from anywhere") {
		t.Errorf("it did not scroll back:\n%s", v)
	}
}

func TestBack(t *testing.T) {
	for _, k := range []tea.KeyPressMsg{{Code: tea.KeyEscape}, {Code: '?', Text: "?"}} {
		if _, i := page().Update(k); i != (views.Back{}) {
			t.Errorf("%s does %v", k, i)
		}
	}
}
