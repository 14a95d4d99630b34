package publish

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

// maxPorts bounds how many ports one can name.
const maxPorts = 4096

// ParsePorts reads public ports as one types them: "40022", "40022,40080", "40000-40004". Those below
// scheme.MinPort are for forwards of Neutron's alone, which a plan knows.
func ParsePorts(text string) ([]uint16, error) {
	var out []uint16
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		first, last, isRange := strings.Cut(word, "-")
		if !isRange {
			last = first
		}
		a, err := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		switch {
		case err != nil || err2 != nil || a > b:
			return nil, fmt.Errorf("%s is no port", cloud.Clean(word))
		case a == 0:
			return nil, fmt.Errorf("%s: ports run from 1 to %d", cloud.Clean(word), scheme.MaxPort)
		case int(b-a) >= maxPorts-len(out):
			return nil, fmt.Errorf("%s: these are more than %d ports", cloud.Clean(word), maxPorts)
		}
		for p := a; p <= b; p++ {
			if slices.Contains(out, uint16(p)) {
				return nil, fmt.Errorf("%d is named twice", p)
			}
			out = append(out, uint16(p))
		}
	}
	return out, nil
}

// ownPorts takes over the ports of the request, of which there must be one for each forward.
func (w *wanted) ownPorts(services int) error {
	w.ports = slices.Clone(w.req.Ports)
	names := slices.Compact(slices.Sorted(slices.Values(w.req.Instances)))
	need := len(names) * max(1, services) // without a service it is ssh
	if len(w.ports) == 0 || len(w.ports) == need && !w.req.Withdraw {
		return nil
	}
	next := "name one port for each service of each VM, in that order"
	if w.req.Withdraw {
		next = "say what to withdraw by its service"
	}
	return &gateway.Error{
		Op: "use own ports", Kind: gateway.Invalid, Err: fmt.Errorf("%s for %s", counted(len(w.ports), "port"), counted(need, "forward")), Next: next,
	}
}

// assign gives endpoints their public ports: the request's own, or those of the scheme.
func (w *wanted) assign(sch *scheme.Scheme, subnet netip.Prefix, endpoints []scheme.Endpoint) ([]scheme.Entry, error) {
	if len(w.ports) == 0 {
		return w.ledger().Assign(sch, subnet, endpoints)
	}
	if len(w.ports) < len(endpoints) {
		return nil, &gateway.Error{Op: "use own ports", Kind: gateway.Invalid, Err: errors.New("there are too few"), Next: "name each VM once"}
	}
	ports := w.ports[:len(endpoints)]
	w.ports = w.ports[len(endpoints):]
	return w.ledger().Fixed(endpoints, ports)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "s") {
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
