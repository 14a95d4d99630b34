package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// Prepared is what is to become of a machine as a gateway.
type Prepared string

// What a request can ask of a machine. "" leaves it as it is: publishing makes what it needs, and
// withdrawing the last forward removes it.
const (
	Prepare Prepared = "prepare" // it stays a gateway without forwards, over reboots
	Retire  Prepared = "retire"  // all its forwards are withdrawn, and nothing of Portico's stays
)

// GatewayOf finds an instance among the gateways: one with a floating IP. Without one ok is false.
func (p *Publisher) GatewayOf(inv cloud.Inventory, instance string) (gw gateway.Gateway, ok bool) {
	all := p.Gateways(inv)
	i := slices.IndexFunc(all, func(g gateway.Gateway) bool { return instance != "" && g.InstanceID == instance })
	if i < 0 {
		return gateway.Gateway{}, false
	}
	return all[i], true
}

// make settles what stands after a machine is prepared, or retired.
func (w *wanted) make() error {
	if w.s.Gateway.Members != [2]gateway.Member{} {
		return &gateway.Error{
			Op: string(w.req.Make), Target: w.s.Gateway.Name, Kind: gateway.Invalid, Err: errors.New("it is a pair of gateways"),
			Next: "end the pair first: portico gateway unpair " + w.s.Gateway.Name,
		}
	}
	if w.req.Make == Prepare {
		w.all, w.named = slices.Clone(w.have), map[string]bool{}
		return nil
	}
	for _, f := range w.have {
		w.items = append(w.items, Item{Action: plan.Delete, Forward: f, Instance: w.nameOf(f)})
	}
	return nil
}

// historyStays is told before a gateway is retired.
var historyStays = plan.Warning{
	Title: "what is left of Portico there is its history", Detail: "/var/lib/portico/history says who has changed what, and /var/log/portico-boot.log, where a boot script made it a gateway, what that did; nothing runs by them",
}

// FreeFloatingIPs lists the floating IPs that could lead to an instance, those that lead nowhere yet.
// Without any the error says why.
func (p *Publisher) FreeFloatingIPs(ctx context.Context, s Snapshot, instance string) ([]cloud.FloatingIP, error) {
	var out []cloud.FloatingIP
	var why error
	for _, r := range FloatingIPRows(s) {
		if !r.Free() {
			continue
		}
		_, err := p.Plan(ctx, s, Request{FloatingIP: FloatingIPRequest{Do: Attach, Address: r.FloatingIP.ID, Instance: instance}})
		if err != nil {
			why = err
			continue
		}
		out = append(out, r.FloatingIP)
	}
	if len(out) == 0 && why == nil {
		why = &gateway.Error{Op: "find a free floating IP", Kind: gateway.NotFound, Err: fmt.Errorf("all %d of the project lead somewhere", len(s.Inventory.FloatingIPs))}
	}
	return out, why
}
