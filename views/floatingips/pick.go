package floatingips

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/floating"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// pick is the list of what a floating IP can be attached to, over the list of floating IPs.
type pick struct {
	open bool
	fip  cloud.FloatingIP
	list *widget.List[floating.Target]
}

func newPick() pick {
	t := widget.NewTable(func(t floating.Target) string { return t.Instance.ID + " " + t.Port.ID + " " + t.Fixed.Addr.String() }, []widget.Column[floating.Target]{
		{Title: "INSTANCE", Min: 10, Max: 32, Text: func(t floating.Target) string { return t.Instance.Name }, Cell: func(t floating.Target, st *themes.Styles, _ int) widget.Spans {
			if t.Why != "" {
				return widget.Spans{{Text: t.Instance.Name, Style: st.Dim}}
			}
			return widget.Spans{{Text: t.Instance.Name, Style: st.Text}}
		}},
		{Title: "ADDRESS", Priority: 1, Text: fixed, Cell: func(t floating.Target, st *themes.Styles, _ int) widget.Spans {
			return widget.Spans{{Text: fixed(t), Style: st.Dim}}
		}},
		{Title: "CAN HAVE IT", Min: 12, Want: 40, Grow: true, Text: can, Cell: canCell},
	}...)
	list := widget.NewList(t, "instance", "instances")
	list.Keys.NoMarks()
	return pick{list: list}
}

func fixed(t floating.Target) string {
	if !t.Fixed.Addr.IsValid() {
		return "-"
	}
	return t.Fixed.Addr.String()
}

// can is whether an instance can have the address, and why not.
func can(t floating.Target) string {
	switch {
	case t.Why != "":
		return "no: " + t.Why
	case t.Doubt != "":
		return "perhaps: " + t.Doubt
	}
	return "yes"
}

func canCell(t floating.Target, st *themes.Styles, _ int) widget.Spans {
	switch {
	case t.Why != "":
		return widget.Spans{{Text: "no: ", Style: st.Dim}, {Text: t.Why, Style: st.Dim}}
	case t.Doubt != "":
		return widget.Spans{{Text: "? perhaps: ", Style: st.Warn}, {Text: t.Doubt, Style: st.Dim}}
	}
	return widget.Spans{{Text: "✓ yes", Style: st.Good}}
}

// openPick lists what a floating IP can be attached to.
func (s *Screen) openPick(f cloud.FloatingIP) {
	s.pick = newPick()
	s.pick.open, s.pick.fip = true, f
	s.fillPick()
}

// fillPick gives the list its rows. It closes when the address is no longer free.
func (s *Screen) fillPick() {
	if !s.pick.open {
		return
	}
	inv := s.snapshot.Snapshot.Inventory
	for _, f := range inv.FloatingIPs {
		if f.ID == s.pick.fip.ID && f.PortID == "" {
			s.pick.list.Resize(max(1, s.height-2))
			s.pick.list.SetRows(floating.Targets(&inv, f))
			return
		}
	}
	s.pick.open = false
}

func (s *Screen) pressPick(msg tea.KeyPressMsg) views.Intent {
	t, ok := s.pick.list.Current()
	switch {
	case key.Matches(msg, s.keys.Close):
		s.pick.open = false
	case !ok || !key.Matches(msg, s.keys.Choose):
	case t.Why != "":
		return views.Tell{Text: t.Instance.Name + " cannot have it: " + t.Why}
	default:
		s.pick.open = false
		return views.ChangeFloatingIP{Request: publish.FloatingIPRequest{
			Do: publish.Attach, Address: s.pick.fip.ID, Instance: t.Instance.ID, Fixed: t.Fixed.Addr.String(),
		}}
	}
	return nil
}

func (s *Screen) viewPick(f views.Frame) string {
	head := []string{" " + widget.Spans{
		{Text: "Attach  ", Style: f.Styles.Title}, {Text: s.pick.fip.Address.String(), Style: f.Styles.Strong}, {Text: " to which instance?", Style: f.Styles.Text},
	}.Cut(max(0, f.Width-1)).Render(f.Styles, false)}
	if f.Height >= 12 {
		head = append(head, "")
	}
	body := s.pick.list.View(f.Styles, f.Width, f.Height-len(head), "there are no instances to attach it to")
	return widget.Lines(strings.Join(append(head, body), "\n"), f.Width, f.Height)
}
