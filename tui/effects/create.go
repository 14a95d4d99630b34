package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway/provision"
	"portico/views"
)

// Creator knows what a gateway can be made from.
type Creator interface {
	Material(ctx context.Context) (cloud.Material, error)
	// OwnKeys are the keys on this machine. It asks nobody.
	OwnKeys() []provision.Key
}

// Material reads what a gateway can be made from.
func (e *Effects) Material(i views.ReadMaterial) tea.Cmd {
	return e.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(e.ctx, inventoryTimeout)
		defer cancel()
		m, err := e.backend.Material(ctx)
		if ended(e.ctx, err) {
			return nil
		}
		return views.MaterialMsg{Seq: i.Seq, Material: m, Keys: e.backend.OwnKeys(), Err: err}
	}, func(err error) tea.Msg { return views.MaterialMsg{Seq: i.Seq, Err: err} })
}

// Material asks the backend.
func (l *lazy) Material(ctx context.Context) (cloud.Material, error) {
	b, err := l.get(ctx)
	if err != nil {
		return cloud.Material{}, err
	}
	return b.Material(ctx)
}

// OwnKeys are none before the first connection.
func (l *lazy) OwnKeys() []provision.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backend == nil {
		return nil
	}
	return l.backend.OwnKeys()
}
