package effects

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views"
)

// GatewayProber tests endpoints with connections that a snapshot's gateway makes; what can't be asked
// of it is Unknown. emit is called once for each, one at a time.
type GatewayProber interface {
	ProbeFromGateway(ctx context.Context, s publish.Snapshot, targets []probe.Target, emit func(probe.Result)) []probe.Result
}

// WatchEndMsg ends a round of quiet probes, from here or by the gateway.
type WatchEndMsg struct {
	Keys    []gateway.Key
	Gateway bool
}

// Watch tests forwards once, quietly: results are ProbeMsgs, and the end is a WatchEndMsg.
func (e *Effects) Watch(fs []gateway.Forward) tea.Cmd {
	return e.probeUntil(e.backend.Probe, fs, WatchEndMsg{Keys: Keys(fs)})
}

// FromGateway has the snapshot's gateway test the private ends of forwards. Results are
// GatewayProbeMsgs, and the end is a WatchEndMsg.
func (e *Effects) FromGateway(s publish.Snapshot, fs []gateway.Forward) tea.Cmd {
	end := WatchEndMsg{Keys: Keys(fs), Gateway: true}
	ends := map[probe.Target][]gateway.Key{} // several forwards may lead to one end
	var targets []probe.Target
	for _, f := range fs {
		t := publish.PrivateTarget(f)
		if ends[t] == nil {
			targets = append(targets, t)
		}
		ends[t] = append(ends[t], f.Key())
	}
	out := newStream(e.ctx)
	return e.start(out, func() {
		ctx, cancel := context.WithTimeout(e.ctx, probeTimeout)
		defer cancel()
		e.backend.ProbeFromGateway(ctx, s, targets, func(r probe.Result) {
			r.Detail = cloud.Clean(r.Detail)
			for _, k := range ends[r.Target] {
				out.send(views.GatewayProbeMsg{Key: k, Result: r})
			}
		})
		out.send(end)
	}, func(error) tea.Msg { return end })
}
