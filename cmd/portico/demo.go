package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/host"
	"portico/gateway/publish"
	"portico/tui"
	"portico/tui/effects"
)

func (a *app) demoCommand() *cobra.Command {
	var serve bool
	var world string
	c := &cobra.Command{
		Use: "demo", Short: "Try Portico on an embedded cloud; needs nothing", Args: noArgs,
		Long: "The console on a cloud and a gateway that live inside this process: the same program, with the same calls and\n" +
			"commands, but nothing of yours is touched. Published forwards really listen on 127.0.0.1.",
		RunE: func(c *cobra.Command, _ []string) error {
			if !emulator.IsWorld(world) {
				return wrongUse("open the demo", fmt.Errorf("there is no world %s", cloud.Clean(world)), "choose "+strings.Join(emulator.Worlds(), ", ")+", or leave it out")
			}
			if !serve && !a.flags.plain && !a.interactive() {
				return wrongUse("open the demo", errors.New("standard input is not a terminal"), "use 'portico demo --serve' and other commands against it")
			}
			return a.openDemo(c.Context(), world, serve)
		},
	}
	c.Flags().BoolVar(&serve, "serve", false, "no screen: keep the cloud running and print how other commands can use it")
	c.Flags().StringVar(&world, "world", "", "another project than the usual one: "+strings.Join(emulator.Worlds(), ", "))
	return c
}

// openDemo starts the demo of a world, with the console or for other commands.
func (a *app) openDemo(ctx context.Context, world string, serve bool) error {
	addr, release := demoAddress(ctx)
	a.onClose(release)
	d, err := startWorld(addr, addr, world)
	if err != nil {
		return &gateway.Error{Op: "start the demo", Kind: gateway.Internal, Err: err}
	}
	a.onClose(d.close)
	if serve {
		return a.serveDemo(ctx, d)
	}
	return a.demoConsole(ctx, d)
}

// demoConsole opens the console on the demo. What is published at the start is published by the
// same code, while the first frame is already on screen.
func (a *app) demoConsole(ctx context.Context, d *demo) error {
	setEnv(d.cloud.Env())
	options, err := a.options(config{})
	if err != nil {
		return err
	}
	palette, err := a.palette(config{})
	if err != nil {
		return err
	}
	options.Gateway = d.gatewayName()
	dir, err := a.demoDir()
	if err != nil {
		return err
	}
	d.dir = dir
	options.History, options.Dialer = history.Open(demoHistory(dir)), demoNet{d}
	a.flags.cloud = ""
	if a.flags.plain {
		return a.plainDemo(ctx, d, options)
	}
	prompter := effects.NewPrompter()
	places := a.demoPlaces(d, options)
	backend := effects.Lazy(func(ctx context.Context) (effects.Backend, error) {
		w, err := a.demoStart(ctx, d, prompter, options)
		if err != nil {
			return nil, err
		}
		places.began(w)
		return places.backend(w), nil
	})
	err = tui.Run(ctx, tui.Options{Backend: backend, Prompter: prompter, Schemes: options.Schemes, Services: options.Services, Cloud: demoCloud, Switcher: places, Palette: palette, ASCII: a.ascii(config{}), ReadOnly: a.flags.readOnly})
	a.noteProblems(d)
	return err
}

// noteProblems names ports that the demo wanted and another program of this machine has.
func (a *app) noteProblems(d *demo) {
	for _, p := range d.gateway.Problems() {
		a.note("%s\n", styleWarn.Render("! "+p.Error()))
	}
}

// demoStart puts the parts together and publishes what the demo starts with, by its own code, also
// for who only looks.
func (a *app) demoStart(ctx context.Context, d *demo, prompter gateway.Prompter, options publish.Options) (*wiring, error) {
	first := options
	first.ReadOnly = false
	w, err := a.demoWiring(ctx, d, prompter, first)
	if err == nil {
		err = d.populate(ctx, w)
	}
	if err == nil && options.ReadOnly {
		w, err = a.demoWiring(ctx, d, prompter, options)
	}
	return w, err
}

func (a *app) demoWiring(ctx context.Context, d *demo, prompter gateway.Prompter, options publish.Options) (*wiring, error) {
	return a.demoWiringTo(ctx, d, openstack.Options{}, prompter, options)
}

