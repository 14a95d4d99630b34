package tui

import (
	"fmt"
	"hash/fnv"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/tui/effects"
	"portico/views"
)

// The beats of the console's clock.
const (
	slowBeat = time.Second
	fastBeat = 100 * time.Millisecond
)

// beat asks for the next beat of the present chain.
func (r *Root) beat() tea.Cmd {
	d := slowBeat
	if r.fast = r.busy(); r.fast {
		d = fastBeat
	}
	return r.tick(r.chain, d)
}

// hurry replaces a slow chain of beats by a quick one when something is under way.
func (r *Root) hurry() tea.Cmd {
	if r.fast || !r.busy() {
		return nil
	}
	r.chain++
	return r.beat()
}

func (r *Root) busy() bool { return r.apply.running() || len(r.probing) > 0 || r.doctor.busy }

func (r *Root) onTick(m effects.TickMsg) tea.Cmd {
	if m.Chain != r.chain {
		return nil
	}
	return tea.Batch(r.poll(), r.pulse(), r.beat())
}

// poll starts the reads that are due. While a plan is applied nothing is read: it would show a
// state half-way, and the gateway has other work.
func (r *Root) poll() tea.Cmd {
	if r.apply.running() {
		return nil
	}
	var cmds []tea.Cmd
	if r.cloud.due(r.now, r.blurred) {
		cmds = append(cmds, r.refreshCloud())
	}
	// The gateway is found in the inventory, and read after it when both are due.
	if !r.cloud.at.IsZero() && !r.cloud.busy && r.gw.due(r.now, r.blurred) {
		cmds = append(cmds, r.refreshGateway())
	}
	return tea.Batch(append(cmds, r.pollHistory())...)
}

// refresh reads everything now.
func (r *Root) refresh() tea.Cmd {
	if r.apply.running() {
		return nil
	}
	if !r.cloud.busy {
		r.cloud.drop()
	}
	if !r.gw.busy {
		r.gw.drop()
	}
	r.history.wanted = r.history.wanted || r.nav.current == views.History
	return r.poll()
}

func (r *Root) refreshCloud() tea.Cmd {
	r.cloud.begin(r.now)
	return r.fx.Inventory(r.gen)
}

func (r *Root) refreshGateway() tea.Cmd {
	r.gw.begin(r.now)
	return r.fx.Observe(r.gen, r.snapshot.Inventory)
}

// outdate drops what is being read: a change makes it wrong.
func (r *Root) outdate() {
	r.gen++
	r.fx.DropReads()
	r.cloud.drop()
	r.gw.drop()
}

func (r *Root) onInventory(m effects.InventoryMsg) tea.Cmd {
	if m.Gen != r.gen {
		return nil
	}
	r.cloud.done(r.now, m.Err, r.o.Jitter())
	var cmds []tea.Cmd
	if m.Err == nil {
		r.snapshot.Inventory, r.gateways = m.Inventory, m.Gateways
		r.settle()
		cmds = append(cmds, r.refreshLogins())
	}
	return tea.Batch(append(cmds, r.show(), r.poll())...)
}

func (r *Root) onObserve(m effects.ObserveMsg) tea.Cmd {
	if m.Gen != r.gen {
		return nil
	}
	r.gw.done(r.now, m.Err, r.o.Jitter())
	if m.Err == nil {
		r.snapshot.Gateway, r.snapshot.State = m.Gateway, &m.State
		r.settle()
		return tea.Batch(r.show(), r.testNew(), r.replan())
	}
	// What was last seen stays, but only of this gateway.
	known := m.Gateway.FixedIP.IsValid()
	if kind := cloud.KindOf(m.Err); !known && (kind == gateway.NotFound || kind == gateway.Invalid) || known && m.Gateway.FixedIP != r.snapshot.Gateway.FixedIP {
		r.snapshot.Gateway, r.snapshot.State, r.gw.at = m.Gateway, nil, time.Time{}
	}
	return r.show()
}

// show hands the present state of the data to all screens.
func (r *Root) show() tea.Cmd {
	return r.broadcast(views.SnapshotMsg{
		Gen: r.gen, Snapshot: r.snapshot, Gateways: r.gateways, CloudErr: r.cloud.err, GatewayErr: r.gw.err, CloudAt: r.cloud.at, GatewayAt: r.gw.at,
		ReadOnly: r.readOnly(), Keys: r.o.Keys,
	})
}

// loginState is what is known of how to log in.
type loginState struct {
	busy   bool
	of     uint64 // digest of the instances that byID was made for
	byID   map[string]publish.Login
	warned bool
}

// refreshLogins asks again when instances have come or changed their image or key pair.
func (r *Root) refreshLogins() tea.Cmd {
	h := fnv.New64a()
	for _, i := range r.snapshot.Inventory.Instances {
		_, _ = fmt.Fprintf(h, "%s\n%s\n%s\n", i.ID, i.ImageID, i.KeyName)
	}
	if r.logins.busy || r.logins.byID != nil && r.logins.of == h.Sum64() {
		return nil
	}
	r.logins.busy, r.logins.of = true, h.Sum64()
	return r.fx.Logins(r.gen, r.snapshot.Inventory)
}

func (r *Root) onLogins(m effects.LoginsMsg) tea.Cmd {
	r.logins.busy = false
	if m.Err != nil && !r.logins.warned {
		r.logins.warned = true
		r.say("not every login is known: "+cloud.Explain(m.Err).Why, true)
	}
	if m.Err != nil && len(m.Logins) == 0 {
		return nil // asked again with the next inventory
	}
	r.logins.byID = m.Logins
	return r.broadcast(views.LoginsMsg{Logins: m.Logins})
}
