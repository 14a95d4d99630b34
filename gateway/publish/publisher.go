package publish

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
	"portico/gateway/history"
	"portico/gateway/nat"
	"portico/gateway/neutron"
	"portico/gateway/pair"
	"portico/gateway/plan"
	"portico/gateway/scheme"
)

// Cloud reads a project.
type Cloud interface {
	Inventory(ctx context.Context) (cloud.Inventory, error)
	Images(ctx context.Context, ids []string) ([]cloud.Image, error)
	KeyPairs(ctx context.Context) ([]cloud.KeyPair, error)
	ConsoleLog(ctx context.Context, instanceID string, lines int) (string, error) // all that is kept if lines is 0
}

// Connector opens the way to a gateway's shell and keeps it open. login asks the cloud for the
// user and key that the gateway's own image and key pair suggest; configuration goes before it,
// and an open connection needs none.
type Connector interface {
	Connect(ctx context.Context, gw gateway.Gateway, login func(context.Context) Login) (gateway.Runner, error)
}

// Dialer makes the connections that probes test.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// GatewayOptions is what configuration says of one gateway. A gateway that is no instance of
// the project is given by its addresses.
type GatewayOptions struct {
	Name                string
	FloatingIP, FixedIP netip.Addr
	NoSNAT              bool
}

// Options is what the operator chose once for the whole program.
type Options struct {
	Gateway    string // name or address; "" finds it
	Gateways   []GatewayOptions
	Services   []gateway.Service // the catalogue
	Schemes    []scheme.Scheme   // the first is the default
	Login      LoginRules
	Identities func() []Identity
	Dialer     Dialer
	History    *history.Store // where applies are recorded on this machine; nil: nowhere
	By         string         // who applies: "user@host"
	ReadOnly   bool           // Apply refuses everything
	Window     time.Duration  // how long a gateway waits for a sign of life; 0 is rollback.DefaultWindow

	// Power switches instances; nil where they are only listed. Forget cleans known_hosts likewise.
	Power  Power
	Forget Forgetter
	// Maker makes gateways from nothing; nil where none can be made.
	Maker Maker
	// MakerKeys are the keys on this machine that may be made a new gateway's; nil: Identities.
	MakerKeys func() []Identity
	// Forwardings changes Neutron's port forwardings; nil where they are only listed.
	Forwardings neutron.Forwardings
	// FloatingIPs changes those of the same project; nil where they are only listed.
	FloatingIPs floating.Cloud
	// Pairs holds the addresses that pairs of hosts share; nil where pairs are only used.
	Pairs pair.Cloud

	// GatewayWay is how ssh reaches a gateway; false where this machine is it. nil: at its address.
	GatewayWay func(gateway.Gateway, Login) (Way, bool)
	// OwnHosts are the names, in lower case, that the user's own ssh configuration explains; nil: none.
	OwnHosts func() map[string]bool
}

// Publisher carries out the use cases for one project.
type Publisher struct {
	cloud   Cloud
	groups  nat.Groups
	ports   nat.Ports
	connect Connector
	options Options

	schemes *atomic.Pointer[[]scheme.Scheme] // in place of those of options; nil: these

	settling, patience time.Duration // see the constants settling and gatewayPatience

	// remoteHistory reads the records that the snapshot's gateway keeps.
	remoteHistory func(ctx context.Context, s Snapshot) ([]history.Record, error)
}

// New returns a Publisher. groups and ports write to the same project that c reads.
func New(c Cloud, groups nat.Groups, ports nat.Ports, connect Connector, o Options) *Publisher {
	if o.Identities == nil {
		o.Identities = func() []Identity { return nil }
	}
	if o.Dialer == nil {
		o.Dialer = &net.Dialer{}
	}
	if len(o.Services) == 0 {
		o.Services = Services()
	}
	p := &Publisher{cloud: c, groups: groups, ports: ports, connect: connect, options: o, schemes: &atomic.Pointer[[]scheme.Scheme]{}, settling: settling, patience: gatewayPatience}
	p.remoteHistory = p.gatewayHistory
	return p
}

// Services is the built-in catalogue.
func Services() []gateway.Service {
	return []gateway.Service{
		{Name: "ssh", Protocol: gateway.TCP, Port: 22},
		{Name: "http", Protocol: gateway.TCP, Port: 80},
		{Name: "https", Protocol: gateway.TCP, Port: 443},
		{Name: "mosh", Protocol: gateway.UDP, Port: 60000},
	}
}

// Inventory reads the project.
func (p *Publisher) Inventory(ctx context.Context) (cloud.Inventory, error) {
	return p.cloud.Inventory(ctx)
}

// Observe finds the gateway and reads what stands there. Without a gateway the error is of Kind
// NotFound, or Invalid when there are several and none was chosen.
func (p *Publisher) Observe(ctx context.Context, inv cloud.Inventory) (gateway.Gateway, gateway.State, error) {
	gw, err := p.FindGateway(inv)
	if err != nil {
		return gateway.Gateway{}, gateway.State{}, err
	}
	state, err := p.observe(ctx, gw, inv)
	return gw, state, err
}

