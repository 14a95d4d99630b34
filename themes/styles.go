package themes

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Styles is what a screen draws with. Segments are styled one by one and joined: a style's reset
// ends whatever surrounds it.
type Styles struct {
	Palette Palette
	Dark    bool

	Text   lipgloss.Style // what is read
	Strong lipgloss.Style // the answer the operator came for
	Dim    lipgloss.Style // context
	Faint  lipgloss.Style // out of reach, follows from something else
	Title  lipgloss.Style // a screen's or pane's heading
	Column lipgloss.Style // headings of a table
	Accent lipgloss.Style // focus

	Good lipgloss.Style
	Warn lipgloss.Style
	Bad  lipgloss.Style

	Selected lipgloss.Style // the row under the cursor; use On to lay another style over it
	Mark     lipgloss.Style // a marked row's sign
	Match    lipgloss.Style // what the filter matched

	Key     lipgloss.Style // a key in the status bar and in help
	KeyText lipgloss.Style // what the key does
	Border  lipgloss.Style // rules and boxes

	Brand     lipgloss.Style // the program's name in the header
	Tab       lipgloss.Style
	TabActive lipgloss.Style

	Input       lipgloss.Style // text being typed
	Placeholder lipgloss.Style
	Button      lipgloss.Style
	ButtonFocus lipgloss.Style

	Add    lipgloss.Style // + of a plan
	Change lipgloss.Style // ~
	Remove lipgloss.Style // -

	selected color.Color
}

// New makes the styles of a palette for a dark or a light terminal.
func New(p Palette, isDark bool) *Styles {
	if p.Only != "" {
		isDark = p.Only == Dark
	}
	pick := func(c Pair) color.Color {
		s := c.Light
		if isDark {
			s = c.Dark
		}
		if s == "" {
			return lipgloss.NoColor{}
		}
		return lipgloss.Color(s)
	}
	fg := func(c Pair) lipgloss.Style { return lipgloss.NewStyle().Foreground(pick(c)) }
	s := &Styles{Palette: p, Dark: isDark, selected: pick(p.Selected)}
	s.Text, s.Dim, s.Faint, s.Accent = fg(p.Text), fg(p.Dim), fg(p.Faint), fg(p.Accent)
	s.Strong = s.Text.Bold(true)
	s.Title = s.Text.Bold(true)
	s.Column = s.Dim
	s.Good, s.Warn, s.Bad = fg(p.Good), fg(p.Warn), fg(p.Bad)

	s.Selected = s.Text.Bold(true).Background(s.selected)
	s.Mark = s.Accent.Bold(true)
	s.Match = s.Accent.Bold(true).Underline(true)

	s.Key, s.KeyText, s.Border = s.Accent, s.Dim, s.Faint
	s.Brand = s.Accent.Bold(true)
	s.Tab = s.Dim
	s.TabActive = s.Accent.Bold(true).Underline(true)

	s.Input, s.Placeholder = s.Text, s.Faint
	s.Button = s.Dim
	s.ButtonFocus = fg(p.OnAccent).Background(pick(p.Accent)).Bold(true)

	s.Add, s.Change, s.Remove = s.Good, s.Warn, s.Bad
	return s
}

// On returns style as it looks on the selected row.
func (s *Styles) On(style lipgloss.Style) lipgloss.Style { return style.Background(s.selected) }
