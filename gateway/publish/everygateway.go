package publish

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"portico/cloud"
	"portico/gateway"
)

// GatewayView is one gateway as it was found; State is nil where Err says why it is not known.
type GatewayView struct {
	Snapshot
	Err error
}

// atOnce is how many gateways are read at one time.
const atOnce = 4

// Serving lists the gateways that carry forwards, as far as the project and the configuration tell: those
// that have a group of Portico's, those that the configuration gives, and the one that would be chosen.
// Other instances with a floating IP are nobody's gateway, and nobody connects to them.
func (p *Publisher) Serving(inv cloud.Inventory) []gateway.Gateway {
	one, err := p.FindGateway(inv)
	var out []gateway.Gateway
	for _, g := range p.Gateways(inv) {
		given := slices.ContainsFunc(p.options.Gateways, func(o GatewayOptions) bool { return o.Name == g.Name })
		if given || isMarked(inv, g) || err == nil && g.PortID == one.PortID && g.FixedIP == one.FixedIP {
			out = append(out, g)
		}
	}
	return out
}

// EveryGateway reads all that serve, a few at a time, in the order of [Publisher.Serving]. One that does not
// answer says so itself, and none of the others waits for it.
func (p *Publisher) EveryGateway(ctx context.Context, inv cloud.Inventory) []GatewayView {
	all := p.Serving(inv)
	out := make([]GatewayView, len(all))
	var work errgroup.Group
	work.SetLimit(atOnce)
	for i, g := range all {
		work.Go(func() error {
			out[i].Snapshot = Snapshot{Inventory: inv, Gateway: g}
			state, err := p.observe(ctx, g, inv)
			if out[i].Err = err; err == nil {
				out[i].State = &state
			}
			return nil
		})
	}
	_ = work.Wait() // which never fails
	return out
}
