// Package subnet is the form that publishes a whole subnet: which, whether every address or only the VMs
// that are there, which services, by which scheme, for whom; and what that would open.
package subnet

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views"
	"portico/views/formula"
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
	scheme   int // 0 leaves it as it is, else the default; n is the n-th, and the last a formula of one's own
	formula  formula.Field
	from     widget.Input
	me       *views.Me // nil until it is known
	meSeq    int
	focus    int
	mapping  bool // the port map has the place of the plan

	seq, answered int
	proposal      publish.Proposal
	err           error
	marks         []mark // on the map of ports
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
)

// New returns the form.
func New() *Screen {
	s := &Screen{from: widget.NewInput("anywhere, me, or networks as 198.51.100.0/24", false), formula: formula.New()}
	s.offer(nil)
	return s
}

// offer makes a checkbox of each service of the catalogue; the first is chosen, or those that were.
func (s *Screen) offer(catalogue []gateway.Service) {
	if len(catalogue) == 0 {
		catalogue = publish.Services()
	}
	was := s.services
	s.services = nil
	for i, svc := range catalogue {
		on := i == 0 && was == nil || slices.ContainsFunc(was, func(c choice) bool { return c.on && c.service == svc })
		s.services = append(s.services, choice{svc, on})
	}
}

// Title is the screen's name.
func (s *Screen) Title() string { return "Whole subnet" }

// Typing reports whether a text has the keyboard.
func (s *Screen) Typing() bool { return s.input() != nil }

// Update takes data, plans and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.OpenSubnetMsg:
		s.begin()
		return s, views.Join(s.draft(), views.Survey{Seq: s.meSeq, Me: true})
	case views.SnapshotMsg:
		s.snapshot = msg.Snapshot
		s.learn()
	case views.SchemesMsg:
		s.take(msg)
	case views.TriedMsg:
		s.formula.Take(msg)
	case views.SurveyMsg:
		if msg.Me != nil && msg.Seq == s.meSeq {
			s.me = msg.Me
			if s.meant() {
				return s, s.draft()
			}
		}
	case views.PlanMsg:
		s.planned(msg)
	case tea.PasteMsg:
		if in := s.input(); in != nil {
			in.Update(msg)
			return s, s.draft()
		}
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

// begin empties the form.
func (s *Screen) begin() {
	s.focus, s.err, s.answered, s.chosen, s.mapping, s.marks = 0, nil, 0, "", false, nil
	s.from.Set("")
	s.formula = s.formula.Anew()
	if s.own() {
		s.scheme = 0
	}
	s.learn()
	s.me = nil
	s.meSeq++
}

// planned takes the plan of what the form says now.
func (s *Screen) planned(msg views.PlanMsg) {
	if msg.Seq != s.seq {
		return
	}
	s.answered, s.proposal, s.err = msg.Seq, msg.Proposal, msg.Err
	if s.marks = markPlan(msg.Proposal); msg.Err != nil {
		s.marks = s.markRefused()
	}
}

// take takes over other schemes. The one that was chosen stays chosen, and so does a formula.
func (s *Screen) take(msg views.SchemesMsg) {
	own, name := s.own(), ""
	if n := s.scheme; n > 0 && n <= len(s.schemes) {
		name = s.schemes[n-1].Name
	}
	s.schemes = slices.Clone(msg.Schemes)
	s.scheme = 1 + slices.IndexFunc(s.schemes, func(x scheme.Scheme) bool { return x.Name == name })
	if own {
		s.scheme = len(s.schemes) + 1
	}
	s.offer(msg.Services)
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
