package publish

import (
	"net/netip"
	"slices"

	"portico/gateway"
)

// standing lists the forwards that these instances have already.
func (s *Screen) standing() []gateway.Forward {
	var out []gateway.Forward
	mine := make(map[string]bool, len(s.instances))
	for _, id := range s.instances {
		mine[id] = true
	}
	for _, f := range s.snapshot.Forwards() {
		if mine[f.Instance] {
			out = append(out, f)
		}
	}
	return out
}

// standingSources are the networks that all standing forwards of these instances are limited
// to, if they are: publishing once more must not silently open them to everybody.
func (s *Screen) standingSources() []netip.Prefix {
	var out []netip.Prefix
	for i, f := range s.standing() {
		sources := gateway.SortPrefixes(f.Sources)
		if i > 0 && !slices.Equal(out, sources) {
			return nil
		}
		out = sources
	}
	return out
}

// anyPort is a service by its name and protocol alone.
func anyPort(svc gateway.Service) gateway.Service {
	svc.Port, svc.Last = 0, 0
	return svc
}

// standingNow is what stands by instance and service, whatever its private port.
func (s *Screen) standingNow() map[found]gateway.Forward {
	out := map[found]gateway.Forward{}
	for _, f := range s.standing() {
		out[found{f.Instance, anyPort(f.Service)}] = f
	}
	return out
}

// stands reports whether every one of the instances has this service published.
func (s *Screen) stands(svc gateway.Service) bool {
	svc = anyPort(svc)
	for _, id := range s.instances {
		if _, ok := s.now[found{id, svc}]; !ok {
			return false
		}
	}
	return len(s.instances) > 0
}
