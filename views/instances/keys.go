package instances

import (
	"fmt"
	"net/netip"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

type keys struct {
	Open, Publish, Subnet, Sync, Withdraw, Test, Diagnose, Copy, CopyMore, Refresh, Close key.Binding
	list                                                                                  widget.ListKeys
}

func newKeys() keys {
	return keys{
		Open:     key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "open")),
		Close:    key.NewBinding(key.WithKeys("esc", "enter"), key.WithHelp("esc", "back to the list")),
		Publish:  key.NewBinding(key.WithKeys("p"), key.WithHelp("p", "publish")),
		Subnet:   key.NewBinding(key.WithKeys("N"), key.WithHelp("N", "publish a subnet")),
		Sync:     key.NewBinding(key.WithKeys("="), key.WithHelp("=", "sync")),
		Withdraw: key.NewBinding(key.WithKeys("w"), key.WithHelp("w", "withdraw")),
		Test:     key.NewBinding(key.WithKeys("t"), key.WithHelp("t", "test")),
		Diagnose: key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "doctor")),
		Copy:     key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy ssh")),
		CopyMore: key.NewBinding(key.WithKeys("Y"), key.WithHelp("Y", "copy…")),
		Refresh:  key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "refresh")),
	}
}

// ShortHelp is what the status bar shows, most needed first.
func (k keys) ShortHelp() []key.Binding {
	return []key.Binding{k.Open, k.Publish, k.Withdraw, k.Test, k.Diagnose, k.Copy, k.list.Filter, k.list.Mark, k.CopyMore, k.Refresh, k.list.Sort}
}

// FullHelp is what the help page shows.
func (k keys) FullHelp() [][]key.Binding {
	return append([][]key.Binding{{k.Open, k.Publish, k.Subnet, k.Sync, k.Withdraw, k.Test, k.Diagnose, k.Copy, k.CopyMore, k.Refresh}}, k.list.Bindings()...)
}

// act turns a key into what is to be done. A key that cannot do its work here says why.
func (s *Screen) act(msg tea.KeyPressMsg) views.Intent {
	switch {
	case key.Matches(msg, s.keys.Refresh):
		return views.Refresh{}
	case key.Matches(msg, s.keys.Subnet):
		return views.PublishSubnet{}
	case key.Matches(msg, s.keys.Sync):
		return views.Sync{}
	}
	rows := s.list.Chosen()
	r, ok := s.list.Current()
	switch {
	case ok && s.Nested():
		rows = []publish.InstanceRow{r} // the one in sight, whatever is marked
	case ok && key.Matches(msg, s.keys.Open):
		s.detailed = detailed{id: rowID(r)}
		return nil
	}
	if len(rows) == 0 {
		return nil
	}
	return s.actOn(rows, msg)
}

// actOn is what a key does to rows.
func (s *Screen) actOn(rows []publish.InstanceRow, msg tea.KeyPressMsg) views.Intent {
	switch {
	case key.Matches(msg, s.keys.Publish):
		return s.publish(rows)
	case key.Matches(msg, s.keys.Withdraw):
		return s.withdraw(rows)
	case key.Matches(msg, s.keys.Test):
		return s.test(rows)
	case key.Matches(msg, s.keys.Diagnose):
		return s.diagnose()
	case key.Matches(msg, s.keys.Copy):
		return s.copy()
	case key.Matches(msg, s.keys.CopyMore):
		if r, ok := s.list.Current(); ok {
			return views.OpenCopies{Instance: rowID(r)}
		}
	}
	return nil
}

func (s *Screen) publish(rows []publish.InstanceRow) views.Intent {
	if s.readOnly != "" {
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	}
	var ids []string
	for _, r := range rows {
		if !r.Gateway {
			ids = append(ids, r.Instance.ID)
		}
	}
	if len(ids) == 0 {
		return views.Tell{Text: rows[0].Instance.Name + " is the gateway itself; choose an instance behind it"}
	}
	return views.Publish{Instances: ids}
}

func (s *Screen) withdraw(rows []publish.InstanceRow) views.Intent {
	if s.readOnly != "" {
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	}
	var ids []string
	for _, r := range rows {
		if len(r.Forwards) > 0 {
			ids = append(ids, r.Instance.ID)
		}
	}
	if len(ids) == 0 {
		return views.Tell{Text: nothingPublished(rows)}
	}
	return views.Withdraw{Instances: ids}
}

func (s *Screen) test(rows []publish.InstanceRow) views.Intent {
	var forwards []gateway.Forward
	for _, r := range rows {
		forwards = append(forwards, r.Forwards...)
	}
	if len(forwards) == 0 {
		return views.Tell{Text: nothingPublished(rows)}
	}
	return views.Test{Forwards: forwards}
}

// copy is about the row under the cursor, whatever is marked: a clipboard holds one command.
func (s *Screen) copy() views.Intent {
	r, ok := s.list.Current()
	if !ok {
		return nil
	}
	f, ok := publish.SSHForward(r)
	if !ok {
		return views.Tell{Text: s.noSSH(r)}
	}
	return views.CopySSH{Forward: f}
}

// noSSH says why there is no ssh command, and what to do only where that can help.
func (s *Screen) noSSH(r publish.InstanceRow) string {
	name, inv := r.Instance.Name, s.snapshot.Snapshot.Inventory
	switch {
	case len(r.Private) == 0 && inv.Unknown("ports"):
		return "the address of " + name + " is not known, so neither is its ssh command"
	case len(r.Private) == 0:
		return name + " has no address, so there is no ssh command"
	case !s.gatewayKnown():
		return "whether ssh of " + name + " is published is not known: the gateway has not answered"
	case s.noGateway():
		return "ssh of " + name + " is not published: there is no gateway yet"
	case s.readOnly != "" || !slices.ContainsFunc(r.Private, netip.Addr.Is4):
		return "ssh of " + name + " is not published"
	}
	return "ssh of " + name + " is not published; " + s.snapshot.Keys.Of("publish") + " publishes it"
}

func nothingPublished(rows []publish.InstanceRow) string {
	if len(rows) == 1 {
		return rows[0].Instance.Name + " has nothing published"
	}
	return fmt.Sprintf("none of the %d instances has anything published", len(rows))
}
