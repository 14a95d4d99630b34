// Package publish is the form that says what to publish. What it asks for and what that would
// change stand side by side: every key that changes the form asks for a new plan.
//
//	OpenFormMsg -> form --any change--> Draft{Seq} ... PlanMsg{Seq} -> preview --enter--> ShowPlan
//
// Only the answer to the latest Draft counts. The form never fills in what was left out: an
// unfinished list of networks is a problem shown in place, never "anywhere".
package publish

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/views"
	"portico/views/formula"
	"portico/views/widget"
)

// Screen is the form for one or several instances.
type Screen struct {
	instances []string // IDs; none: the form is not open
	names     []string
	snapshot  publish.Snapshot
	gwErr     error // why the gateway's state is not known
	schemes   []scheme.Scheme
	catalogue []gateway.Service

	services       []choice
	own            widget.Input
	scheme         string // name; "" until the schemes are known
	schemeTouched  bool   // else what stands keeps its port
	ownPorts       bool   // in place of the scheme's
	ports          widget.Input
	ownFormula     bool // in place of the scheme's
	formula        formula.Field
	from           from
	only           widget.Input
	sourcesTouched bool
	engine         string // name; "" is as it stands, else the first that can be
	via            string // the floating IP for neutron
	focus          field
	mapping        bool // the port map has the place of the preview

	at     place // of the one instance; unknown when there are several
	places map[string]place
	taken  taken
	now    map[found]gateway.Forward // what stands of the instances
	asked  []ask
	blame  map[string]blame // by scheme
	survey survey

	seq      int // of the latest draft
	answered int
	problem  error // why the form can't be planned as it is
	proposal publish.Proposal
	planErr  error
	opening  bool // enter was pressed before the plan came
}

// choice is one checkbox.
type choice struct {
	service gateway.Service
	on      bool
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
)

// New returns the form, not yet opened for anything.
func New() *Screen {
	s := &Screen{}
	s.reset()
	return s
}

// reset empties the form. What is known of the project stays, and so does the number of the last draft:
// answers to drafts of an earlier form are stale.
func (s *Screen) reset() {
	*s = Screen{
		snapshot: s.snapshot, gwErr: s.gwErr, schemes: s.schemes, catalogue: s.catalogue, seq: s.seq, survey: survey{seq: s.survey.seq},
		own: widget.NewInput(serviceForm, false), ports: widget.NewInput("public ports, as 40022 or 40022,40080", false), only: widget.NewInput("networks, as 198.51.100.0/24", false),
		formula: s.formula.Anew(),
	}
	s.offer()
	if len(s.schemes) > 0 {
		s.scheme = s.schemes[0].Name
	}
}

// offer makes a checkbox of each service of the catalogue. The first is chosen, or those that were.
func (s *Screen) offer() {
	was := s.services
	s.services = nil
	list := s.catalogue
	if len(list) == 0 {
		list = publish.Services()
	}
	for i, svc := range list {
		on := i == 0 && was == nil || slices.ContainsFunc(was, func(c choice) bool { return c.on && c.service == svc })
		s.services = append(s.services, choice{service: svc, on: on})
	}
}

// Title is the screen's name.
func (s *Screen) Title() string { return "Publish" }

// Typing reports whether a text has the keyboard.
func (s *Screen) Typing() bool { return s.focus.text() }

// Update takes data, plans and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.OpenFormMsg:
		s.reset()
		s.instances = slices.Clone(msg.Instances)
		s.learn()
		return s, views.Join(s.draft(), s.look(false))
	case views.SnapshotMsg:
		s.snapshot, s.gwErr = msg.Snapshot, msg.GatewayErr
		s.learn()
		s.keepFocus()
		if !s.survey.begun {
			return s, views.Join(s.draft(), s.look(false))
		}
		return s, s.draft()
	case views.SurveyMsg:
		s.surveyed(msg)
		if msg.Me != nil && s.from == fromMe {
			return s, s.draft()
		}
	case views.SchemesMsg:
		s.schemes, s.catalogue = slices.Clone(msg.Schemes), slices.Clone(msg.Services)
		s.offer()
		if !slices.ContainsFunc(s.schemes, func(x scheme.Scheme) bool { return x.Name == s.scheme }) {
			s.scheme = ""
			if len(s.schemes) > 0 {
				s.scheme = s.schemes[0].Name
			}
		}
		s.keepFocus()
		return s, s.draft()
	case views.TriedMsg:
		s.formula.Take(msg)
	case views.PlanMsg:
		return s, s.planned(msg)
	case tea.PasteMsg:
		s.opening = false
		if s.edit(msg) {
			return s, s.draft()
		}
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

