package main

import (
	"context"

	"portico/cloud/openstack"
	"portico/gateway"
	"portico/gateway/publish"
)

// wiring is what a command works with.
type wiring struct {
	config    config
	client    *openstack.Client
	connector *connector
	publisher *publish.Publisher
}

// wire reads the configuration, signs in and puts the parts together.
func (a *app) wire(ctx context.Context, prompter gateway.Prompter) (*wiring, error) {
	if a.shared != nil {
		return a.shared, nil
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	options, err := a.options(cfg)
	if err != nil {
		return nil, err
	}
	return a.wireWith(ctx, prompter, cfg, options)
}

func (a *app) wireWith(ctx context.Context, prompter gateway.Prompter, cfg config, options publish.Options) (*wiring, error) {
	return a.wireTo(ctx, openstack.Options{Cloud: a.flags.cloud}, prompter, cfg, options)
}

// wireTo puts the parts together for the cloud and the project that o names.
func (a *app) wireTo(ctx context.Context, o openstack.Options, prompter gateway.Prompter, cfg config, options publish.Options) (*wiring, error) {
	o.UserAgent = "portico/" + versionText()
	if a.flags.debug != "" {
		f, err := openDebug(a.flags.debug)
		if err != nil {
			return nil, err
		}
		a.onClose(func() { _ = f.Close() })
		o.Debug = f
	}
	client, err := openstack.Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	a.onClose(client.Close)
	c := newConnector(cfg.Gateways, prompter, a.teller(prompter))
	a.onClose(c.close)
	options.Maker, options.Pairs, options.FloatingIPs, options.Forwardings, options.Power, options.Forget = client, client, client, client, client, c.forgetStep
	p := publish.New(client, client, client, c, options)
	c.vouch = p.HostKeys
	return &wiring{config: cfg, client: client, connector: c, publisher: p}, nil
}
