package scheme

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/gateway"
)

var errNoFormulas = errors.New("it has no formulas: it gives the first free port of a range")

// Hazard is a range of ports that something else on the gateway may use, so that a forward there
// is worth a warning.
type Hazard struct {
	Range Range
	Name  string // "Kubernetes NodePorts"
	Why   string // what can go wrong
}

// NodePorts is for gateways that are Kubernetes nodes: the default range of service-node-port-range.
var NodePorts = Hazard{
	Range: Range{30000, 32767}, Name: "Kubernetes NodePorts",
	Why: "a service of the cluster may be given the same port, and which of the two gets it is not defined",
}

// LocalPorts is the gateway's net.ipv4.ip_local_port_range.
func LocalPorts(first, last uint16) Hazard {
	return Hazard{
		Range: Range{first, last}, Name: "ip_local_port_range",
		Why: "answers to the gateway's own outgoing connections from these ports may be forwarded instead",
	}
}

// ProblemKind says what sort of problem it is.
type ProblemKind int

// The kinds of problem.
const (
	Unusable   ProblemKind = iota // the scheme cannot be used with this subnet at all
	NoPort                        // a formula fails, or gives no whole number
	OutOfRange                    // a port outside of MinPort..MaxPort
	Collision                     // two endpoints on one port
	Taken                         // a port the gateway has reserved
	Warning                       // a hazard
)

// Problem is something wrong with a scheme on a subnet. One problem sums up all endpoints that
// have it.
type Problem struct {
	Kind  ProblemKind
	Title string
	// Detail names the first endpoints that have it.
	Detail string
	// Count is how many endpoints have it.
	Count int
}

// Fatal reports whether some endpoint of the subnet cannot get its port.
func (p Problem) Fatal() bool { return p.Kind != Warning }

// Check looks at every port the scheme would give in a subnet: whether it is a port at all, no
// two endpoints share one, and none is reserved; and warns of hazards. The result is empty when
// all is well, which for a scheme with formulas means that [Scheme.Reverse] is unambiguous.
func (s *Scheme) Check(subnet netip.Prefix, reserved []gateway.Reserved, hazards ...Hazard) []Problem {
	c := checker{at: map[public]Entry{}, reserved: map[public]string{}, hazards: hazards, near: make([]tally, len(hazards))}
	for _, r := range reserved {
		c.reserved[public{r.Protocol, r.Port}] = r.By
	}
	if !s.Range.IsZero() {
		return c.checkRange(s.Range)
	}
	if err := s.each(subnet, c.add); err != nil {
		var e *gateway.Error
		detail := err.Error()
		if errors.As(err, &e) && e.Err != nil {
			detail = e.Err.Error()
		}
		return []Problem{{Kind: Unusable, Title: fmt.Sprintf("scheme %s cannot be used with %s", s.Name, subnet), Detail: detail, Count: 1}}
	}
	return c.problems()
}

// maxExamples is how many endpoints a problem names.
const maxExamples = 3

// tally counts endpoints and remembers the first few.
type tally struct {
	count    int
	examples []string
}

func (t *tally) add(example func() string) {
	if t.count < maxExamples {
		t.examples = append(t.examples, example())
	}
	t.count++
}

func (t tally) problem(kind ProblemKind, title string) Problem {
	detail := strings.Join(t.examples, "; ")
	if more := t.count - len(t.examples); more > 0 {
		detail += fmt.Sprintf("; and %d more", more)
	}
	return Problem{Kind: kind, Title: title, Detail: detail, Count: t.count}
}

type checker struct {
	at       map[public]Entry
	reserved map[public]string
	hazards  []Hazard

	failed, outside, collided, taken tally
	near                             []tally // one for each hazard
}

func (c *checker) add(e Entry, r Rule, err error) {
	name := func() string { return fmt.Sprintf("%s of %s", r.Service.Name, e.Addr) }
	var outside *outOfRangeError
	switch {
	case errors.As(err, &outside):
		c.outside.add(func() string { return fmt.Sprintf("%s would get %.0f", name(), outside.value) })
		return
	case err != nil:
		c.failed.add(func() string { return name() + ": " + err.Error() })
		return
	}
	at := public{e.Service.Protocol, e.Port}
	c.claim(e, name)
	last := e.Port + uint16(e.Service.Ports()-1)
	for i, h := range c.hazards {
		if h.Range.First <= last && e.Port <= h.Range.Last {
			c.near[i].add(func() string { return fmt.Sprintf("%s on %s", name(), at) })
		}
	}
}

// claim takes all ports of an endpoint, and tells once who else wants one of them, and who has one.
func (c *checker) claim(e Entry, name func() string) {
	collided, taken := false, false
	for i := range e.Service.Ports() {
		at := public{e.Service.Protocol, e.Port + uint16(i)}
		if other, ok := c.at[at]; !ok {
			c.at[at] = e
		} else if !collided {
			collided = true
			c.collided.add(func() string {
				return fmt.Sprintf("%s and %s of %s both get %s", name(), other.Service.Name, other.Addr, at)
			})
		}
		if by, ok := c.reserved[at]; ok && !taken {
			taken = true
			c.taken.add(func() string { return fmt.Sprintf("%s would get %s, which %s has", name(), at, by) })
		}
	}
}

func (c *checker) problems() []Problem {
	var out []Problem
	note := func(t tally, kind ProblemKind, title string) {
		if t.count > 0 {
			out = append(out, t.problem(kind, title))
		}
	}
	note(c.failed, NoPort, "the formula gives no port")
	note(c.outside, OutOfRange, fmt.Sprintf("ports outside of %d to %d", MinPort, MaxPort))
	note(c.collided, Collision, "two services on one port")
	note(c.taken, Taken, "ports the gateway needs itself")
	for i, h := range c.hazards {
		note(c.near[i], Warning, fmt.Sprintf("ports within %s (%s): %s", h.Name, h.Range, h.Why))
	}
	return out
}

// checkRange looks at a range whose ports are given out one by one: reserved ones are passed over,
// so that only a range with none left is fatal.
func (c *checker) checkRange(r Range) []Problem {
	var out []Problem
	for _, proto := range []gateway.Protocol{gateway.TCP, gateway.UDP} {
		_, err := Next(r, func(p uint16) bool { _, ok := c.reserved[public{proto, p}]; return ok })
		if err != nil {
			out = append(out, Problem{Kind: Taken, Title: fmt.Sprintf("no free %s port in %s", proto, r), Detail: err.Error(), Count: 1})
		}
	}
	for _, h := range c.hazards {
		if first, last := max(r.First, h.Range.First), min(r.Last, h.Range.Last); first <= last {
			both := Range{first, last}
			out = append(out, Problem{
				Kind: Warning, Title: fmt.Sprintf("ports within %s (%s): %s", h.Name, h.Range, h.Why),
				Detail: "the range has " + both.String() + " in common with it", Count: int(last) - int(first) + 1,
			})
		}
	}
	return slices.Clip(out)
}
