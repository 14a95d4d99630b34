package main

import (
	"context"
	"os"
	"slices"
	"sync"

	"portico/cloud/openstack"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/tui/effects"
)

// switcher goes to the clouds of clouds.yaml and of the environment, and to their projects.
type switcher struct {
	a       *app
	cfg     config
	options publish.Options
	names   func() []string // of the clouds one can go to
	wire    func(ctx context.Context, to openstack.Options, prompter gateway.Prompter, options publish.Options) (*wiring, error)
	doctor  func(*wiring) effects.Diagnoser

	mu   sync.Mutex
	home effects.Place // where it began
	now  *wiring
}

// newSwitcher begins where --cloud, OS_CLOUD or the OS_* variables say.
func (a *app) newSwitcher(cfg config, options publish.Options) *switcher {
	s := &switcher{a: a, cfg: cfg, options: options, names: cloudsToGoTo, home: effects.Place{Cloud: a.flags.cloud}}
	s.doctor = func(w *wiring) effects.Diagnoser { return w.doctor() }
	if s.home.Cloud == "" {
		s.home.Cloud = os.Getenv("OS_CLOUD")
	}
	s.wire = func(ctx context.Context, to openstack.Options, prompter gateway.Prompter, options publish.Options) (*wiring, error) {
		return a.wireTo(ctx, to, prompter, cfg, options)
	}
	return s
}

// cloudsToGoTo are those of clouds.yaml and, if they name one, "" for the OS_* variables.
func cloudsToGoTo() []string {
	names := openstack.Clouds()
	if openstack.InEnvironment() {
		names = slices.Insert(names, 0, "")
	}
	return names
}

// began notes the wiring that the console began with.
func (s *switcher) began(w *wiring) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.home.Project.ID = w, w.client.Identity().ProjectID
}

// Places lists the clouds, and the projects of the present one.
func (s *switcher) Places(ctx context.Context) effects.Places {
	s.mu.Lock()
	p, w := effects.Places{Clouds: s.names()}, s.now
	s.mu.Unlock()
	if w == nil {
		return p // nobody has signed in yet
	}
	p.Bound = w.client.Identity().Bound
	p.Projects, p.Err = w.client.Projects(ctx)
	return p
}

// Open signs in there. The gateway that the configuration names is one of the project it began in.
func (s *switcher) Open(ctx context.Context, to effects.Place) (effects.Site, error) {
	prompter := effects.NewPrompter()
	s.mu.Lock()
	options := s.options
	home := to.Cloud == s.home.Cloud && (to.Project.ID == "" || to.Project.ID == s.home.Project.ID)
	s.mu.Unlock()
	if to.Gateway != "" || !home {
		options.Gateway = to.Gateway
	}
	w, err := s.wire(ctx, openstack.Options{Cloud: to.Cloud, ProjectID: to.Project.ID}, prompter, options)
	if err != nil {
		return effects.Site{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = w
	return effects.Site{Place: to, Backend: s.backend(w), Prompter: prompter}, nil
}

// site is a wiring as the console's backend.
type site struct {
	effects.Combined
	w *wiring
}

func (s *switcher) backend(w *wiring) effects.Backend {
	return site{effects.Combined{Publisher: w.publisher, Diagnoser: s.doctor(w)}, w}
}

// Close ends the connections to the gateway and the cloud.
func (s site) Close() {
	s.w.connector.close()
	s.w.client.Close()
}

// keep saves a scheme, and has it used from now on wherever the console goes.
func (s *switcher) keep(c scheme.Config) (string, []scheme.Scheme, error) {
	path, err := s.a.saveScheme(c)
	if err != nil {
		return "", nil, err
	}
	cfg, _, err := s.a.readConfigFile()
	if err != nil {
		return path, nil, err
	}
	o, err := s.a.options(cfg)
	if err != nil {
		return path, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Schemes = o.Schemes
	if s.now != nil {
		s.now.publisher.Learn(o.Schemes)
	}
	return path, o.Schemes, nil
}
