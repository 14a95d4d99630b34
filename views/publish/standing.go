package publish

import (
	"net/netip"
	"slices"

	"portico/gateway"
)

// standing lists the forwards that these instances have already.
func (s *Screen) standing() []gateway.Forward {
	if s.snapshot.State == nil {
		return nil
	}
	var out []gateway.Forward
	for _, f := range s.snapshot.State.Forwards {
		if slices.Contains(s.instances, f.Instance) {
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

// stands reports whether every one of the instances has this service published.
func (s *Screen) stands(svc gateway.Service) bool {
	have := map[string]bool{}
	for _, f := range s.standing() {
		if f.Service.Name == svc.Name && f.Service.Protocol == svc.Protocol {
			have[f.Instance] = true
		}
	}
	return len(s.instances) > 0 && len(have) == len(s.instances)
}
