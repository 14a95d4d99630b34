// Package floatingips is the list of a project's floating IPs: what each is attached to, and which
// are free.
package floatingips

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

type row = publish.FloatingIPRow

// Screen is the list. Make one with New.
type Screen struct {
	list     *widget.List[row]
	keys     keys
	snapshot views.SnapshotMsg
	loaded   bool
	readOnly string // why nothing can be changed, or ""
	pick     pick
	height   int
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// New returns the empty list. In a read-only console no address can be changed.
func New(readOnly bool) *Screen {
	s := &Screen{keys: newKeys(), readOnly: views.StartedReadOnly(readOnly), pick: newPick()}
	t := widget.NewTable(func(r row) string { return r.FloatingIP.ID }, s.columns()...)
	s.list = widget.NewList(t, "floating IP", "floating IPs")
	s.list.SortBy(0, false)
	s.list.Keys.NoMarks() // nothing here is done to several
	return s
}

// Title names the screen.
func (s *Screen) Title() string { return "Floating IPs" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool {
	if s.pick.open {
		return s.pick.list.Typing()
	}
	return s.list.Typing()
}

// Nested reports whether one picks what to attach an address to.
func (s *Screen) Nested() bool { return s.pick.open }

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.snapshot, s.loaded = msg, true
		s.readOnly = cmp.Or(msg.ReadOnly, s.readOnly)
		s.list.Refresh(publish.FloatingIPRows(msg.Snapshot), msg.At())
		s.fillPick()
		return s, nil
	case views.PickInstanceMsg:
		for _, f := range s.snapshot.Snapshot.Inventory.FloatingIPs {
			if f.ID == msg.FloatingIP {
				s.openPick(f)
			}
		}
		return s, nil
	case views.SizeMsg:
		s.height = msg.Height
		s.list.Resize(msg.Height)
		s.fillPick()
		return s, nil
	}
	k, isKey := msg.(tea.KeyPressMsg)
	switch {
	case s.pick.open && !s.pick.list.Update(msg) && isKey:
		return s, s.pressPick(k)
	case !s.pick.open && !s.list.Update(msg) && isKey:
		return s, s.act(k)
	}
	return s, nil
}

// View draws the list, and beside it what is known of the address under the cursor.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	if s.pick.open {
		return s.viewPick(f)
	}
	if g, ok := s.guide(); ok {
		return g.View(f.Styles, f.Width, f.Height)
	}
	r, ok := s.list.Current()
	if !ok || f.Width < detailFrom {
		return s.list.ViewAt(f.Now, f.Styles, f.Width, f.Height, s.empty())
	}
	left := f.Width - detailWidth - 4
	table := s.list.ViewAt(f.Now, f.Styles, left-1, f.Height, s.empty())
	return widget.Beside(f.Styles, table, s.detail(r, f.Styles, f.Height), left, f.Height)
}

func (s *Screen) empty() string {
	switch {
	case !s.loaded, s.snapshot.CloudAt.IsZero() && s.snapshot.CloudErr == nil:
		return "asking the cloud…"
	case s.snapshot.CloudAt.IsZero() && cloud.KindOf(s.snapshot.CloudErr) == cloud.Auth:
		return "the cloud refused the credentials; " + s.snapshot.Keys.Of("refresh") + " tries again"
	case s.snapshot.CloudAt.IsZero():
		return "the cloud has not answered yet; asking again"
	case s.snapshot.Snapshot.Inventory.Unknown("floating IPs"):
		return "the floating IPs of this project cannot be read"
	}
	return "this project has no floating IPs; n takes one"
}
