package main

import (
	"slices"
	"strings"

	"portico/gateway"
	"portico/gateway/publish"
)

// way is the way to an instance: the forward that carries it, or its own floating IP. A gateway
// is reached as the configuration says, like Portico itself does.
func (c config) way(r publish.InstanceRow, login publish.Login) (publish.Way, bool) {
	w, ok := publish.WayTo(r, login)
	if !ok {
		return w, false
	}
	i := slices.IndexFunc(c.Gateways, func(g gatewayConfig) bool { return g.Name == r.Instance.Name && !g.Local })
	if i >= 0 && publish.Direct(r) {
		configure(&w, c.Gateways[i])
	}
	return w, true
}

// gatewayWay is the way to a gateway; false where this machine is it.
func (c config) gatewayWay(gw gateway.Gateway, login publish.Login) (publish.Way, bool) {
	w := publish.AddressWay(gw, login)
	for _, g := range c.Gateways {
		switch {
		case g.Name != gw.Name:
		case g.Local:
			return publish.Way{}, false
		default:
			configure(&w, g)
		}
	}
	return w, true
}

// configure puts what the configuration says in place of what is known of a gateway otherwise.
func configure(w *publish.Way, g gatewayConfig) {
	if g.Host != "" {
		w.Host, w.Port = g.Host, 0
		// A name without a dot is an alias, whose user and key ~/.ssh/config knows better.
		if w.Alias = !strings.ContainsAny(g.Host, ".:"); w.Alias {
			w.User, w.Identity = "", ""
		}
	}
	if g.Port != 0 {
		w.Port = g.Port
	}
	if g.User != "" {
		w.User = g.User
	}
	if g.Identity != "" {
		w.Identity = g.Identity
	}
	if g.KnownHosts != "" { // it lists the host by its address
		w.KnownHosts, w.HostKeyAlias = g.KnownHosts, ""
	}
}
