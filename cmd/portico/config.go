package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/adrg/xdg"

	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/publish"
	"portico/gateway/rollback"
	"portico/gateway/scheme"
)

// config is the configuration file. Every part is optional.
type config struct {
	Gateway  string          `yaml:"gateway"` // the gateway where --gateway is not given
	Gateways []gatewayConfig `yaml:"gateways"`
	Services []serviceConfig `yaml:"services"`
	Scheme   string          `yaml:"scheme"` // the default scheme
	Schemes  []scheme.Config `yaml:"schemes"`
	Login    loginConfig     `yaml:"login"`
	Rollback time.Duration   `yaml:"rollback"` // how long a gateway waits for a sign of life; 60s
	History  string          `yaml:"history"`  // folder of this machine's records; the user's state folder if empty
	Theme    string          `yaml:"theme"`
	Themes   []themeConfig   `yaml:"themes"`
	ASCII    bool            `yaml:"ascii"` // draw the console with ASCII alone
	ReadOnly bool            `yaml:"read_only"`
	Mouse    bool            `yaml:"mouse"`

	Keys  map[string]string `yaml:"keys"`  // by action: keys with spaces between them
	Plain bool              `yaml:"plain"` // all in words, line by line
}

// gatewayConfig says how to reach one gateway, by its instance's name. fixed_ip and floating_ip
// are for a gateway that is no instance of the project.
type gatewayConfig struct {
	Name       string     `yaml:"name"`
	Host       string     `yaml:"host"` // address or ~/.ssh/config alias; the floating IP if empty
	Port       uint16     `yaml:"port"`
	User       string     `yaml:"user"`
	Identity   string     `yaml:"identity"`
	KnownHosts string     `yaml:"known_hosts"`
	Local      bool       `yaml:"local"` // this machine is the gateway
	NoSNAT     bool       `yaml:"no_snat"`
	FixedIP    netip.Addr `yaml:"fixed_ip"`
	FloatingIP netip.Addr `yaml:"floating_ip"`
}

type serviceConfig struct {
	Name     string           `yaml:"name"`
	Protocol gateway.Protocol `yaml:"protocol"`
	Port     uint16           `yaml:"port"`
	Last     uint16           `yaml:"last"` // of several ports; 0: one
}

type loginConfig struct {
	Default string            `yaml:"default"` // user where the image tells none
	Images  map[string]string `yaml:"images"`  // image name -> user
}

// configPath is the configuration file, and what names it; "" if it is the user's own, which need
// not exist.
func (a *app) configPath() (path, namedBy string) {
	if a.flags.config != "" {
		return a.flags.config, "--config"
	}
	if path := os.Getenv("PORTICO_CONFIG"); path != "" {
		return path, "PORTICO_CONFIG"
	}
	return filepath.Join(xdg.ConfigHome, "portico", "config.yaml"), ""
}

// loadConfig reads the file that was named, or the user's own if there is one.
func (a *app) loadConfig() (config, error) {
	if a.shared != nil {
		return a.shared.config, nil
	}
	c, _, err := a.readConfigFile()
	return c, err
}

// readConfigFile is loadConfig with what stands where in the file; nil if there is none.
func (a *app) readConfigFile() (config, *configFile, error) {
	path, namedBy := a.configPath()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && namedBy == "" {
		return config{}, nil, nil
	}
	if err != nil {
		return config{}, nil, &gateway.Error{Op: "read configuration file", Target: path, Kind: gateway.Invalid, Err: err, Next: "name an existing file with --config"}
	}
	c, f, err := readConfig(text)
	if err != nil {
		next := ""
		var bad *configError
		if errors.As(err, &bad) {
			next = bad.next
		}
		return config{}, nil, &gateway.Error{Op: "use configuration file", Target: path, Kind: gateway.Invalid, Err: err, Next: cmp.Or(next, "correct the file; 'portico config example' shows every key")}
	}
	return c, f, nil
}

// options turns the configuration and the flags into what publishing needs.
func (a *app) options(c config) (publish.Options, error) {
	window := cmp.Or(a.flags.rollback, c.Rollback)
	if window != 0 && (window < rollback.MinWindow || window > rollback.MaxWindow) {
		return publish.Options{}, wrongUse("use a rollback of "+window.String(), fmt.Errorf("it runs from %s to %s", rollback.MinWindow, rollback.MaxWindow), "say for example --rollback 60s")
	}
	schemes, err := scheme.All(c.Schemes)
	if err != nil {
		return publish.Options{}, err
	}
	if c.Scheme != "" {
		s, err := findScheme(schemes, c.Scheme)
		if err != nil {
			return publish.Options{}, err
		}
		ordered := []scheme.Scheme{*s}
		for _, o := range schemes {
			if o.Name != s.Name {
				ordered = append(ordered, o)
			}
		}
		schemes = ordered
	}
	o := publish.Options{
		Gateway: a.flags.gateway, Services: publish.Services(), Schemes: schemes,
		Login:      publish.LoginRules{ByImage: c.Login.Images, Default: c.Login.Default},
		Identities: localIdentities, ReadOnly: a.flags.readOnly || c.ReadOnly,
		History: history.Open(cmp.Or(c.History, historyDir())), By: operator(), Window: window,
		GatewayWay: c.gatewayWay, OwnHosts: ownHosts,
	}
	if o.Gateway == "" {
		o.Gateway = c.Gateway
	}
	for _, s := range c.Services {
		o.Services = withService(o.Services, gateway.Service(s))
	}
	for _, g := range c.Gateways {
		o.Gateways = append(o.Gateways, publish.GatewayOptions{Name: g.Name, FloatingIP: g.FloatingIP, FixedIP: g.FixedIP, NoSNAT: g.NoSNAT})
	}
	return o, nil
}

// withService adds a service to the catalogue, in place of the built-in one of its name.
func withService(all []gateway.Service, s gateway.Service) []gateway.Service {
	if i := slices.IndexFunc(all, func(o gateway.Service) bool { return o.Name == s.Name }); i >= 0 {
		all[i] = s
		return all
	}
	return append(all, s)
}
