package main

import (
	"os"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"portico/cloud"
	"portico/themes"
	"portico/views/widget"
)

func (a *app) themesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "themes", Short: "The themes of the console, with a sample of each", Args: noArgs, Example: "portico --theme high-contrast",
		RunE: func(*cobra.Command, []string) error {
			c, err := a.loadConfig()
			if err != nil {
				return err
			}
			chosen, err := a.palette(c)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printThemes(c.palettes(), chosen)
			}
			dark := a.darkTerminal()
			rows := make([][]string, 0, len(c.palettes()))
			for _, p := range c.palettes() {
				name := cloud.Clean(p.Name)
				if p.Name == chosen.Name {
					name += " (chosen)"
				}
				rows = append(rows, []string{name, sample(themes.New(p, dark)), p.Title})
			}
			a.printTable([]string{"NAME", "SAMPLE", "WHAT"}, rows)
			return nil
		},
	}
}

type themeJSON struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Chosen bool   `json:"chosen"`
}

func (a *app) printThemes(all []themes.Palette, chosen themes.Palette) error {
	list := make([]themeJSON, 0, len(all))
	for _, p := range all {
		list = append(list, themeJSON{p.Name, p.Title, p.Name == chosen.Name})
	}
	return a.printJSON(map[string]any{"themes": list})
}

// darkTerminal asks the terminal for its background, where there is one on both ends.
func (a *app) darkTerminal() bool {
	out, ok := a.out.(*os.File)
	if !ok || a.flags.plain || !a.interactive() || !term.IsTerminal(int(out.Fd())) {
		return true
	}
	return lipgloss.HasDarkBackground(a.in, out)
}

// sample is a line in the colours of a theme.
func sample(st *themes.Styles) string {
	return widget.Spans{
		{Text: "portico", Style: st.Brand}, {Text: " text", Style: st.Text}, {Text: " context", Style: st.Dim},
		{Text: " ● good", Style: st.Good}, {Text: " ◐ warn", Style: st.Warn}, {Text: " ✗ bad ", Style: st.Bad}, {Text: " button ", Style: st.ButtonFocus},
	}.Render(st, false)
}
