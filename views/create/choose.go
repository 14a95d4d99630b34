package create

import (
	"errors"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/provision"
	"portico/views/widget"
)

var errNoNetwork = errors.New("it is neither an address nor a network")

// boots are what the first boot can be.
var boots = []provision.Option{
	{ID: string(provision.CloudConfig), Name: "Portico's cloud-config", Detail: "makes it a gateway, and installs iptables where it is missing"},
	{ID: string(provision.Script), Name: "Portico's script", Detail: "the same, for images that have iptables"},
	{ID: string(provision.NoData), Name: "nothing", Detail: "publishing makes all that is needed then"},
}

// field is what a place of the form can be, and is.
func (s *Screen) field(name string) provision.Field {
	if name == fieldBoot {
		at := max(0, slices.IndexFunc(boots, func(o provision.Option) bool { return o.ID == string(s.wish.Boot) }))
		return provision.Field{Name: name, Options: boots, Chosen: at}
	}
	return s.choice.Field(name)
}

// wishFor is where the wish for a field is kept.
func (s *Screen) wishFor(name string) *string {
	switch name {
	case provision.FieldImage:
		return &s.wish.Image
	case provision.FieldFlavor:
		return &s.wish.Flavor
	case provision.FieldNetwork:
		return &s.wish.Network
	case provision.FieldKey:
		return &s.wish.Key
	case provision.FieldAddress:
		return &s.wish.Address
	}
	return nil
}

// take wishes for an option of the field under the focus.
func (s *Screen) take(id string) {
	name := fields[s.at]
	if name == fieldBoot {
		s.wish.Boot = provision.Boot(id)
		return
	}
	if w := s.wishFor(name); w != nil {
		*w = id
		s.choose()
	}
}

// turn takes the next option that can be, not beyond the ends.
func (s *Screen) turn(by int) {
	f := s.field(fields[s.at])
	for i := f.Chosen + by; i >= 0 && i < len(f.Options); i += by {
		if f.Options[i].No == "" {
			s.take(f.Options[i].ID)
			return
		}
	}
}

// openPicker lists what the field under the focus can be.
func (s *Screen) openPicker() {
	f := s.field(fields[s.at])
	if len(f.Options) == 0 {
		return
	}
	s.picking, s.picker = true, widget.NewPicker("Choose the "+f.Name, "its name", "there is nothing to choose")
	items := make([]widget.PickerItem, len(f.Options))
	for i, o := range f.Options {
		items[i] = widget.PickerItem{ID: o.ID, Name: o.Name, Note: o.Detail, Why: o.No}
	}
	s.picker.SetItems(items)
	s.picker.Move(max(0, f.Chosen))
}

func (s *Screen) pressPicker(msg tea.KeyPressMsg, k keys) {
	switch {
	case key.Matches(msg, k.back):
		s.picking = false
	case key.Matches(msg, k.pickUp):
		s.picker.Move(-1)
	case key.Matches(msg, k.pickDown):
		s.picker.Move(1)
	case key.Matches(msg, k.pageUp):
		s.picker.Move(-s.picker.Page())
	case key.Matches(msg, k.pageDown):
		s.picker.Move(s.picker.Page())
	case key.Matches(msg, k.open):
		if i, ok := s.picker.Current(); ok && i.Why == "" {
			s.picking = false
			s.take(i.ID)
		}
	default:
		s.picker.Type(msg)
	}
}
