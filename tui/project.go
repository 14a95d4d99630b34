package tui

import (
	"reflect"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/views"
)

// project is all that belongs to the project, and the gateway, that the console works on. Going
// somewhere else begins a new one, so that nothing of the old can be taken for the new one's: no
// row, mark, plan or question.
type project struct {
	fx   *effects.Effects
	here effects.Place
	site int // counts the projects; commands of another one bring nothing

	nav       navigation
	body      views.SizeMsg // the room for a screen, as the screens know it
	gen       int
	cloud, gw source
	snapshot  publish.Snapshot
	outOfStep publish.InStep // what a sync would do
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
}

// enter begins a project, after the one there was.
func (r *Root) enter(fx *effects.Effects, place effects.Place) {
	was := r.project
	r.project = project{
		fx: fx, here: place, site: was.site + 1, gen: was.gen + 1,
		nav:   newNavigation(r.o.ReadOnly),
		cloud: source{every: cloudEvery}, gw: source{every: gatewayEvery},
		probing: map[gateway.Key]int{}, waiting: map[gateway.Key]bool{}, probed: map[gateway.Key]bool{},
		failing: map[gateway.Key]time.Time{},
	}
	r.nav.show(was.nav.tab)
	r.broadcast(views.SchemesMsg{Schemes: r.o.Schemes, Services: r.o.Services})
}

// begin asks for the first data of a project, for its questions, and for the first beat.
func (r *Root) begin() tea.Cmd {
	r.chain++
	return tea.Batch(r.refreshCloud(), r.fx.Questions(), r.beat())
}

// late is what a command of a project brings.
type late struct {
	site int
	msg  tea.Msg
}

// own marks what a command brings as the present project's. What is for Bubble Tea itself, and comes
// from no backend, stays as it is.
func (r *Root) own(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return ownedBy(r.site, cmd)
}

func ownedBy(site int, cmd tea.Cmd) tea.Cmd {
	return func() tea.Msg {
		switch m := cmd().(type) {
		case nil:
			return nil
		case tea.BatchMsg:
			for i, c := range m {
				if c != nil {
					m[i] = ownedBy(site, c)
				}
			}
			return m
		default:
			if reflect.TypeOf(m).PkgPath() == bubbletea {
				return m
			}
			return late{site, m}
		}
	}
}

var bubbletea = reflect.TypeFor[tea.KeyPressMsg]().PkgPath()

// onLate hands on what is of the present project, and drops what a former one has left.
func (r *Root) onLate(m late) tea.Cmd {
	if m.site != r.site {
		return nil
	}
	return r.dispatch(m.msg)
}
