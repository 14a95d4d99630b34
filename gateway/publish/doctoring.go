package publish

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
)

// What a diagnosis needs beside what screens and commands use.

// At is a Publisher for another gateway of the same project.
func (p *Publisher) At(gw gateway.Gateway) *Publisher {
	q := *p
	q.options.Gateway = cmp.Or(gw.InstanceID, gw.Name)
	if gw.FloatingIP.IsValid() { // of several that an instance has, the one that is meant
		q.options.Gateway = gw.FloatingIP.String()
	}
	q.remoteHistory = q.gatewayHistory
	return &q
}

// Patient is a Publisher for the same project that waits so long, and no longer, for what it probes from
// a gateway.
func (p *Publisher) Patient(patience time.Duration) *Publisher {
	q := *p
	q.patience = patience
	q.remoteHistory = q.gatewayHistory
	return &q
}

// Runner runs commands on a snapshot's gateway, over the connection that everything else uses.
func (p *Publisher) Runner(ctx context.Context, s Snapshot) (gateway.Runner, error) {
	e, err := p.engine(ctx, s.Host(), s.Inventory)
	if err != nil {
		return nil, err
	}
	return e.Runner, nil
}

// ProbeTargets tests endpoints from here, each for so long at most.
func (p *Publisher) ProbeTargets(ctx context.Context, targets []probe.Target, timeout time.Duration) []probe.Result {
	return probe.Run(ctx, p.options.Dialer, targets, probe.Options{Timeout: timeout}, nil)
}

// SSHEnd is where a gateway's sshd is to be found; false where configuration leads there by a name that
// only ssh can explain, where this machine is the gateway, and of a pair.
func (p *Publisher) SSHEnd(gw gateway.Gateway) (netip.AddrPort, bool) {
	if gw.IsPair() {
		return netip.AddrPort{}, false // it has two
	}
	w, remote := p.gatewayWay(gw, Login{})
	addr, err := netip.ParseAddr(w.Host)
	return netip.AddrPortFrom(addr, cmp.Or(w.Port, 22)), remote && !w.Alias && err == nil
}

// KeyPairs lists the user's key pairs.
func (p *Publisher) KeyPairs(ctx context.Context) ([]cloud.KeyPair, error) {
	return p.cloud.KeyPairs(ctx)
}

// ResolveService reads a service as given by an operator: a name of the catalogue, or an own one as
// "name=tcp/8080".
func (p *Publisher) ResolveService(text string) (gateway.Service, error) {
	return p.resolveService(text)
}

// ResolveInstance finds an instance by ID or by its exact name.
func ResolveInstance(inv cloud.Inventory, want string) (cloud.Instance, error) {
	return resolveInstance(inv, want)
}

// Serves reports whether a gateway carries Portico's own group: it has published something.
func Serves(inv cloud.Inventory, gw gateway.Gateway) bool { return isMarked(inv, gw) }

// publicMark begins the description of the group on a gateway's port.
const publicMark = "portico v1 gateway="

// Stranded lists the gateways that have lost their floating IP: instances whose port carries
// Portico's group. Their FloatingIP is invalid.
func (p *Publisher) Stranded(inv cloud.Inventory) []gateway.Gateway {
	known := p.Gateways(inv)
	var out []gateway.Gateway
	for _, g := range inv.SecurityGroups {
		rest, marked := strings.CutPrefix(g.Description, publicMark)
		id, role, _ := strings.Cut(rest, " ")
		if !marked || role != "role=public" || slices.ContainsFunc(known, func(x gateway.Gateway) bool { return x.InstanceID == id }) {
			continue
		}
		i, there := inv.Instance(id)
		if !there {
			continue
		}
		for _, port := range inv.InstancePorts(id) {
			if a := portIPv4(port); slices.Contains(port.Groups, g.ID) && a.IsValid() {
				out = append(out, p.configured(gateway.Gateway{Name: i.Name, InstanceID: id, PortID: port.ID, FixedIP: a}))
			}
		}
	}
	return out
}
