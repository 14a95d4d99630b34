// Package instances is the list of a project's instances: what runs, and how each is reachable.
package instances

import (
	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
	"cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// detailFrom is the width from which there is room for the detail pane, detailWidth what it takes.
const (
	detailFrom  = 120
	detailWidth = 40
)

// Screen is the list. Make one with New.
type Screen struct {
	list     *widget.List[publish.InstanceRow]
	detailed detailed
	keys     keys
	readOnly string // why nothing can be changed, or ""

	snapshot views.SnapshotMsg
	loaded   bool // a snapshot has come
	logins   map[string]publish.Login
	tests    views.Tests
}

var (
	_ views.Screen = (*Screen)(nil)
	_ views.Typing = (*Screen)(nil)
	_ views.Nested = (*Screen)(nil)
)

// New returns the empty list. In a read-only console nothing can be published or withdrawn.
func New(readOnly bool) *Screen {
	s := &Screen{keys: newKeys(), readOnly: views.StartedReadOnly(readOnly)}
	s.list = widget.NewList(widget.NewTable(rowID, s.columns()...), "instance", "instances")
	s.list.SortBy(0, false)
	return s
}

func rowID(r publish.InstanceRow) string { return r.Instance.ID }

// Title names the screen.
func (s *Screen) Title() string { return "Instances" }

// Typing reports whether the filter takes all keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Nested reports whether the page of one instance is open over the list.
func (s *Screen) Nested() bool { return s.detailed.id != "" }

// Update takes data and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.readOnly = cmp.Or(msg.ReadOnly, s.readOnly)
		s.snapshot, s.loaded = msg, true
		s.tests.Keep(msg)
		s.list.Refresh(publish.Rows(msg.Snapshot), msg.At())
		if r, ok := s.list.Current(); s.Nested() && (!ok || rowID(r) != s.detailed.id) {
			s.detailed = detailed{} // the instance is gone
		}
	case views.FindMsg:
		s.list.Find(msg.Row)
		s.detailed = detailed{}
	case views.LoginsMsg:
		s.logins = msg.Logins
	case views.AppliedMsg:
		s.list.Unmark(msg.Instances...)
	case views.SizeMsg:
		s.list.Resize(msg.Height)
	default:
		if s.tests.Take(msg) {
			s.list.Touch()
		}
		if k, ok := msg.(tea.KeyPressMsg); ok && s.Nested() {
			return s, s.pressDetailed(k)
		}
		if !s.list.Update(msg) {
			if k, ok := msg.(tea.KeyPressMsg); ok {
				return s, s.act(k)
			}
		}
	}
	return s, nil
}

// View draws the list, and beside it what is known of the instance under the cursor.
func (s *Screen) View(f views.Frame) string {
	if f.Width <= 0 || f.Height <= 0 {
		return ""
	}
	if r, ok := s.list.Current(); ok && s.Nested() {
		return s.page(r, f)
	}
	if g, ok := s.guide(); ok {
		return g.View(f.Styles, f.Width, f.Height)
	}
	if f.Width < detailFrom {
		return s.list.ViewAt(f.Now, f.Styles, f.Width, f.Height, s.empty())
	}
	left := f.Width - detailWidth - 4
	table := s.list.ViewAt(f.Now, f.Styles, left-1, f.Height, s.empty())
	r, ok := s.list.Current()
	if !ok {
		return table
	}
	return widget.Beside(f.Styles, table, s.detail(r, f.Styles, detailWidth, f.Height), left, f.Height)
}

// empty says why there are no rows.
func (s *Screen) empty() string {
	switch {
	case !s.loaded, s.snapshot.CloudAt.IsZero() && s.snapshot.CloudErr == nil:
		return "asking the cloud…"
	case s.snapshot.CloudAt.IsZero() && cloud.KindOf(s.snapshot.CloudErr) == cloud.Auth:
		return "the cloud refused the credentials; " + s.snapshot.Keys.Of("refresh") + " tries again"
	case s.snapshot.CloudAt.IsZero():
		return "the cloud has not answered yet; asking again"
	}
	return "this project has no instances"
}

// gatewayKnown reports whether it is known what stands on the gateway, or that there is none.
func (s *Screen) gatewayKnown() bool {
	return s.snapshot.Snapshot.State != nil || s.noGateway()
}

func (s *Screen) noGateway() bool {
	return s.snapshot.GatewayErr != nil && cloud.KindOf(s.snapshot.GatewayErr) == gateway.NotFound
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	if s.list.Typing() {
		return s.list.TypingKeys()
	}
	k := s.keys
	r, ok := s.list.Current()
	_, ssh := publish.SSHForward(r)
	marked := s.list.Marked() > 0 && !s.Nested()
	k.Open.SetEnabled(ok)
	k.Publish.SetEnabled(ok && s.readOnly == "")
	k.Withdraw.SetEnabled(ok && s.readOnly == "" && (len(r.Forwards) > 0 || marked))
	k.Test.SetEnabled(ok && (len(r.Forwards) > 0 || marked))
	k.Diagnose.SetEnabled(ok)
	k.Copy.SetEnabled(ssh)
	k.CopyMore.SetEnabled(ok)
	k.list = s.list.Keys
	k.list.Mark.SetEnabled(ok)
	if s.Nested() {
		return detailedKeys{keys: k, scroll: !s.detailed.Whole}
	}
	return k
}
