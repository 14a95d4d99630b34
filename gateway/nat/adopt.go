package nat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

// checkAdopt refuses to take over what was not found fit for it, or as another forward. What stands
// already was taken over before.
func (e *Engine) checkAdopt(want, have []gateway.Forward, seen *observed) error {
	stands, wanted, fit := byKey(have), byKey(want), map[gateway.Key]bool{}
	for _, f := range seen.foreign {
		if m := f.amounts(); m != nil && slices.ContainsFunc(wanted[m.Key()], m.Equal) {
			fit[m.Key()] = true
		}
	}
	for k := range e.Adopt {
		if len(stands[k]) == 0 && !fit[k] {
			return &gateway.Error{
				Op: "adopt", Target: fmt.Sprintf("%s port %d", k.Protocol, k.Public.Port()), Kind: gateway.Invalid,
				Err: errors.New("no rule made by hand amounts to this forward"), Next: "see 'portico forwards' for those that can be adopted",
			}
		}
	}
	return nil
}

// amounts is the forward that a rule made by hand amounts to; nil where it cannot be adopted.
func (f foreignRule) amounts() *gateway.Forward {
	if f.drift.Vacant != nil {
		return f.drift.Vacant
	}
	return f.drift.Forward
}

// gone lists the rules of others that a plan takes over: the DNAT rules themselves, and the rules
// that give the gateway's address to what goes to the same endpoint, if no DNAT rule that stays
// needs them.
func (e *Engine) gone(seen *observed) []netfilter.Placed {
	if len(e.Adopt) == 0 && len(e.Remove) == 0 {
		return nil
	}
	type endpoint struct {
		proto gateway.Protocol
		to    netip.AddrPort
	}
	served := map[endpoint]bool{}
	var out []netfilter.Placed
	var stay []string // where the others lead
	for _, f := range seen.foreign {
		if m := f.amounts(); m != nil && (e.Adopt[m.Key()] || m.Subnet != "" && e.Remove[m.Key()]) {
			out = append(out, f.placed)
			served[endpoint{f.dnat.proto, f.dnat.to}] = true
			continue
		}
		stay = append(stay, words(f.placed.Rule.Args)["--to-destination"])
	}
	table, _ := seen.rules.Table(tableNAT)
	post, _ := table.Chain("POSTROUTING")
	for i, r := range post.Rules {
		proto, to, ok := readSNAT(r, e.Gateway.FixedIP)
		if ok && served[endpoint{proto, to}] && !slices.ContainsFunc(stay, func(d string) bool { return mayLeadTo(d, to) }) {
			out = append(out, netfilter.Placed{Chain: "POSTROUTING", Index: i + 1, Rule: r})
		}
	}
	return out
}

// companions counts the rules that give the gateway's address to what rules made by hand send on.
func (e *Engine) companions(seen *observed) int {
	led := make(map[netip.AddrPort]bool, len(seen.foreign))
	for _, f := range seen.foreign {
		led[f.dnat.to] = true
	}
	table, _ := seen.rules.Table(tableNAT)
	post, _ := table.Chain("POSTROUTING")
	n := 0
	for _, r := range post.Rules {
		if _, to, ok := readSNAT(r, e.Gateway.FixedIP); ok && led[to] {
			n++
		}
	}
	return n
}

// remembering makes a step tell an armed gateway, before it takes rules over, which they are.
func (e *Engine) remembering(s *hostStep, seen *observed, gone []netfilter.Placed) *hostStep {
	if s == nil || len(gone) == 0 {
		return s
	}
	table, _ := seen.rules.Table(tableNAT)
	var lines []byte
	for _, p := range netfilter.Standing(table, gone) {
		lines = append(append(lines, p.String()...), '\n')
	}
	do := s.do
	s.do = func(ctx context.Context) error {
		if err := e.script(ctx, rollback.RememberScript, lines, tableNAT); err != nil {
			return err
		}
		return do(ctx)
	}
	return s
}

// adoptWarnings say what taking rules over changes besides, and where else they are kept.
func (e *Engine) adoptWarnings(seen *observed) []plan.Warning {
	if len(e.Adopt) == 0 && len(e.Remove) == 0 {
		return nil
	}
	var out []plan.Warning
	for _, f := range seen.foreign {
		if d := f.drift; d.Note != "" && d.Forward != nil && e.Adopt[d.Forward.Key()] {
			out = append(out, plan.Warning{Title: "another address loses a forward", Detail: d.Note})
		}
	}
	slices.SortStableFunc(out, func(a, b plan.Warning) int { return len(a.Detail) - len(b.Detail) })
	out = slices.Compact(out)
	gone := e.gone(seen)
	for _, file := range seen.kept {
		if text := seen.saved[file]; text != "" && allIn(takeOut(file, text, gone), gone) {
			continue // which the plan takes out of it
		}
		out = append(out, plan.Warning{Title: "the rules by hand may come back", Detail: comesBack(file)})
	}
	return out
}

// allIn reports whether an edit takes out every one of the DNAT rules that a plan takes over.
func allIn(k keptEdit, gone []netfilter.Placed) bool {
	return !slices.ContainsFunc(gone, func(p netfilter.Placed) bool {
		return p.Chain != "POSTROUTING" && !slices.Contains(k.removed, savedLine(p))
	})
}

// comesBack says of a file that holds rules of others how to keep it from bringing them back. What
// is Portico's stays out of it: its own files put that back.
func comesBack(file string) string {
	switch file {
	case "/etc/iptables/rules.v4", "/etc/sysconfig/iptables":
		return fmt.Sprintf("%s has DNAT rules for the next boot; write it anew afterwards, on the gateway: sudo sh -c 'iptables-save | grep -v %s > %s'", file, netfilter.Prefix, file)
	case "/etc/rc.local":
		return file + " makes DNAT rules at every boot; take them out afterwards, on the gateway: sudo nano " + file
	}
	return "the instance's user data makes DNAT rules when it is built anew; leave them out of it then: sudo cat " + file
}