// keepFocus moves the focus to the first field when its own is gone.
func (s *Screen) keepFocus() {
	if !slices.Contains(s.fields(), s.focus) {
		s.focus = field{}
	}
}

// learn takes over what the snapshot says of the instances.
func (s *Screen) learn() {
	s.names = s.names[:0]
	for _, id := range s.instances {
		s.names = append(s.names, publish.InstanceName(s.snapshot.Inventory, id))
	}
	s.at, s.places, s.taken, s.now = place{}, make(map[string]place, len(s.instances)), taken{}, nil
	for _, id := range s.instances {
		s.places[id] = placeOf(s.snapshot, id)
	}
	if len(s.instances) == 1 {
		s.at = s.places[s.instances[0]]
	}
	if len(s.instances) > 0 {
		s.now = s.standingNow()
		s.taken = takenOf(s.snapshot, s.address())
	}
	if sources := s.standingSources(); len(sources) > 0 && !s.sourcesTouched {
		s.from = fromOnly
		text := ""
		for i, p := range sources {
			if i > 0 {
				text += ", "
			}
			text += p.String()
		}
		s.only.Set(text)
	}
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	s.opening = false
	mapping := s.mapping
	if !key.Matches(msg, k.ports, k.look, k.fix) {
		s.mapping = false // the form is needed
	}
	switch {
	case key.Matches(msg, k.back) && mapping:
	case key.Matches(msg, k.back):
		return s.leave()
	case key.Matches(msg, k.open):
		return s.open()
	case key.Matches(msg, k.next) || !s.Typing() && msg.String() == "right":
		return s.move(1)
	case key.Matches(msg, k.prev) || !s.Typing() && msg.String() == "left":
		return s.move(-1)
	case s.Typing():
		return s.write(msg, k)
	default:
		return s.pressed(msg, k)
	}
	return nil
}

// write handles a key for the text under the focus.
func (s *Screen) write(msg tea.KeyPressMsg, k keyMap) views.Intent {
	switch {
	case key.Matches(msg, k.save) && s.onFormula():
		return s.formula.Save()
	case s.edit(msg):
		return s.draft()
	}
	return nil
}

// leave goes back: from a text to the field before it, which takes none, else to the screen before.
func (s *Screen) leave() views.Intent {
	if s.Typing() {
		return s.move(-1) // what was typed stays
	}
	s.instances = nil // a form that was left asks for no more plans
	if s.survey.begun {
		return views.Both{First: views.Survey{}, Then: views.Back{}}
	}
	return views.Back{}
}

// pressed handles a key that no text took.
func (s *Screen) pressed(msg tea.KeyPressMsg, k keyMap) views.Intent {
	switch {
	case key.Matches(msg, k.toggle) && s.focus.kind == fieldEngine && !s.engineWay().Available:
		return s.tellEngine()
	case key.Matches(msg, k.toggle):
		if s.toggle() {
			return s.draft()
		}
	case key.Matches(msg, k.ports):
		s.mapping = !s.mapping
	case key.Matches(msg, k.look):
		return s.look(true)
	case key.Matches(msg, k.fix):
		if s.fix() {
			return s.draft()
		}
	}
	return nil
}

// draft asks for the plan of the form as it is now. A form that can't be planned has no preview,
// and answers still on their way are stale.
func (s *Screen) draft() views.Intent {
	if len(s.instances) == 0 {
		return nil
	}
	s.seq++
	ask := s.tryFormula()
	s.judge()
	req, err := s.request()
	if err != nil {
		s.problem, s.planErr, s.proposal, s.answered, s.opening = err, nil, publish.Proposal{}, s.seq, false
		return ask
	}
	if s.problem != nil {
		s.problem, s.answered = nil, 0
	}
	return views.Join(views.Draft{Seq: s.seq, Request: req}, ask)
}

func (s *Screen) planned(msg views.PlanMsg) views.Intent {
	if msg.Seq != s.seq || s.problem != nil || len(s.instances) == 0 {
		return nil
	}
	s.answered, s.proposal, s.planErr = msg.Seq, msg.Proposal, msg.Err
	if s.planErr != nil {
		s.proposal = publish.Proposal{}
	}
	if s.opening {
		return s.open()
	}
	return nil
}

// open shows the plan, or says why there is none to show. A plan that is still being made is
// shown when it comes, unless another key is pressed first.
func (s *Screen) open() views.Intent {
	s.opening = false
	switch {
	case len(s.instances) == 0:
		return nil
	case s.problem != nil:
		return views.Tell{Text: s.problem.Error()}
	case s.answered != s.seq:
		s.opening = true
		return nil
	case s.planErr != nil:
		return views.Tell{Text: "there is no plan to preview: see what is wrong above"}
	}
	return views.ShowPlan{Proposal: s.proposal}
}
