package effectstest

import (
	"context"
	"net/netip"

	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// Survey says that ssh answers, that http does not, and that nothing else listens.
func (b *Backend) Survey(ctx context.Context, _ publish.Snapshot, instances []string, services []gateway.Service, emit func(publish.Finding)) {
	_ = b.enter(ctx, "Survey")
	for _, id := range instances {
		for _, svc := range services {
			r := probe.Result{Target: probe.Target{Service: svc}, Outcome: probe.Refused, Detail: "connection refused, seen from the gateway"}
			switch {
			case svc.Protocol == gateway.UDP:
				r.Outcome, r.Detail = probe.Unknown, "udp has no connection to test: only its own client can tell"
			case svc.Name == "ssh":
				r.Outcome, r.Detail = probe.OK, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"
			case svc.Name == "http":
				r.Outcome, r.Detail = probe.Timeout, "no answer, seen from the gateway"
			}
			emit(publish.Finding{Instance: id, Service: svc, Result: r})
		}
	}
}

// ClientAddress is one for documentation.
func (b *Backend) ClientAddress(ctx context.Context, _ publish.Snapshot) (netip.Addr, error) {
	return netip.MustParseAddr("198.51.100.7"), b.enter(ctx, "ClientAddress")
}
