package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"portico/cloud"
	"portico/themes"
)

// themeConfig is a theme of the user's own: the colours of another one, but for those it names.
type themeConfig struct {
	Name    string  `yaml:"name"`
	Base    string  `yaml:"base"` // a theme of Portico; the default one if empty
	Colours colours `yaml:"colours"`
}

// colours are those of a palette, see [themes.Palette].
type colours struct {
	Text     colour `yaml:"text"`
	Dim      colour `yaml:"dim"`
	Faint    colour `yaml:"faint"`
	Accent   colour `yaml:"accent"`
	OnAccent colour `yaml:"on_accent"`
	Selected colour `yaml:"selected"`
	Good     colour `yaml:"good"`
	Warn     colour `yaml:"warn"`
	Bad      colour `yaml:"bad"`
}

// colour is written as one value for both backgrounds, or as {dark: ..., light: ...}.
type colour struct {
	Dark  string `yaml:"dark"`
	Light string `yaml:"light"`
}

// UnmarshalYAML takes both forms.
func (c *colour) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*c = colour{one, one}
		return nil
	}
	type plain colour
	return unmarshal((*plain)(c))
}

// palette is the theme as the screens take it. Its base must exist.
func (t themeConfig) palette() themes.Palette {
	base := themes.Default()
	if t.Base != "" {
		base, _ = themes.Find(themes.Palettes(), t.Base)
	}
	c, pair := t.Colours, func(c colour) themes.Pair { return themes.Pair(c) }
	return base.With(themes.Palette{
		Name: t.Name, Title: "your own, after " + base.Name, Text: pair(c.Text), Dim: pair(c.Dim), Faint: pair(c.Faint), Accent: pair(c.Accent),
		OnAccent: pair(c.OnAccent), Selected: pair(c.Selected), Good: pair(c.Good), Warn: pair(c.Warn), Bad: pair(c.Bad),
	})
}

// palettes are the themes that one can choose from.
func (c config) palettes() []themes.Palette {
	all := themes.Palettes()
	for _, t := range c.Themes {
		all = append(all, t.palette())
	}
	return all
}

func themeNames(all []themes.Palette) (names []string) {
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// findTheme is the palette that the user named.
func findTheme(all []themes.Palette, name string) (themes.Palette, error) {
	p, ok := themes.Find(all, name)
	if ok {
		return p, nil
	}
	names := themeNames(all)
	why := "there is no such theme"
	if near := nearest(name, names); near != "" {
		why += fmt.Sprintf("; did you mean %q?", near)
	}
	return p, wrongUse("use theme "+cloud.Clean(name), errors.New(why), "there are "+strings.Join(names, ", "))
}

// palette is what --theme says, else the file, else the default.
func (a *app) palette(c config) (themes.Palette, error) {
	for _, name := range []string{a.flags.theme, c.Theme} {
		if name != "" {
			return findTheme(c.palettes(), name)
		}
	}
	return themes.Default(), nil
}

// checkTheme refuses a --theme that does not exist, also where nothing is coloured by it.
func (a *app) checkTheme() error {
	if a.flags.theme == "" {
		return nil
	}
	c, err := a.loadConfig()
	if err == nil {
		_, err = a.palette(c)
	}
	return err
}

// ascii reports whether the console is drawn with ASCII alone.
func (a *app) ascii(c config) bool {
	return a.flags.ascii || c.ASCII || asciiTerminal() != ""
}

// asciiTerminal names the variable that says of a terminal that it shows no more than ASCII for
// certain: a character set other than UTF-8, or the console of Linux, whose font is small. Of a
// locale without a character set nothing is known.
func asciiTerminal() string {
	if os.Getenv("TERM") == "linux" {
		return "TERM"
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // the first that is set counts
		if value := os.Getenv(name); value != "" {
			_, charset, ok := strings.Cut(value, ".")
			charset, _, _ = strings.Cut(charset, "@")
			if ok && !strings.EqualFold(strings.ReplaceAll(charset, "-", ""), "utf8") {
				return name
			}
			return ""
		}
	}
	return ""
}

func (c config) checkThemes() error {
	for i, t := range c.Themes {
		path := fmt.Sprintf("themes[%d]", i)
		if t.Name == "" {
			return at(path, errors.New("every theme needs a name"))
		}
		if err := checkText("theme", t.Name); err != nil {
			return at(path+".name", err)
		}
		before := config{Themes: c.Themes[:i]}
		if _, taken := themes.Find(before.palettes(), t.Name); taken {
			return at(path+".name", fmt.Errorf("there is already a theme %q", t.Name))
		}
		if t.Base != "" {
			if _, err := findTheme(themes.Palettes(), t.Base); err != nil {
				return at(path+".base", err)
			}
		}
		if err := t.Colours.check(path + ".colours"); err != nil {
			return err
		}
	}
	if c.Theme == "" {
		return nil
	}
	_, err := findTheme(c.palettes(), c.Theme)
	return at("theme", err)
}

func (c colours) check(path string) error {
	for key, colour := range map[string]colour{
		".text": c.Text, ".dim": c.Dim, ".faint": c.Faint, ".accent": c.Accent, ".on_accent": c.OnAccent, ".selected": c.Selected, ".good": c.Good, ".warn": c.Warn, ".bad": c.Bad,
	} {
		for half, value := range map[string]string{".dark": colour.Dark, ".light": colour.Light} {
			if value == "" {
				continue
			}
			if err := themes.CheckColour(value); err != nil {
				return at(path+key+half, err)
			}
		}
	}
	return nil
}
