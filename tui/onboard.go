package tui

import (
	"context"
	"errors"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/themes"
	"portico/tui/effects"
	"portico/views"
	"portico/views/onboarding"
	"portico/views/widget"
)

// Onboarding is what a console is started with that knows no cloud.
type Onboarding struct {
	onboarding.Start
	Logins  effects.Logins
	Palette themes.Palette // zero: the default
	ASCII   bool
}

// Chosen is what to go on with: a cloud of clouds.yaml, the demo, or, if neither, nothing.
type Chosen struct {
	Cloud string
	Demo  bool
}

// onboard is the model of the console before it knows a cloud.
type onboard struct {
	o      Onboarding
	fx     *effects.Effects
	screen views.Screen
	styles *themes.Styles

	width, height int
	giveUp        func()
	chosen        Chosen
}

var _ tea.Model = (*onboard)(nil)

func newOnboard(ctx context.Context, o Onboarding) *onboard {
	if o.Palette.Name == "" {
		o.Palette = themes.Default()
	}
	return &onboard{o: o, fx: effects.New(ctx, nil, nil), screen: onboarding.New(o.Start), styles: themes.New(o.Palette, true), giveUp: func() {}}
}

func (m *onboard) Init() tea.Cmd { return tea.RequestBackgroundColor }

func (m *onboard) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m, nil
	case tea.BackgroundColorMsg:
		m.styles = themes.New(m.o.Palette, msg.IsDark())
		return m, nil
	case tea.KeyPressMsg:
		if key.Matches(msg, globals.ForceQuit) {
			return m, tea.Quit
		}
	}
	s, intent := m.screen.Update(msg)
	m.screen = s
	return m, m.act(intent)
}

func (m *onboard) act(i views.Intent) tea.Cmd {
	switch i := i.(type) {
	case views.UseCloud:
		m.chosen = Chosen{Cloud: i.Name}
	case views.OpenDemo:
		m.chosen = Chosen{Demo: true}
	case views.TryLogin:
		cmd, giveUp := m.fx.TryLogin(m.o.Logins, i)
		m.giveUp = giveUp
		return cmd
	case views.GiveUpLogin:
		m.giveUp()
		return nil
	case views.Quit:
	default:
		return nil
	}
	return tea.Quit
}

func (m *onboard) View() tea.View {
	content := m.content()
	if m.o.ASCII {
		content = themes.ASCII(content)
	}
	v := tea.NewView(content)
	v.AltScreen, v.WindowTitle = true, "portico"
	return v
}

func (m *onboard) content() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	if m.width < leastWidth || m.height < leastHeight {
		return widget.Centre([]string{"portico needs", "a larger window"}, m.width, m.height)
	}
	st := m.styles
	head := []string{widget.Spans{{Text: " portico", Style: st.Title}, {Text: "  no cloud yet", Style: st.Dim}}.Cut(m.width).Render(st, false)}
	if m.height >= roomyHeight {
		head = append(head, "")
	}
	body := m.screen.View(views.Frame{Width: m.width, Height: m.height - len(head) - 1, Styles: st})
	bar := widget.Spans{{Text: " "}}
	for _, b := range m.screen.Keys().ShortHelp() {
		bar = append(bar, widget.Span{Text: b.Help().Key, Style: st.Key}, widget.Span{Text: " " + b.Help().Desc + "  ", Style: st.KeyText})
	}
	return strings.Join(append(head, body, bar.Cut(m.width).Render(st, false)), "\n")
}

// Onboard shows what a console shows that knows no cloud, until something is chosen or ctx ends.
func Onboard(ctx context.Context, o Onboarding, program ...tea.ProgramOption) (Chosen, error) {
	m := newOnboard(ctx, o)
	defer m.fx.Close()
	_, err := tea.NewProgram(m, append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}, program...)...).Run()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	return m.chosen, err
}
