// Package create is the form on which one chooses what a gateway is made from. It is filled in already,
// with the reasons; enter shows the plan.
//
//	OpenCreateMsg -> ReadMaterial ... MaterialMsg -> form --enter--> PlanGateway
//	                                     space: list of what a field can be
package create

import (
	"net/netip"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/provision"
	"portico/views"
	"portico/views/widget"
)

// The fields that [provision.Choice] does not have.
const (
	fieldBoot = "first boot"
	fieldSSH  = provision.FieldSSH
)

// fields are the places of the form, in the order of tab.
var fields = []string{
	provision.FieldName, provision.FieldImage, provision.FieldFlavor, provision.FieldNetwork, provision.FieldKey, provision.FieldAddress, fieldBoot, fieldSSH,
}

// Screen is the form. Make one with New.
type Screen struct {
	snapshot views.SnapshotMsg
	readOnly bool
	material *views.MaterialMsg // nil until it was read
	seq      int

	at      int // of fields
	name    widget.Input
	from    widget.Input
	wish    provision.Wish // without the texts
	choice  provision.Choice
	badFrom error

	picking bool
	picker  widget.Picker
	height  int
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// New returns the form, with nothing to choose from. readOnly says that this console was started so.
func New(readOnly bool) *Screen {
	s := &Screen{readOnly: readOnly}
	s.reset()
	return s
}

func (s *Screen) reset() {
	s.material, s.at, s.picking, s.wish = nil, 1, false, provision.Wish{}
	s.name, s.from = widget.NewInput(provision.DefaultName, false), widget.NewInput("anywhere; or 198.51.100.0/24, 203.0.113.9", false)
}

// Title names the screen.
func (s *Screen) Title() string { return "Create a gateway" }

// Typing reports whether a text takes all keys.
func (s *Screen) Typing() bool { return s.picking || s.input() != nil }

// Nested reports whether a list is open, which q closes.
func (s *Screen) Nested() bool { return s.picking }

// input is the text under the focus, nil when it is none.
func (s *Screen) input() *widget.Input {
	switch fields[s.at] {
	case provision.FieldName:
		return &s.name
	case fieldSSH:
		return &s.from
	}
	return nil
}

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.snapshot = msg
		s.choose()
	case views.SizeMsg:
		s.height = msg.Height
	case views.OpenCreateMsg:
		s.reset()
		s.seq++
		return s, views.ReadMaterial{Seq: s.seq}
	case views.MaterialMsg:
		if msg.Seq == s.seq {
			s.material = &msg
			s.choose()
		}
	case tea.PasteMsg:
		s.edit(msg)
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

// choose works out anew what the gateway would be made from.
func (s *Screen) choose() {
	if s.material == nil || s.material.Err != nil {
		return
	}
	w := s.wish
	w.Name = strings.TrimSpace(s.name.Value())
	w.SSHFrom, s.badFrom = parseFrom(s.from.Value())
	s.wish.Name, s.wish.SSHFrom = w.Name, w.SSHFrom
	s.choice = provision.Choose(provision.World{Inventory: s.snapshot.Snapshot.Inventory, Material: s.material.Material, Keys: s.material.Keys}, w)
}

// parseFrom reads networks and addresses, separated by commas or blanks; none is anywhere.
func parseFrom(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if a, err := netip.ParseAddr(word); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, errNoNetwork
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (s *Screen) edit(msg tea.Msg) {
	switch in := s.input(); {
	case s.picking:
		s.picker.Type(msg)
	case in != nil:
		in.Update(msg)
		s.choose()
	}
}

func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	switch {
	case s.picking:
		s.pressPicker(msg, k)
	case key.Matches(msg, k.back):
		return views.Back{}
	case key.Matches(msg, k.next):
		s.at = (s.at + 1) % len(fields)
	case key.Matches(msg, k.prev):
		s.at = (s.at + len(fields) - 1) % len(fields)
	case key.Matches(msg, k.open):
		return s.open()
	case s.input() != nil:
		s.edit(msg)
	case key.Matches(msg, k.list):
		s.openPicker()
	case key.Matches(msg, k.more):
		s.turn(1)
	case key.Matches(msg, k.less):
		s.turn(-1)
	case key.Matches(msg, k.again):
		s.seq++
		s.material = nil
		return views.ReadMaterial{Seq: s.seq}
	}
	return nil
}

// open shows the plan, or says what is in the way.
func (s *Screen) open() views.Intent {
	why := s.snapshot.ReadOnly
	if why == "" {
		why = views.StartedReadOnly(s.readOnly)
	}
	switch {
	case s.material == nil:
		return views.Tell{Text: "what it can be made from is not known yet"}
	case s.material.Err != nil:
		return views.Tell{Text: "what it can be made from could not be read: r tries again"}
	case why != "":
		return views.Tell{Text: views.OnlyLooks(why)}
	case s.badFrom != nil:
		return views.Tell{Text: "ssh from: " + s.badFrom.Error()}
	case len(s.choice.Problems) > 0:
		return views.Tell{Text: s.choice.Problems[0].Why + ": " + s.choice.Problems[0].Next}
	}
	return views.PlanGateway{Wish: s.wish, Material: s.material.Material}
}