func (a *app) demoWiringTo(ctx context.Context, d *demo, to openstack.Options, prompter gateway.Prompter, options publish.Options) (*wiring, error) {
	if options.Dialer == nil {
		options.Dialer = demoNet{d}
	}
	options.GatewayWay, options.MakerKeys = d.gatewayWay, d.ownKeys
	w, err := a.wireTo(ctx, to, prompter, config{}, options)
	if err == nil {
		w.connector.adjust = d.hostConfig
	}
	return w, err
}

// demoCloud is what the demo's cloud is called on screen.
const demoCloud = "demo"

// demoPlaces are the demo's own projects.
func (a *app) demoPlaces(d *demo, options publish.Options) *switcher {
	s := a.newSwitcher(config{}, options)
	s.doctor = func(w *wiring) effects.Diagnoser { return demoNet{d}.doctor(w) }
	s.home.Cloud, s.names = demoCloud, func() []string { return []string{demoCloud} }
	s.wire = func(ctx context.Context, to openstack.Options, prompter gateway.Prompter, options publish.Options) (*wiring, error) {
		to.Cloud = "" // the environment is the demo's
		return a.demoWiringTo(ctx, d, to, prompter, options)
	}
	return s
}

// serveDemo keeps the demo running for other commands. They need files to trust the gateway and
// to log in to it; those are gone when the demo ends.
func (a *app) serveDemo(ctx context.Context, d *demo) error {
	setEnv(d.cloud.Env())
	options, err := a.options(config{})
	if err != nil {
		return err
	}
	options.Gateway, options.ReadOnly = d.gatewayName(), false
	dir, err := a.demoDir()
	if err != nil {
		return err
	}
	options.History = history.Open(demoHistory(dir))
	w, err := a.demoWiring(ctx, d, nil, options)
	if err != nil {
		return err
	}
	if err := d.populate(ctx, w); err != nil {
		return err
	}
	if err := d.writeFiles(dir); err != nil {
		return err
	}
	a.print("unset OS_CLOUD\n")
	for _, line := range append(d.cloud.Env(), "PORTICO_CONFIG="+filepath.Join(dir, "config.yaml")) {
		name, value, _ := strings.Cut(line, "=")
		a.print("export %s=%s\n", name, gateway.Quote(value))
	}
	a.noteProblems(d)
	a.note("The demo runs until ctrl+c. Give the lines above to another shell, then: portico list\n")
	<-ctx.Done()
	return nil
}

// demoDir makes a folder that is gone when the demo ends.
func (a *app) demoDir() (string, error) {
	dir, err := os.MkdirTemp("", "portico-demo-")
	if err == nil {
		a.onClose(func() { _ = os.RemoveAll(dir) })
	}
	return dir, err
}

// demoHistory is where the demo's applies are recorded, apart from those of the user's own clouds.
func demoHistory(dir string) string { return filepath.Join(dir, "history") }

// setEnv makes the variables the only OpenStack ones of this process.
func setEnv(lines []string) {
	for _, old := range os.Environ() {
		if name, _, _ := strings.Cut(old, "="); strings.HasPrefix(name, "OS_") {
			_ = os.Unsetenv(name)
		}
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		_ = os.Setenv(name, value)
	}
}

// hostConfig is how the demo's own program reaches the demo's gateway: nothing is asked, read
// from or written to the user's files.
func (d *demo) hostConfig(c *host.Config) {
	c.Host, c.Port, c.User = d.gateway.Addr().Addr().String(), d.gateway.Addr().Port(), demoUser
	c.Signers, c.HostKeys = append(c.Signers, d.key), append(c.HostKeys, d.gateway.HostKey())
	c.SSHConfig, c.NoAgent, c.IdentitiesOnly, c.ProxyJump = "none", true, true, "none"
	if c.Name == emulator.DemoGateway {
		return
	}
	c.Port = 1 // no other machine of the demo has an sshd that can be reached, but for those made meanwhile
	if at, ok := d.machineAddr(c.Name); ok {
		c.Port, c.HostKeys = at.Port(), nil
		c.KnownHosts = []string{filepath.Join(d.dir, "known_hosts")}
	}
}
