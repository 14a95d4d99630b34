package neutron

import (
	"net/netip"
	"regexp"
	"strings"

	"portico/gateway"
)

// Name is the engine's name in commands and in forwards.
const Name = "neutron"

// maxDescription is how many characters Neutron keeps of a description.
const maxDescription = 255

// ourMark is the description of every forwarding of ours. It is strict: one that says anything else is
// somebody else's.
var ourMark = regexp.MustCompile(`^portico v1 vm=([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}) svc=([a-z0-9][a-z0-9-]{0,31})(?: from=([0-9./,]+))?$`)

// mark is that description: whose forward it is, what it is called and whom it lets in. Who that is the
// VM's security group makes true; the description is what it is meant to be.
func mark(f gateway.Forward) string {
	out := "portico v1 vm=" + f.Instance + " svc=" + f.Service.Name
	if sources := gateway.SortPrefixes(f.Sources); len(sources) > 0 {
		words := make([]string, len(sources))
		for i, s := range sources {
			words[i] = s.String()
		}
		out += " from=" + strings.Join(words, ",")
	}
	return out
}

// readMark is the other way round; false for what is not ours.
func readMark(description string) (instance, service string, sources []netip.Prefix, ok bool) {
	m := ourMark.FindStringSubmatch(description)
	if m == nil {
		return "", "", nil, false
	}
	if m[3] != "" {
		for _, word := range strings.Split(m[3], ",") {
			p, err := netip.ParsePrefix(word)
			if err != nil || !p.Addr().Is4() {
				return "", "", nil, false
			}
			sources = append(sources, p)
		}
	}
	return m[1], m[2], sources, true
}
