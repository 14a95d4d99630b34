// Package onboarding is what a console shows that knows no cloud yet: which clouds there are to choose
// from, a form to log in to another one, and the way to the demo.
//
//	choices --enter--> UseCloud | OpenDemo | Quit
//	   '----> form --enter--> TryLogin --LoginTriedMsg--> saved --enter--> UseCloud
//	            ^------------------------- error ------------'
package onboarding

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/views"
)

// Start is what the console found when it was started.
type Start struct {
	Clouds []string // of clouds.yaml
	Why    string   // why none of them is used; clean
	File   string   // where a login is saved
}

// stage is how far one has come.
type stage int

const (
	choosing stage = iota
	filling
	trying
	saved
)

// Screen is the whole of it. Make one with New.
type Screen struct {
	start   Start
	stage   stage
	choices []choice
	at      int
	form    form
	seq     int
	err     error // of the last try
	done    views.LoginTriedMsg
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// choice is one line of the first page.
type choice struct {
	name, note string
	intent     views.Intent // nil opens the form
}

// New returns the first page.
func New(s Start) *Screen {
	out := &Screen{start: s, form: newForm()}
	for _, c := range s.Clouds {
		out.choices = append(out.choices, choice{"Use " + c, "of clouds.yaml; OS_CLOUD or --cloud chooses it for good", views.UseCloud{Name: c}})
	}
	login := "by password, application credential, or openrc file"
	out.choices = append(out.choices,
		choice{"Log in to a cloud", login, nil},
		choice{"Open the demo", "an embedded cloud; nothing of yours is touched", views.OpenDemo{}},
		choice{"Quit", "", views.Quit{}})
	return out
}

// Title names the screen.
func (s *Screen) Title() string { return "Welcome" }

// Typing reports whether the form takes all keys.
func (s *Screen) Typing() bool { return s.stage == filling }

// Nested reports whether there is a way back to the first page.
func (s *Screen) Nested() bool { return s.stage != choosing }

// Update takes keys, what is pasted, and how a login went.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.LoginTriedMsg:
		s.tried(msg)
	case tea.PasteMsg:
		s.paste(msg)
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

func (s *Screen) tried(m views.LoginTriedMsg) {
	if m.Seq != s.seq || s.stage != trying {
		return // it was given up
	}
	s.stage, s.err = filling, m.Err
	if m.Err == nil {
		s.stage, s.done = saved, m
	}
}

// paste fills the form from a file that is pasted, whichever page is shown; other text goes to the
// field that has the focus.
func (s *Screen) paste(m tea.PasteMsg) {
	c, ok := cloud.ParseCredentials(m.Content)
	switch {
	case s.stage != choosing && s.stage != filling:
	case ok:
		s.stage, s.err = filling, nil
		s.form.fill(c)
	case s.stage == filling:
		s.form.edit(m)
	}
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	switch s.stage {
	case choosing:
		switch {
		case key.Matches(msg, k.up):
			s.at = max(0, s.at-1)
		case key.Matches(msg, k.down):
			s.at = min(len(s.choices)-1, s.at+1)
		case key.Matches(msg, k.choose):
			return s.choose()
		case key.Matches(msg, k.quit):
			return views.Quit{}
		}
	case filling:
		return s.pressForm(msg, k)
	case trying:
		if key.Matches(msg, k.back) {
			s.stage, s.seq = filling, s.seq+1
			return views.GiveUpLogin{}
		}
	case saved:
		if key.Matches(msg, k.choose) {
			return views.UseCloud{Name: s.done.Name}
		}
	}
	return nil
}

func (s *Screen) choose() views.Intent {
	c := s.choices[s.at]
	if c.intent == nil {
		s.stage, s.err = filling, nil
	}
	return c.intent
}

func (s *Screen) pressForm(msg tea.KeyPressMsg, k keys) views.Intent {
	switch {
	case key.Matches(msg, k.back):
		s.stage = choosing
	case key.Matches(msg, k.next):
		s.form.move(1)
	case key.Matches(msg, k.before):
		s.form.move(-1)
	case key.Matches(msg, k.way):
		s.form.other()
	case key.Matches(msg, k.choose):
		if at, ok := s.form.missing(); ok {
			s.form.focus = at
			s.form.asked = true
			return nil
		}
		s.stage, s.err, s.seq = trying, nil, s.seq+1
		return views.TryLogin{Seq: s.seq, Credentials: s.form.credentials()}
	default:
		s.form.edit(msg)
		s.err = nil
	}
	return nil
}

type keys struct{ up, down, choose, back, next, before, way, quit key.Binding }

func newKeys() keys {
	return keys{
		up: key.NewBinding(key.WithKeys("up", "k", "shift+tab"), key.WithHelp("↑/k", "up")), down: key.NewBinding(key.WithKeys("down", "j", "tab"), key.WithHelp("↓/j", "down")),
		choose: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "choose")), back: key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
		next: key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab", "next")), before: key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab", "before")),
		way:  key.NewBinding(key.WithKeys("ctrl+t"), key.WithHelp("ctrl+t", "another way")),
		quit: key.NewBinding(key.WithKeys("q", "esc"), key.WithHelp("q", "quit")),
	}
}

// bound are the bindings of one page.
type bound []key.Binding

func (b bound) ShortHelp() []key.Binding  { return b }
func (b bound) FullHelp() [][]key.Binding { return [][]key.Binding{b} }

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	switch s.stage {
	case filling:
		k.choose.SetHelp("enter", "log in and save")
		return bound{k.choose, k.next, k.way, k.back}
	case trying:
		k.back.SetHelp("esc", "give up")
		return bound{k.back}
	case saved:
		k.choose.SetHelp("enter", "open the console")
		return bound{k.choose}
	case choosing:
	}
	return bound{k.choose, k.down, k.up, k.quit}
}
