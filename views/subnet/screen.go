// Package subnet is the form that publishes a whole subnet: which, whether every address or only the VMs
// that are there, which services, by which scheme, for whom; and what that would open.
package subnet

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views"
	"portico/views/widget"
)

// choice is one checkbox.
type choice struct {
	service gateway.Service
	on      bool
}

// Screen is the form.
type Screen struct {
	snapshot publish.Snapshot
	subnets  []cloud.Subnet // of IPv4, the gateway's own first
	chosen   string         // the ID of one
	existing bool
	services []choice
	schemes  []scheme.Scheme
	scheme   int // 0 leaves it as it is, else the default; n is the n-th
	from     widget.Input
	focus    int

	seq, answered int
	proposal      publish.Proposal
	err           error
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
)

// New returns the form.
func New() *Screen {
	s := &Screen{from: widget.NewInput("anywhere, or networks as 198.51.100.0/24", false)}
	s.offer(nil)
	return s
}

// offer makes a checkbox of each service of the catalogue; the first is chosen.
func (s *Screen) offer(catalogue []gateway.Service) {
	if len(catalogue) == 0 {
		catalogue = publish.Services()
	}
	s.services = nil
	for i, svc := range catalogue {
		s.services = append(s.services, choice{svc, i == 0})
	}
}

// Title is the screen's name.
func (s *Screen) Title() string { return "Whole subnet" }

// Typing reports whether a text has the keyboard.
func (s *Screen) Typing() bool { return s.row() == rowFrom }

// The rows of the form; between rowServices and rowScheme there is one for each service.
const (
	rowSubnet = iota
	rowWhat
	rowServices
	rowScheme
	rowFrom
)

// row is what sort of row has the focus, and service which service's it is.
func (s *Screen) row() int {
	switch n := s.focus - rowServices; {
	case n < 0:
		return s.focus
	case n < len(s.services):
		return rowServices
	case n == len(s.services):
		return rowScheme
	}
	return rowFrom
}

func (s *Screen) service() int { return s.focus - rowServices }

func (s *Screen) rows() int { return len(s.services) + 4 }

// Update takes data, plans and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.OpenSubnetMsg:
		s.focus, s.err, s.answered, s.chosen = 0, nil, 0, ""
		s.from.Set("")
		s.learn()
		return s, s.draft()
	case views.SnapshotMsg:
		s.snapshot = msg.Snapshot
		s.learn()
	case views.SchemesMsg:
		s.schemes, s.scheme = slices.Clone(msg.Schemes), 0
		s.offer(msg.Services)
	case views.PlanMsg:
		if msg.Seq == s.seq {
			s.answered, s.proposal, s.err = msg.Seq, msg.Proposal, msg.Err
		}
	case tea.PasteMsg:
		if s.Typing() {
			s.from.Update(msg)
			return s, s.draft()
		}
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

