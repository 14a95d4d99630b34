package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/nat"
	"portico/gateway/publish"
)

// publishFlags are the choices that plan, publish and withdraw share.
type publishFlags struct {
	services []string
	scheme   string
	formula  string
	engine   string
	via      string
	ports    string
	from     []string
	subnets  []string
	existing bool
}

func (f *publishFlags) add(c *cobra.Command) {
	fs := c.Flags()
	fs.StringSliceVar(&f.services, "service", nil, "services: ssh, http, https, mosh, or own ones as name=tcp/8080, name=udp/60000-60010 or name=udp/+11 (11 ports, the same on the VM) (default ssh)")
	fs.StringVar(&f.scheme, "scheme", "", "port scheme, see 'portico scheme list' (default: as it is, else the configured one)")
	fs.StringVar(&f.formula, "formula", "", "a formula in place of a scheme: '40000 + n', or one for each service: 'ssh=40000+n; http=41000+n'; 'portico scheme try' checks it")
	fs.StringVar(&f.engine, "engine", "", "how forwards are made: nat (by a gateway), neutron (by the cloud's routers, at a free floating IP) or auto (default: as it is, else nat where there is a gateway)")
	fs.StringVar(&f.via, "via", "", "the floating IP to publish at with neutron (default: one that is in use for it, else a free one)")
	fs.StringVar(&f.ports, "port", "", "public ports in place of the scheme's, one for each service of each VM: 40022 or 40022,40080 or 40000-40004")
	addSubnets(c, &f.subnets, "whole subnets, by name, ID or CIDR, in place of VMs: every address that can hold a VM, so that later ones are reachable, too")
	fs.BoolVar(&f.existing, "existing", false, "with --subnet: only VMs that there are; 'portico sync' keeps them in step")
	fs.StringSliceVar(&f.from, "from", nil, "who may connect: CIDR, address, me (as the gateway sees you) or anywhere (default: as it is, else anywhere)")
}

// engineNames are the values of --engine.
var engineNames = []string{nat.Name, publish.NeutronEngine, publish.AutoEngine}

func (f *publishFlags) request(instances []string) (publish.Request, error) {
	r := publish.Request{Instances: instances, Subnets: f.subnets, Existing: f.existing, Services: f.services, Scheme: f.scheme, Formula: f.formula, KeepPorts: f.scheme == "" && f.formula == "", KeepSources: len(f.from) == 0}
	r.Engine, r.Via = f.engine, f.via
	if f.engine != "" && !slices.Contains(engineNames, f.engine) {
		return r, wrongUse("use engine "+cloud.Clean(f.engine), errors.New("no engine has this name"), "choose nat, neutron or auto")
	}
	if f.via != "" && f.engine == nat.Name {
		return r, wrongUse("use --via with nat", errors.New("a gateway has one address"), "choose the gateway with --gateway, or leave --engine out")
	}
	if f.via != "" {
		r.Engine = publish.NeutronEngine
	}
	if f.existing && len(f.subnets) == 0 {
		return r, wrongUse("use --existing", errors.New("no subnet is named"), "name one: --subnet NAME --existing")
	}
	var err error
	if r.Ports, err = f.publicPorts(); err != nil {
		return r, err
	}
	r.Sources, r.FromMe, err = f.sources()
	return r, err
}

// publicPorts are those of --port; other ways of saying which there are to be contradict it, and each other.
func (f *publishFlags) publicPorts() ([]uint16, error) {
	ports, err := publish.ParsePorts(f.ports)
	switch {
	case err != nil:
		return nil, wrongUse("read --port "+cloud.Clean(f.ports), err, "write it as 40022 or 40022,40080")
	case len(ports) > 0 && len(f.subnets) > 0:
		return nil, wrongUse("use --port and --subnet", errors.New("a whole subnet has its ports by a scheme"), "choose one with --scheme, or leave --port out")
	case len(ports) > 0 && f.scheme != "":
		return nil, wrongUse("use --port and --scheme", errors.New("both say which public ports there are to be"), "leave one of them out")
	case f.formula != "" && (f.scheme != "" || len(ports) > 0):
		return nil, wrongUse("use --formula", errors.New("--scheme or --port says which public ports there are to be, too"), "leave one of them out")
	}
	return ports, nil
}

// sources is who may connect; me is whether the operator's own address is meant, too.
func (f *publishFlags) sources() (list []netip.Prefix, me bool, err error) {
	for _, text := range f.from {
		switch strings.TrimSpace(text) {
		case "anywhere":
			text = "0.0.0.0/0"
		case "me":
			me = true
			continue
		}
		p, err := parseSource(strings.TrimSpace(text))
		if err != nil {
			return nil, false, wrongUse("read --from "+cloud.Clean(text), fmt.Errorf("%s is neither an address nor a network", cloud.Clean(text)), "write it as 198.51.100.0/24 or 198.51.100.7")
		}
		list = append(list, p)
	}
	return list, me, nil
}

func parseSource(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, err
	}
	return p.Masked(), nil
}
