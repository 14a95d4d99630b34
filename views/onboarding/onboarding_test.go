package onboarding_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/themes"
	"portico/views"
	"portico/views/onboarding"
	"portico/views/widget"
)

var bare = onboarding.Start{Why: "no clouds.yaml was found, and OS_AUTH_URL is not set", File: "~/.config/openstack/clouds.yaml"}

func press(s views.Screen, keys ...string) (i views.Intent) {
	special := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "down": tea.KeyDown}
	for _, k := range keys {
		switch code, ok := special[k]; {
		case ok:
			s, i = s.Update(tea.KeyPressMsg{Code: code})
		case k == "ctrl+t":
			s, i = s.Update(tea.KeyPressMsg{Code: 't', Mod: tea.ModCtrl})
		default:
			for _, r := range k {
				s, i = s.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
			}
		}
	}
	return i
}

// typed is the form as somebody has filled it in, and the intent that enter then makes.
func typed() (views.Screen, views.TryLogin) {
	s := onboarding.New(bare)
	i := press(s, "enter", "https://keystone.bielefeld.example:5000/v3", "tab", "mg", "tab", "hunter2", "tab", "metagenomics", "enter")
	try, _ := i.(views.TryLogin)
	return s, try
}

func TestViews(t *testing.T) {
	refused := &cloud.Error{Op: "log in to", Target: "bielefeld", Kind: cloud.Auth, Err: errors.New("The request you have made requires authentication. (HTTP 401)")}
	open := map[string]func() views.Screen{
		"first": func() views.Screen { return onboarding.New(bare) },
		"clouds": func() views.Screen {
			s := onboarding.New(onboarding.Start{Clouds: []string{"bielefeld", "heidelberg"}, Why: "there is a clouds.yaml, and nothing says which of its clouds is meant", File: bare.File})
			press(s, "down")
			return s
		},
		"form":   func() views.Screen { s := onboarding.New(bare); press(s, "enter"); return s },
		"app":    func() views.Screen { s := onboarding.New(bare); press(s, "enter", "ctrl+t"); return s },
		"trying": func() views.Screen { s, _ := typed(); return s },
		"refused": func() views.Screen {
			s, i := typed()
			s.Update(views.LoginTriedMsg{Seq: i.Seq, Err: refused})
			return s
		},
		"saved": func() views.Screen {
			s, i := typed()
			s.Update(views.LoginTriedMsg{Seq: i.Seq, Name: "bielefeld", Identity: cloud.Identity{User: "mg", Project: "metagenomics"}, Files: []string{"/home/mg/.config/openstack/clouds.yaml", "/home/mg/.config/openstack/secure.yaml"}})
			return s
		},
	}
	for name, s := range open {
		for _, size := range [][2]int{{80, 22}, {120, 38}, {40, 8}, {3, 2}} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				v := ansi.Strip(s().View(views.Frame{Width: size[0], Height: size[1], Styles: themes.New(themes.Default(), true)}))
				if strings.Contains(v, "hunter2") {
					t.Error("the password is shown")
				}
				for l := range strings.SplitSeq(v, "\n") {
					if widget.Width(l) > size[0] {
						t.Errorf("too wide: %q", l)
					}
				}
				if size[0] > 3 {
					golden.RequireEqual(t, v)
				}
			})
		}
	}
}

func TestForm(t *testing.T) {
	_, try := typed()
	want := cloud.Credentials{Name: "bielefeld", AuthURL: "https://keystone.bielefeld.example:5000/v3", User: "mg", Password: "hunter2", Project: "metagenomics"}
	if d := cmp.Diff(want, try.Credentials); d != "" {
		t.Error(d)
	}
	s := onboarding.New(bare)
	if i := press(s, "enter", "enter"); i != nil {
		t.Errorf("an empty form does %v", i)
	}
	if i := press(s, "http://10.0.0.1/v3", "ctrl+t", "tab"); i != nil {
		t.Error(i)
	}
	app, _ := press(onboarding.New(bare), "enter", "http://10.0.0.1/v3", "ctrl+t", "tab", "id", "tab", "s", "enter").(views.TryLogin)
	if d := cmp.Diff(cloud.Credentials{Name: "mycloud", AuthURL: "http://10.0.0.1/v3", AppID: "id", AppSecret: "s"}, app.Credentials); d != "" {
		t.Error(d)
	}
}

// TestPaste: an openrc file fills the form from the first page, and only what it does not hold is asked.
func TestPaste(t *testing.T) {
	s := onboarding.New(bare)
	s.Update(tea.PasteMsg{Content: "export OS_AUTH_URL=https://cloud.uni.example/v3\nexport OS_USERNAME=mg\nexport OS_PROJECT_NAME=p\nexport OS_PASSWORD=$X\n"})
	if !s.Typing() {
		t.Fatal("the form did not open")
	}
	try, ok := press(s, "secret", "enter").(views.TryLogin)
	if !ok || try.Credentials.Password != "secret" || try.Credentials.User != "mg" || try.Credentials.Name != "cloud" {
		t.Errorf("%v %+v", ok, try.Credentials.User)
	}
	other := onboarding.New(bare)
	press(other, "enter")
	other.Update(tea.PasteMsg{Content: "https://c/v3\r\n"})
	if i, ok := press(other, "tab", "u", "tab", "p", "tab", "x", "enter").(views.TryLogin); !ok || i.Credentials.AuthURL != "https://c/v3" {
		t.Errorf("what is no file went elsewhere: %v", i)
	}
}

func TestChoices(t *testing.T) {
	s := onboarding.New(onboarding.Start{Clouds: []string{"a"}})
	for n, want := range []views.Intent{views.UseCloud{Name: "a"}, nil, views.OpenDemo{}, views.Quit{}} {
		s := onboarding.New(onboarding.Start{Clouds: []string{"a"}})
		for range n {
			press(s, "down")
		}
		if d := cmp.Diff(want, press(s, "enter")); d != "" {
			t.Error(d)
		}
	}
	if press(s, "q") != (views.Quit{}) {
		t.Error("q does not quit")
	}
}

// TestGivenUp: a login that was given up counts no more, whatever it brings.
func TestGivenUp(t *testing.T) {
	s, i := typed()
	if press(s, "esc") != (views.GiveUpLogin{}) {
		t.Error("esc does not give up")
	}
	s.Update(views.LoginTriedMsg{Seq: i.Seq, Name: "late"})
	if again, ok := press(s, "enter").(views.TryLogin); !ok || again.Seq == i.Seq {
		t.Error("the late answer counted")
	}
}
