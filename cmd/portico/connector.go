package main

import (
	"context"
	"sync"

	"portico/gateway"
	"portico/gateway/host"
	"portico/gateway/hostkey"
	"portico/gateway/publish"
)

// connector keeps one connection to each gateway. The first one who needs it opens it; the
// others wait, so that an unknown host key is asked about once.
type connector struct {
	configs  []gatewayConfig
	prompter gateway.Prompter
	adjust   func(*host.Config) // the demo trusts its own gateway's key without a file
	// adjustSSH is the same for VMs that a diagnosis looks at as ssh would.
	adjustSSH func(*host.Config)
	vouch     voucher
	tell      func(line string) // of a host key that was accepted without a question

	mu    sync.Mutex
	open  map[string]runnerCloser
	turns map[string]*sync.Mutex // of those who connect to one gateway
	filed map[string]*host.Filed // what connecting has written to known_hosts
}

// voucher asks the cloud which host keys an instance printed on its console.
type voucher func(ctx context.Context, instanceID string) (hostkey.Set, error)

// of is the question about one instance, as [host.Config] wants it.
func (v voucher) of(instanceID string) func(context.Context) (hostkey.Set, error) {
	return func(ctx context.Context) (hostkey.Set, error) { return v(ctx, instanceID) }
}

type runnerCloser interface {
	gateway.Runner
	Close() error
}

func newConnector(configs []gatewayConfig, prompter gateway.Prompter, tell func(line string)) *connector {
	prompter, tell = asOne(prompter, tell)
	return &connector{configs: configs, prompter: prompter, tell: tell, open: map[string]runnerCloser{}, turns: map[string]*sync.Mutex{}, filed: map[string]*host.Filed{}}
}

// Connect returns the open connection to a gateway, or opens one.
func (c *connector) Connect(ctx context.Context, gw gateway.Gateway, login func(context.Context) publish.Login) (gateway.Runner, error) {
	key := wayTo(gw)
	turn := c.turn(key)
	turn.Lock()
	defer turn.Unlock()
	if r := c.opened(key); r != nil {
		return r, nil
	}
	r, err := c.dial(ctx, gw, login)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[key] = r
	return r, nil
}

// turn is held by whoever connects to a gateway: the others use that connection then. Gateways do not wait
// for each other.
func (c *connector) turn(key string) *sync.Mutex {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turns[key] == nil {
		c.turns[key] = &sync.Mutex{}
	}
	return c.turns[key]
}

// opened is the connection that is open, or nil.
func (c *connector) opened(key string) runnerCloser {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[key]
}

// wayTo names the connection to a gateway.
func wayTo(gw gateway.Gateway) string {
	return gw.Name + " " + gw.InstanceID + " " + gw.SSHAddr().String()
}

// Unlearn takes back what connecting to a gateway has written to known_hosts, and closes the connection: the
// gateway is to be deleted.
func (c *connector) Unlearn(gw gateway.Gateway) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := wayTo(gw)
	if r, ok := c.open[key]; ok {
		_ = r.Close()
		delete(c.open, key)
	}
	f := c.filed[key]
	delete(c.filed, key)
	if f == nil {
		return nil
	}
	return f.TakeBack()
}

func (c *connector) dial(ctx context.Context, gw gateway.Gateway, login func(context.Context) publish.Login) (runnerCloser, error) {
	cfg := host.Config{Name: gw.Name, Host: gw.SSHAddr().String(), Prompter: c.prompter, Vouched: c.vouch.of(gw.InstanceID), Tell: c.tell, Filed: c.filedFor(gw).Note}
	for _, g := range c.configs {
		if g.Name != gw.Name {
			continue
		}
		if g.Local {
			return newLocal(ctx)
		}
		cfg.Port, cfg.User = g.Port, g.User
		if g.Host != "" {
			cfg.Host = g.Host
		}
		if g.Identity != "" {
			cfg.IdentityFiles = []string{g.Identity}
		}
		if g.KnownHosts != "" {
			cfg.KnownHosts = []string{g.KnownHosts}
		}
	}
	if suggested := login(ctx); suggested.KeyFile != "" || suggested.User != "" {
		cfg.FallbackUser = suggested.User
		cfg.FallbackIdentities = []string{suggested.KeyFile}
	}
	if c.adjust != nil {
		c.adjust(&cfg)
	}
	return host.Dial(ctx, cfg)
}

// filedFor notes what connecting to a gateway writes to known_hosts.
func (c *connector) filedFor(gw gateway.Gateway) *host.Filed {
	key := wayTo(gw)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.filed[key] == nil {
		c.filed[key] = &host.Filed{}
	}
	return c.filed[key]
}

func newLocal(ctx context.Context) (runnerCloser, error) {
	l, err := host.NewLocal()
	if err != nil {
		return nil, err
	}
	if err := l.Check(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

func (c *connector) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.open {
		_ = r.Close()
	}
	c.open = map[string]runnerCloser{}
}
