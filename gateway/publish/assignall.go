package publish

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

// assignAll gives all endpoints of a subnet their ports, or says of all that cannot have theirs why.
func (w *wanted) assignAll(room Room, sch *scheme.Scheme, ends []scheme.Endpoint) ([]scheme.Entry, error) {
	if !sch.Range.IsZero() {
		return w.ledger().Assign(sch, room.Subnet.CIDR, ends)
	}
	out := make([]scheme.Entry, 0, len(ends))
	var refused refusals
	for _, e := range ends {
		entry, err := w.ledger().Assign(sch, room.Subnet.CIDR, []scheme.Endpoint{e})
		if err != nil {
			refused.add(sch, room.Subnet.CIDR, e, err)
			continue
		}
		out = append(out, entry[0])
	}
	if refused.count == 0 {
		return out, nil
	}
	return nil, &gateway.Error{
		Op: "publish subnet", Target: room.Name, Kind: gateway.Conflict,
		Err:  fmt.Errorf("by the scheme %s, %d of %d forwards cannot have their port: %s", sch.Name, refused.count, len(ends), refused.text()),
		Next: w.otherSchemes(room, sch, ends),
	}
}

// otherSchemes says by which scheme all of it would fit.
func (w *wanted) otherSchemes(room Room, not *scheme.Scheme, ends []scheme.Endpoint) string {
	var fit []string
	schemes := w.p.Schemes()
	for i := range schemes {
		s := &schemes[i]
		if s.Name == not.Name {
			continue
		}
		free := scheme.NewLedger(slices.DeleteFunc(w.set.forwards(), w.orphan), w.s.State.Reserved)
		if _, err := free.Assign(s, room.Subnet.CIDR, ends); err == nil {
			fit = append(fit, s.Name)
		}
	}
	if len(fit) == 0 {
		return "free these ports, configure a scheme that leaves them out, or publish fewer services"
	}
	return "use --scheme " + strings.Join(fit, " or --scheme ") + ", or free these ports"
}

// refusals collects endpoints that cannot have their port, by the reason.
type refusals struct {
	count   int
	reasons []string
	ports   map[string][]portOf
	addrs   map[string][]netip.Addr
}

type portOf struct {
	proto gateway.Protocol
	port  uint16
}

func (r *refusals) add(sch *scheme.Scheme, subnet netip.Prefix, e scheme.Endpoint, err error) {
	r.count++
	if r.ports == nil {
		r.ports, r.addrs = map[string][]portOf{}, map[string][]netip.Addr{}
	}
	why := err.Error()
	var x *gateway.Error
	if errors.As(err, &x) && x.Err != nil {
		why = cloud.Clean(x.Err.Error())
	}
	if !slices.Contains(r.reasons, why) {
		r.reasons = append(r.reasons, why)
	}
	if entry, err := sch.Entry(subnet, e.Addr, e.Service); err == nil {
		r.ports[why] = append(r.ports[why], portOf{e.Service.Protocol, entry.Port})
		return
	}
	r.addrs[why] = append(r.addrs[why], e.Addr)
}

func (r *refusals) text() string {
	parts := make([]string, 0, len(r.reasons))
	for _, why := range r.reasons {
		var places []string
		if ports := r.ports[why]; len(ports) > 0 {
			places = append(places, portRuns(ports)...)
		}
		if addrs := r.addrs[why]; len(addrs) > 0 {
			slices.SortFunc(addrs, netip.Addr.Compare)
			text := addrs[0].String()
			if len(addrs) > 1 {
				text += fmt.Sprintf(" to %s (%d addresses)", addrs[len(addrs)-1], len(addrs))
			}
			places = append(places, text)
		}
		parts = append(parts, strings.Join(places, ", ")+": "+why)
	}
	return strings.Join(parts, "; ")
}

// portRuns names ports, neighbours together: "tcp 30022, tcp 30040-30047".
func portRuns(ports []portOf) []string {
	slices.SortFunc(ports, func(a, b portOf) int {
		return cmp.Or(strings.Compare(string(a.proto), string(b.proto)), cmp.Compare(a.port, b.port))
	})
	var out []string
	for i := 0; i < len(ports); {
		j := i
		for j+1 < len(ports) && ports[j+1].proto == ports[i].proto && ports[j+1].port <= ports[j].port+1 {
			j++
		}
		text := fmt.Sprintf("%s %d", ports[i].proto, ports[i].port)
		if ports[j].port != ports[i].port {
			text += fmt.Sprintf("-%d", ports[j].port)
		}
		out = append(out, text)
		i = j + 1
	}
	return out
}
