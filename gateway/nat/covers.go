package nat

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
)

// chainCovers is jumped to from nowhere: its rules do nothing but say, where everybody can read it and
// along with the forwards themselves, which subnets are published by a rule.
const chainCovers = netfilter.Prefix + "COVERS"

// coverComment is what such a rule says of itself; who may come in is its -s.
var coverComment = regexp.MustCompile(`^portico v1 cover net=([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}) of=(whole|existing) svc=([a-z0-9][a-z0-9-]{0,31}) to=(tcp|udp)/([0-9]{1,5}(?:-[0-9]{1,5})?|\+[0-9]{1,4}) scheme=([a-z0-9][a-z0-9-]{0,31})(?: formula=([a-z0-9 +*/%()<>=!&|?:-]+))?$`)

// maxComment is how long a comment of iptables may be, in bytes.
const maxComment = 255

// covers are those that are to stand.
func (e *Engine) covers(have gateway.State) []gateway.Cover {
	switch {
	case e.Retire:
		return nil
	case e.Covers == nil:
		return have.Covers
	}
	return e.Covers
}

// coverChains is the covers as a chain; none is no chain.
func coverChains(covers []gateway.Cover) []netfilter.Chain {
	var rules []netfilter.Rule
	sorted := slices.SortedFunc(slices.Values(covers), func(a, b gateway.Cover) int { return strings.Compare(a.Subnet, b.Subnet) })
	for _, c := range sorted {
		sources := gateway.SortPrefixes(c.Sources)
		if len(sources) == 0 {
			sources = []netip.Prefix{{}}
		}
		for _, svc := range c.Services {
			for _, s := range sources {
				var args []string
				if s.IsValid() {
					args = append(args, "-s", s.String())
				}
				rules = append(rules, rule(append(append(args, comment(coverMark(c, svc))...), "-j", "RETURN")...))
			}
		}
	}
	if len(rules) == 0 {
		return nil
	}
	return []netfilter.Chain{chain(chainCovers, rules...)}
}

func coverMark(c gateway.Cover, svc gateway.Service) string {
	of := "existing"
	if c.Whole {
		of = "whole"
	}
	ports := svc.PortText()
	if svc.Port == 0 { // the same inside as outside, whichever those are
		ports = fmt.Sprintf("+%d", svc.Ports())
	}
	mark := fmt.Sprintf("portico v1 cover net=%s of=%s svc=%s to=%s/%s scheme=%s", c.Subnet, of, svc.Name, svc.Protocol, ports, c.Scheme)
	if c.Formula != "" {
		mark += " formula=" + c.Formula
	}
	return mark
}

// readCovers finds the covers that stand. Where somebody has emptied the chains, those are meant that
// are kept for the next boot.
func readCovers(seen *observed) []gateway.Cover {
	if standing := coversIn(seen.rules); len(standing) > 0 {
		return standing
	}
	if !strings.Contains(seen.files[pathRules], chainCovers) {
		return nil
	}
	kept, err := netfilter.Parse(seen.files[pathRules])
	if err != nil {
		return nil // the file's own drift says so
	}
	return coversIn(kept)
}

// coversIn reads the covers of a ruleset. A rule that says anything else is none; of rules that
// contradict each other about a service of a subnet, the first one holds. Services that are published
// otherwise, or to others, are a cover of their own: joined, one would be opened to whom the other lets in.
func coversIn(rules netfilter.Ruleset) []gateway.Cover {
	table, _ := rules.Table(tableNAT)
	i := slices.IndexFunc(table.Chains, func(c netfilter.Chain) bool { return c.Name == chainCovers })
	if i < 0 {
		return nil
	}
	var each []gateway.Cover // of one service
	for _, r := range table.Chains[i].Rules {
		c, ok := readCover(words(r.Args))
		if !ok {
			continue
		}
		n := slices.IndexFunc(each, func(o gateway.Cover) bool { return o.Subnet == c.Subnet && o.Covers(c.Services[0]) })
		switch {
		case n < 0:
			each = append(each, c)
		case each[n].Whole == c.Whole && each[n].Scheme == c.Scheme && each[n].Formula == c.Formula:
			each[n].Sources = joinSources(each[n].Sources, c.Sources)
		}
	}
	var out []gateway.Cover
	for _, c := range each {
		n := slices.IndexFunc(out, func(o gateway.Cover) bool {
			o.Services = c.Services
			return o.Equal(c)
		})
		if n < 0 {
			out = append(out, c)
			continue
		}
		out[n].Services = append(out[n].Services, c.Services...)
	}
	return out
}

func readCover(w map[string]string) (gateway.Cover, bool) {
	m := coverComment.FindStringSubmatch(w["--comment"])
	if m == nil {
		return gateway.Cover{}, false
	}
	svc, err := gateway.Service{Name: m[3], Protocol: gateway.Protocol(m[4])}.SetPorts(m[5])
	if err != nil {
		return gateway.Cover{}, false
	}
	c := gateway.Cover{
		Subnet: m[1], Whole: m[2] == "whole", Scheme: m[6], Formula: m[7],
		Services: []gateway.Service{svc},
	}
	if s := w["-s"]; s != "" {
		p, err := netip.ParsePrefix(s)
		if err != nil || !p.Addr().Is4() {
			return gateway.Cover{}, false
		}
		c.Sources = []netip.Prefix{p}
	}
	return c, true
}

// settle names, for each forward of a whole subnet, the instance that has its address now.
func (e *Engine) settle(forwards []gateway.Forward) {
	var holders map[cloud.FixedIP]string
	for i := range forwards {
		if f := &forwards[i]; f.Subnet != "" {
			if holders == nil {
				holders = e.Inventory.Holders()
			}
			f.Instance = holders[cloud.FixedIP{SubnetID: f.Subnet, Addr: f.Private.Addr()}]
		}
	}
}

// checkCovers refuses what could not be read back.
func (e *Engine) checkCovers() error {
	for _, c := range e.Covers {
		for _, svc := range c.Services {
			switch mark := coverMark(c, svc); {
			case c.Formula != "" && len(mark) > maxComment:
				return &gateway.Error{
					Op: "keep in step subnet", Target: c.Subnet, Kind: gateway.Invalid,
					Err:  fmt.Errorf("the formula of %s is too long to be written down on the gateway", cloud.Clean(svc.Name)),
					Next: fmt.Sprintf("leave out %d characters of it, or save it as a scheme: portico scheme try --save NAME", len(mark)-maxComment),
				}
			case !coverComment.MatchString(mark):
				return &gateway.Error{
					Op: "keep in step subnet", Target: c.Subnet, Kind: gateway.Invalid,
					Err:  fmt.Errorf("service %s by scheme %s cannot be written down", cloud.Clean(svc.Name), cloud.Clean(c.Scheme)),
					Next: "services and schemes have lower-case letters, digits and dashes only, 32 at most",
				}
			}
		}
	}
	return nil
}