// learn lists the subnets of IPv4 that instances can be in, the gateway's own first.
func (s *Screen) learn() {
	inv := s.snapshot.Inventory
	outside := map[string]bool{}
	for _, n := range inv.Networks {
		outside[n.ID] = n.External
	}
	s.subnets = nil
	for _, n := range inv.Subnets {
		if n.CIDR.IsValid() && n.CIDR.Addr().Is4() && !outside[n.NetworkID] {
			s.subnets = append(s.subnets, n)
		}
	}
	own := func(n cloud.Subnet) int {
		if s.snapshot.Gateway.FixedIP.IsValid() && n.CIDR.Contains(s.snapshot.Gateway.FixedIP) {
			return 0
		}
		return 1
	}
	slices.SortFunc(s.subnets, func(a, b cloud.Subnet) int {
		return cmp.Or(own(a)-own(b), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	if s.at() < 0 && len(s.subnets) > 0 {
		s.chosen = s.subnets[0].ID
	}
}

// at is which subnet is chosen; -1 when there is none.
func (s *Screen) at() int {
	return slices.IndexFunc(s.subnets, func(n cloud.Subnet) bool { return n.ID == s.chosen })
}

// draft asks for the plan of what the form says.
func (s *Screen) draft() views.Intent {
	req, err := s.request()
	if err != nil {
		s.seq++
		s.answered, s.err = s.seq, err
		return nil
	}
	s.seq++
	return views.Draft{Seq: s.seq, Request: req}
}

func (s *Screen) request() (publish.Request, error) {
	req := publish.Request{Subnets: []string{s.chosen}, Existing: s.existing, KeepPorts: s.scheme == 0, On: s.snapshot.Gateway}
	if s.at() < 0 {
		return req, &gateway.Error{Op: "publish a subnet", Kind: gateway.NotFound, Next: "make a network with a subnet of IPv4 first"}
	}
	for _, c := range s.services {
		if c.on {
			req.Services = append(req.Services, c.service.Name)
		}
	}
	if len(req.Services) == 0 {
		return req, &gateway.Error{Op: "publish a subnet", Kind: gateway.Invalid, Err: errNoService, Next: "choose one with space"}
	}
	if s.scheme > 0 {
		req.Scheme = s.schemes[s.scheme-1].Name
	}
	words := strings.FieldsFunc(s.from.Value(), func(r rune) bool { return r == ',' || r == ' ' })
	req.KeepSources = len(words) == 0
	for _, w := range words {
		p, err := source(w)
		if err != nil {
			return req, &gateway.Error{Op: "read the sources", Target: cloud.Clean(w), Kind: gateway.Invalid, Err: errNoSource, Next: "write them as 198.51.100.0/24 or 198.51.100.7"}
		}
		req.Sources = append(req.Sources, p)
	}
	return req, nil
}

// source is a network, or one address of it; "anywhere" is all of them.
func source(word string) (netip.Prefix, error) {
	if word == "anywhere" {
		word = "0.0.0.0/0"
	}
	if a, err := netip.ParseAddr(word); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(word)
}

type keyMap struct{ open, change, next, prev, back key.Binding }

func newKeys() keyMap {
	return keyMap{
		open:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "preview")),
		change: key.NewBinding(key.WithKeys("space", "right", "left"), key.WithHelp("space", "choose")),
		next:   key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab/↓", "next")),
		prev:   key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab/↑", "previous")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
}

func (k keyMap) ShortHelp() []key.Binding {
	return []key.Binding{k.open, k.change, k.next, k.prev, k.back}
}
func (k keyMap) FullHelp() [][]key.Binding { return [][]key.Binding{k.ShortHelp()} }

// Keys returns the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := newKeys()
	k.change.SetEnabled(!s.Typing())
	return k
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	switch {
	case key.Matches(msg, k.back):
		return views.Back{}
	case key.Matches(msg, k.open):
		if s.answered == s.seq && s.err == nil && s.seq > 0 {
			return views.ShowPlan{Proposal: s.proposal}
		}
		return views.Tell{Text: "there is no plan yet"}
	case key.Matches(msg, k.next):
		s.focus = (s.focus + 1) % s.rows()
	case key.Matches(msg, k.prev):
		s.focus = (s.focus + s.rows() - 1) % s.rows()
	case s.Typing():
		before := s.from.Value()
		if s.from.Update(msg); s.from.Value() != before {
			return s.draft()
		}
	case key.Matches(msg, k.change):
		step := 1
		if msg.String() == "left" {
			step = -1
		}
		s.change(step)
		return s.draft()
	}
	return nil
}

// change takes the next value of the row in focus, or the one before.
func (s *Screen) change(step int) {
	switch s.row() {
	case rowSubnet:
		if n := len(s.subnets); n > 0 {
			s.chosen = s.subnets[(s.at()+step+n)%n].ID
		}
	case rowWhat:
		s.existing = !s.existing
	case rowServices:
		s.services[s.service()].on = !s.services[s.service()].on
	case rowScheme:
		n := len(s.schemes) + 1
		s.scheme = (s.scheme + step + n) % n
	}
}
