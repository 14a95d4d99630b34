package gateways

import (
	"cmp"
	"fmt"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

type keys struct {
	Open, Repair, Sync, Adopt, Import, Ports, Diagnose, DiagnoseAll, Copy, Refresh, Close key.Binding
	Create, Prepare, Retire                                                               key.Binding
	list                                                                                  widget.ListKeys
	page                                                                                  bool
}

func newKeys() keys {
	return keys{
		Open:        key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "show all")),
		Create:      key.NewBinding(key.WithKeys("c"), key.WithHelp("c", "create one")),
		Repair:      key.NewBinding(key.WithKeys("R"), key.WithHelp("R", "repair")),
		Sync:        key.NewBinding(key.WithKeys("="), key.WithHelp("=", "sync")),
		Adopt:       key.NewBinding(key.WithKeys("A"), key.WithHelp("A", "adopt all")),
		Prepare:     key.NewBinding(key.WithKeys("P"), key.WithHelp("P", "prepare as a gateway")),
		Retire:      key.NewBinding(key.WithKeys("X"), key.WithHelp("X", "retire the gateway")),
		Import:      key.NewBinding(key.WithKeys("I"), key.WithHelp("I", "import all")),
		Ports:       key.NewBinding(key.WithKeys("m"), key.WithHelp("m", "port map")),
		Diagnose:    key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "doctor")),
		DiagnoseAll: key.NewBinding(key.WithKeys("D"), key.WithHelp("D", "doctor of all forwards")),
		Copy:        key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy the rule")),
		Refresh:     key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
		Close:       key.NewBinding(key.WithKeys("esc", "enter"), key.WithHelp("esc", "back to the list")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	if k.page {
		return []key.Binding{k.Repair, k.Adopt, k.list.Mark, k.Import, k.Copy, k.Ports, k.list.Filter, k.Refresh}
	}
	return []key.Binding{k.Open, k.Diagnose, k.Repair, k.Adopt, k.Create, k.Import, k.Ports, k.list.Filter, k.Refresh}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	if k.page {
		return append([][]key.Binding{{k.Repair, k.Sync, k.Adopt, k.Import, k.Ports, k.Copy, k.Refresh, k.Close}}, k.list.Bindings()...)
	}
	return [][]key.Binding{{k.Open, k.Ports, k.Diagnose, k.DiagnoseAll, k.Repair, k.Sync, k.Adopt, k.Import, k.Create, k.Prepare, k.Retire, k.Refresh}, k.list.TableKeys.Bindings(), k.list.Choosing()}
}

// press turns a key on the list into what is to be done.
func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	r, ok := s.list.Current()
	switch {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case key.Matches(msg, s.keys.Create):
		return s.create()
	case key.Matches(msg, s.keys.Sync):
		return views.Sync{}
	case !ok:
	case key.Matches(msg, s.keys.Open, s.keys.Ports) && r.chosen:
		s.page.id, s.page.ports = rowID(r), key.Matches(msg, s.keys.Ports)
		s.fillPage()
	case key.Matches(msg, s.keys.Open):
		return views.Tell{Text: "it is not in use: 'portico --gateway' or 'gateway:' in the configuration file chooses it"}
	case key.Matches(msg, s.keys.DiagnoseAll):
		return views.DiagnoseAll{}
	case key.Matches(msg, s.keys.Diagnose):
		return views.Diagnose{Target: doctor.Target{Gateway: cmp.Or(r.Name, r.FixedIP.String())}, Title: r.Name}
	case key.Matches(msg, s.keys.Repair):
		return s.repair(r)
	case key.Matches(msg, s.keys.Prepare):
		return s.make(r, publish.Prepare)
	case key.Matches(msg, s.keys.Retire):
		return s.make(r, publish.Retire)
	case key.Matches(msg, s.keys.Adopt):
		return s.adopt(r, nil)
	case key.Matches(msg, s.keys.Import):
		return s.importAll(r)
	}
	return nil
}

// repair is about the gateway in use, whichever row the cursor is on.
func (s *Screen) repair(r row) views.Intent {
	if no := s.cannot(r); no != nil {
		return no
	}
	return views.Repair{}
}

// make prepares the gateway under the cursor, or retires it, if it is the one in use.
func (s *Screen) make(r row, what publish.Prepared) views.Intent {
	if no := s.cannot(r); no != nil {
		return no
	}
	return views.MakeGateway{Make: what, On: r.Gateway}
}

// cannot says why a gateway cannot be changed from here, or nil.
func (s *Screen) cannot(r row) views.Intent {
	switch {
	case s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case !r.chosen:
		return views.Tell{Text: "this gateway is not in use"}
	case r.state == nil:
		return views.Tell{Text: "what stands on the gateway is not known yet"}
	}
	return nil
}

// adopt takes over the marked forwards made by hand, or all of those that can be.
func (s *Screen) adopt(r row, marked []line) views.Intent {
	switch {
	case s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case r.state == nil || adoptable(r.state.Drift) == 0:
		return views.Tell{Text: "no forward made by hand can be adopted"}
	case len(marked) == 0:
		return views.Adopt{}
	}
	var ports []string
	for _, l := range marked {
		if f := l.Forward; f != nil && l.Kind == gateway.Foreign {
			if port := fmt.Sprintf("%s/%d", f.Service.Protocol, f.Public.Port()); !slices.Contains(ports, port) {
				ports = append(ports, port)
			}
		}
	}
	if len(ports) == 0 {
		return views.Tell{Text: "none of what is marked can be adopted"}
	}
	return views.Adopt{Ports: ports}
}

// importAll takes over all that was made by hand, also what leads to addresses that nobody has.
func (s *Screen) importAll(r row) views.Intent {
	switch {
	case s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case r.state == nil || !r.chosen || !s.importable():
		return views.Tell{Text: "nothing made by hand can be imported"}
	}
	return views.Adopt{Vacant: true}
}

func (s *Screen) importable() bool { return len(s.found.Forwards)+len(s.found.Vacant) > 0 }

func adoptable(ds []gateway.Drift) int {
	n := 0
	for _, d := range ds {
		if d.Kind == gateway.Foreign && d.Forward != nil {
			n++
		}
	}
	return n
}
