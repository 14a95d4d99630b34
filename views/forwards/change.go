package forwards

import (
	"slices"

	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/publish"
	"portico/views"
)

// withdraw asks for exactly the chosen forwards. One request names the same services for all of
// its instances, so a choice that no request can express is refused, not widened.
func (s *Screen) withdraw(rows []row) views.Intent {
	if s.readOnly != "" {
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	}
	instances, services, exact := s.chosen(rows)
	if !exact {
		return views.Tell{Text: "mark the same services of each instance, or withdraw them one instance at a time"}
	}
	return views.Withdraw{Instances: instances, Services: services}
}

// chosen are the instances and services of rows. It is not exact when they stand for other forwards, too.
func (s *Screen) chosen(rows []row) (instances, services []string, exact bool) {
	want := map[gateway.Key]bool{}
	for _, r := range rows {
		want[r.Key()] = true
		if !slices.Contains(instances, r.Instance) {
			instances = append(instances, r.Instance)
		}
		if !slices.Contains(services, r.Service.Name) {
			services = append(services, r.Service.Name)
		}
	}
	for _, f := range s.snapshot.Snapshot.Forwards() {
		if !want[f.Key()] && slices.Contains(instances, f.Instance) && slices.Contains(services, f.Service.Name) {
			return nil, nil, false
		}
	}
	return instances, services, true
}

// move asks for the chosen forwards to be made by the other engine, new before old, and open to whom they
// are open now.
func (s *Screen) move(rows []row) views.Intent {
	if s.readOnly != "" {
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	}
	to := publish.NeutronEngine
	if rows[0].Engine == to {
		to = nat.Name
	}
	instances, services, exact := s.chosen(rows)
	for _, r := range rows {
		if r.Engine == to || !exact {
			return views.Tell{Text: "mark the same services of each instance, all of one engine, or move them one instance at a time"}
		}
	}
	for _, c := range publish.Engines(s.snapshot.Snapshot) {
		if c.Name == to && !c.Available {
			return views.Tell{Text: to + " can't take it: " + c.Why}
		}
	}
	return views.Move{Request: publish.Request{Instances: instances, Services: spelled(rows, services), Engine: to, KeepPorts: true, KeepSources: true}}
}

// spelled are services with the ports that they have on the VMs, whatever the catalogue calls so.
func spelled(rows []row, names []string) []string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(rows, func(r row) bool { return r.Service.Name == name })
		f := rows[i].Forward
		out = append(out, name+"="+string(f.Service.Protocol)+"/"+gateway.PortText(f.Private.Port(), f.Ports()))
	}
	return out
}
