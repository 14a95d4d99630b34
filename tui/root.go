package tui

import (
	"context"
	"fmt"
	"reflect"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/themes"
	"portico/tui/effects"
	"portico/views"
)

// Root is the console's model. Make one with New and end it with Close.
type Root struct {
	o       Options
	fx      *effects.Effects
	routes  map[reflect.Type]handler
	intents map[reflect.Type]handler

	styles        *themes.Styles
	dark          bool // the terminal's background
	width, height int
	body          views.SizeMsg // as the screens know it
	now           time.Time
	blurred       bool
	tick          func(chain int, d time.Duration) tea.Cmd
	chain         int  // of beats
	fast          bool // beats come quickly

	nav     navigation
	dialogs []dialog // the first is shown
	menu    themeMenu
	toast   toast
	notice  notice

	gen       int
	cloud, gw source
	snapshot  publish.Snapshot
	gateways  []gateway.Gateway
	logins    loginState
	history   historyState
	doctor    doctorState
	apply     applyState
	planning  int                  // plans under way, but for those of the form
	stale     *publish.Proposal    // to be planned anew: the gateway had changed since
	probing   map[gateway.Key]int  // forwards under test, by how many probes
	waiting   map[gateway.Key]bool // those of them that have no result yet
	probed    map[gateway.Key]bool
	failing   map[gateway.Key]time.Time // when the last test went wrong
	watching  watching                  // under a quiet test
	copying   copying
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
		o: o, fx: effects.New(ctx, o.Backend, o.Prompter), routes: routes(), intents: intents(),
		styles: themes.New(o.Palette, true), dark: true, now: o.Now(),
		nav:   newNavigation(o.ReadOnly),
		cloud: source{every: cloudEvery}, gw: source{every: gatewayEvery},
		probing: map[gateway.Key]int{}, waiting: map[gateway.Key]bool{}, probed: map[gateway.Key]bool{},
		failing: map[gateway.Key]time.Time{},
	}
	r.tick = r.fx.Tick
	r.broadcast(views.SchemesMsg{Schemes: o.Schemes})
	return r
}

// Close ends what reads and waits for the rest.
func (r *Root) Close() { r.fx.Close() }

// Init asks for the first data, the terminal's background and the first beat.
func (r *Root) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, r.refreshCloud(), r.fx.Questions(), r.beat())
}

// Update hands a message to its handler. What has none is for the screen in sight.
func (r *Root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	r.now = r.o.Now()
	from := r.nav.current
	cmd := r.dispatch(msg)
	r.leaveDoctor()
	return r, tea.Batch(cmd, r.arrive(from), r.relayout())
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
