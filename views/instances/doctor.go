package instances

import (
	"cmp"
	"slices"

	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/publish"
	"portico/views"
)

// diagnose is about the row under the cursor: a gateway, or the forward that is most in need of it.
func (s *Screen) diagnose() views.Intent {
	r, ok := s.list.Current()
	switch {
	case !ok:
		return nil
	case r.Gateway:
		return views.Diagnose{Target: doctor.Target{Gateway: r.Instance.Name}, Title: r.Instance.Name}
	}
	service := s.ailing(r)
	title := r.Instance.Name
	if service != "" {
		title += " " + service
	}
	return views.Diagnose{Target: doctor.Target{Instance: r.Instance.ID, Service: service}, Title: title}
}

// ailing is the service whose last test went wrong, else ssh; "" where nothing is published.
func (s *Screen) ailing(r publish.InstanceRow) string {
	if len(r.Forwards) == 0 {
		return ""
	}
	need := func(f gateway.Forward) int {
		switch last, tested, _ := s.tests.Of(f.Key()); {
		case tested && last.Bad():
			return 0
		case f.Service.Name == "ssh":
			return 1
		}
		return 2
	}
	return slices.MinFunc(r.Forwards, func(a, b gateway.Forward) int { return cmp.Compare(need(a), need(b)) }).Service.Name
}
