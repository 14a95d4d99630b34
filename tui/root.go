package tui

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/themes"
	"portico/tui/effects"
	"portico/views"
)

// Root is the console's model. Make one with New and end it with Close.
type Root struct {
	o       Options
	routes  map[reflect.Type]handler
	intents map[reflect.Type]handler

	styles        *themes.Styles
	dark          bool // the terminal's background
	width, height int
	now           time.Time
	blurred       bool
	tick          func(chain int, d time.Duration) tea.Cmd
	chain         int  // of beats
	fast          bool // beats come quickly

	dialogs []dialog // the first is shown
	menu    themeMenu
	picker  picker
	copying copying
	mouse   bool // clicks and the wheel are taken
	drawn   drawn
	clicked clicked
	recent  []string // IDs of what was chosen in pickers, the last first
	toast   toast
	notice  notice
	quiet   time.Time // until then a screen that opened by itself takes no keys

	effects   func(effects.Backend, *effects.Prompter) *effects.Effects
	backend   effects.Backend
	places    *effects.Places // as last told
	switching *effects.Place  // where one is going
	leaving   sync.WaitGroup  // what ends the sites that were left

	project
}

var _ tea.Model = (*Root)(nil)

// How often the sources are read.
const (
	cloudEvery   = 15 * time.Second
	gatewayEvery = 5 * time.Second
)

// New returns the console before its first message. ctx ends everything but an apply.
func New(ctx context.Context, o Options) *Root {
	o = o.withDefaults()
	r := &Root{
		o: o, backend: o.Backend, routes: routes(), intents: intents(),
		styles: themes.New(o.Palette, true), dark: true, now: o.Now(), mouse: o.Mouse,
		effects: func(b effects.Backend, p *effects.Prompter) *effects.Effects { return effects.New(ctx, b, p) },
	}
	r.tick = func(chain int, d time.Duration) tea.Cmd { return r.fx.Tick(chain, d) }
	r.enter(r.effects(o.Backend, o.Prompter), effects.Place{Cloud: o.Cloud})
	return r
}

// Close ends what reads and waits for the rest.
func (r *Root) Close() {
	r.fx.Close()
	r.leaving.Wait()
}

// Init asks for the first data, the terminal's background and the first beat.
func (r *Root) Init() tea.Cmd { return r.own(tea.Batch(tea.RequestBackgroundColor, r.begin())) }

// Update hands a message to its handler. What has none is for the screen in sight.
func (r *Root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	r.now = r.o.Now()
	from := r.nav.current
	cmd := r.dispatch(msg)
	r.leaveDoctor()
	return r, r.own(tea.Batch(cmd, r.arrive(from), r.relayout()))
}

func (r *Root) dispatch(msg tea.Msg) tea.Cmd {
	if msg == nil {
		return nil
	}
	if h, ok := r.routes[reflect.TypeOf(msg)]; ok {
		return h(r, msg)
	}
	return r.tell(r.nav.current, msg)
}

// broadcast hands data to every screen.
func (r *Root) broadcast(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, t := range targets {
		cmds = append(cmds, r.tell(t, msg))
	}
	return tea.Batch(cmds...)
}

// tell hands a message to one screen and does what it wants done.
func (r *Root) tell(t views.Target, msg tea.Msg) tea.Cmd {
	s, intent := r.nav.screens[t].Update(msg)
	r.nav.screens[t] = s
	return r.act(intent)
}

// act does what a screen wants done.
func (r *Root) act(i views.Intent) tea.Cmd {
	if i == nil {
		return nil
	}
	h, ok := r.intents[reflect.TypeOf(i)]
	if !ok {
		r.say(fmt.Sprintf("nothing knows how to do %T", i), true)
		return nil
	}
	return h(r, i)
}

// relayout tells the screens when the room for them has changed.
func (r *Root) relayout() tea.Cmd {
	f := r.frame()
	size := views.SizeMsg{Width: f.Width, Height: f.Height}
	if size == r.body {
		return nil
	}
	r.body = size
	return r.broadcast(size)
}