// observe reads what stands on one gateway.
func (p *Publisher) observe(ctx context.Context, gw gateway.Gateway, inv cloud.Inventory) (gateway.State, error) {
	engine, err := p.engine(ctx, gw, inv)
	if err != nil {
		return gateway.State{}, err
	}
	state, err := engine.Observe(ctx)
	if err == nil {
		state = *Settle(Snapshot{Inventory: inv, Gateway: gw, State: &state}).State
		state.Warnings = slices.Concat(Pending(state), state.Warnings, strays(state))
	}
	return state, err
}

// Pending tells of changes that no console has confirmed.
func Pending(s gateway.State) []plan.Warning {
	var out []plan.Warning
	if a := s.Armed; a != nil {
		out = append(out, plan.Warning{
			Title:  a.By + " is changing the gateway now",
			Detail: fmt.Sprintf("since %s; unless it is confirmed, the gateway takes it back within %s", clock(a.At), a.Left),
		})
	}
	for _, b := range s.RolledBack {
		w := plan.Warning{
			Title:  "the gateway took back a change of " + b.By,
			Detail: fmt.Sprintf("begun %s, taken back %s: %s; 'portico repair' cleans up what it has left in the cloud", clock(b.At), clock(b.Back), b.Why),
		}
		if !b.Whole {
			w.Title, w.Detail = "the gateway could not wholly take back a change of "+b.By, w.Detail+", and puts the gateway's own part right"
		}
		out = append(out, w)
	}
	return out
}

// clock is a time as people of this place write it.
func clock(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.Local().Format("2 Jan 15:04:05")
}

// Snapshot reads the project and the gateway. The snapshot is useful even when the gateway's
// part failed: then err is the gateway's and State is nil.
func (p *Publisher) Snapshot(ctx context.Context) (Snapshot, error) {
	inv, err := p.Inventory(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Inventory: inv}
	gw, state, err := p.Observe(ctx, inv)
	s.Gateway = gw
	if err == nil {
		s.State = &state
	}
	return s, err
}

func (p *Publisher) engine(ctx context.Context, gw gateway.Gateway, inv cloud.Inventory) (*nat.Engine, error) {
	if gw.IsPair() {
		return p.newEngine(gw, nil, inv), nil // its hosts are connected to when they are first needed
	}
	runner, err := p.connect.Connect(ctx, gw, func(ctx context.Context) Login { return p.suggest(ctx, gw, inv) })
	if err != nil {
		return nil, err
	}
	return p.newEngine(gw, runner, inv), nil
}

// suggest is how the gateway's image and key pair say to log in to it. What they do not tell is
// left empty: it is a help, not a need, since ssh_config may know better.
func (p *Publisher) suggest(ctx context.Context, gw gateway.Gateway, inv cloud.Inventory) Login {
	i, ok := inv.Instance(gw.InstanceID)
	if !ok {
		return Login{}
	}
	inv.Instances = []cloud.Instance{i}
	logins, _ := p.Logins(ctx, inv)
	return logins[i.ID]
}

func (p *Publisher) newEngine(gw gateway.Gateway, runner gateway.Runner, inv cloud.Inventory) *nat.Engine {
	e := &nat.Engine{Gateway: gw, Runner: runner, Groups: p.groups, Ports: p.ports, Inventory: inv, Services: p.options.Services}
	if gw.IsPair() {
		for _, h := range gw.Hosts() {
			e.Members = append(e.Members, p.newEngine(h, &lazyRunner{p: p, gw: h, inv: inv}, inv))
		}
	}
	return e
}

// redialer makes a new connection in place of the one it has.
type redialer interface {
	Redial(ctx context.Context) error
}

// lazyRunner connects when the first command is run, so that planning needs no connection.
type lazyRunner struct {
	p    *Publisher
	gw   gateway.Gateway
	inv  cloud.Inventory
	only []gateway.Gateway // the hosts of a pair that are connected to anew
}

func (l *lazyRunner) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	e, err := l.p.engine(ctx, l.gw, l.inv)
	if err != nil {
		return gateway.Result{}, err
	}
	return e.Runner.Run(ctx, c)
}

// Redial makes a new connection to the gateway, with a new login. A gateway that is this machine
// is not connected to.
func (l *lazyRunner) Redial(ctx context.Context) error {
	for _, h := range l.only {
		if err := (&lazyRunner{p: l.p, gw: h, inv: l.inv}).Redial(ctx); err != nil {
			return err
		}
	}
	if l.gw.IsPair() {
		return nil
	}
	e, err := l.p.engine(ctx, l.gw, l.inv)
	if err != nil {
		return err
	}
	if r, ok := e.Runner.(redialer); ok {
		return r.Redial(ctx)
	}
	return nil
}
