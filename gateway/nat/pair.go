package nat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

// SharingUnit is the service on the hosts of a pair that holds their shared address.
const SharingUnit = "portico-keepalived.service"

// hostSeen is one host of a gateway as it was observed.
type hostSeen struct {
	*observed
	forwards, lost []gateway.Forward
	covers         []gateway.Cover
	member         int // its number in the pair
}

// hosts are those of one gateway that answered: the gateway itself, or one or both members of a pair.
type hosts []*hostSeen

// engine is the one that changes this host.
func (h *hostSeen) engine(of *Engine) *Engine {
	if len(of.Members) > 0 {
		return of.Members[h.member]
	}
	return of
}

// patience is how much longer the second host of a pair may take to answer than the first.
const patience = 5 * time.Second

// observePair looks at both hosts. One that does not answer is told in the state; two are an error.
func (e *Engine) observePair(ctx context.Context) (gateway.State, error) {
	n := len(e.Members)
	seen, states, errs := make([]*hostSeen, n), make([]gateway.State, n), make([]error, n)
	bounded, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	var work sync.WaitGroup
	for i, m := range e.Members {
		work.Go(func() {
			seen[i], states[i], errs[i] = m.observeHost(bounded)
			if errs[i] == nil {
				seen[i].member = i
				time.AfterFunc(patience, func() { giveUp(errLate) })
			}
		})
	}
	work.Wait()
	var out gateway.State
	var all hosts
	for i, m := range e.Members {
		if errs[i] != nil && context.Cause(bounded) == errLate { //nolint:errorlint // it is that very value
			errs[i] = m.failed("look at", errLate)
		}
		state := gateway.MemberState{Name: m.Gateway.Name, Err: errs[i]}
		if errs[i] == nil {
			all = append(all, seen[i])
			state.Running, state.Active = seen[i].sharing, seen[i].holder(e.Gateway.FixedIP) != ""
		}
		out.Members = append(out.Members, state)
	}
	if len(all) == 0 {
		return out, errs[0]
	}
	e.merge(&out, states, all, e.leading(ctx, all))
	out.Native = all
	out.Warnings = append(out.Warnings, pairWarnings(out.Members)...)
	e.judge(&out, all)
	return out, nil
}

var errLate = errors.New("it has not answered, and the other host of the pair has")

// leading is the host whose forwards are meant, where the two differ: the one that has confirmed a change
// which the other has missed. Where that is true of both, or of neither, it is the one with the newest
// change; without any record, the one that is active.
func (e *Engine) leading(ctx context.Context, all hosts) *hostSeen {
	best := all[0]
	for _, h := range all[1:] {
		if h.holder(e.Gateway.FixedIP) != "" {
			best = h
		}
	}
	if len(all) < 2 || same(all[0], all[1]) {
		return best
	}
	confirmed := make([]map[string]time.Time, len(all))
	for i, h := range all {
		confirmed[i] = h.engine(e).confirmed(ctx)
	}
	if a, b := ahead(confirmed[0], confirmed[1]), ahead(confirmed[1], confirmed[0]); a != b {
		return all[map[bool]int{true: 0, false: 1}[a]]
	}
	var newest time.Time
	for i, h := range all {
		for _, at := range confirmed[i] {
			if at.After(newest) {
				newest, best = at, h
			}
		}
	}
	return best
}

// confirmed are the changes that were confirmed on this host, and when they were begun.
func (e *Engine) confirmed(ctx context.Context) map[string]time.Time {
	out := map[string]time.Time{}
	records, err := e.hostSwitch().History(ctx)
	if err != nil {
		return nil // it was read a moment ago; without its history the other's says nothing
	}
	for _, r := range records {
		if r.Result == history.Applied {
			out[r.ID] = r.At
		}
	}
	return out
}

// ahead reports whether a has a change that b lacks, which is no older than all that b has: the oldest
// records are forgotten in time.
func ahead(a, b map[string]time.Time) bool {
	var oldest time.Time
	for _, at := range b {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	for id, at := range a {
		if _, has := b[id]; !has && !at.Before(oldest) {
			return true
		}
	}
	return false
}

// same reports whether two hosts are to carry the same.
func same(a, b *hostSeen) bool {
	covered := func(x []gateway.Cover) []gateway.Cover {
		return slices.SortedFunc(slices.Values(x), func(a, b gateway.Cover) int { return strings.Compare(a.Subnet, b.Subnet) })
	}
	meant := func(h *hostSeen) []gateway.Forward {
		out := slices.Concat(h.forwards, h.lost)
		gateway.SortForwards(out)
		return out
	}
	return slices.EqualFunc(meant(a), meant(b), gateway.Forward.Equal) && slices.EqualFunc(covered(a.covers), covered(b.covers), gateway.Cover.Equal)
}

// merge makes one state of those of the hosts.
func (e *Engine) merge(out *gateway.State, states []gateway.State, all hosts, leading *hostSeen) {
	from := states[leading.member]
	out.Forwards, out.Lost, out.Covers, out.LocalPorts, out.Traffic = from.Forwards, from.Lost, from.Covers, from.LocalPorts, from.Traffic
	out.Prepared = from.Prepared
	for _, m := range out.Members {
		value, ok := memberWords(m)
		out.Facts = append(out.Facts, gateway.Fact{Name: m.Name, Value: value, OK: ok})
	}
	for _, h := range all {
		s := states[h.member]
		out.Reserved = append(out.Reserved, s.Reserved...)
		out.Base = append(out.Base, s.Base...)
		for _, b := range s.RolledBack {
			if !slices.ContainsFunc(out.RolledBack, func(x gateway.RolledBack) bool { return x.ID == b.ID }) {
				out.RolledBack = append(out.RolledBack, b)
			}
		}
		if s.Armed != nil {
			out.Armed = s.Armed
		}
		for _, f := range s.Facts {
			f.Name = out.Members[h.member].Name + " " + f.Name
			out.Facts = append(out.Facts, f)
		}
	}
}

// memberWords is how a host of a pair is, in a few words.
func memberWords(m gateway.MemberState) (text string, ok bool) {
	switch {
	case m.Err != nil:
		return "does not answer", false
	case !m.Running:
		return "its keepalived does not run", false
	case m.Active:
		return "active", true
	}
	return "stands by", true
}

// pairWarnings tell of what a pair lacks.
func pairWarnings(members []gateway.MemberState) []plan.Warning {
	var out []plan.Warning
	active := 0
	for _, m := range members {
		if m.Active {
			active++
		}
		if text, ok := memberWords(m); !ok {
			out = append(out, plan.Warning{Title: "the pair has no spare: " + m.Name + ": " + text, Detail: "if the other host fails, too, nothing answers"})
		}
	}
	known := !slices.ContainsFunc(members, func(m gateway.MemberState) bool { return m.Err != nil })
	switch {
	case active == 0 && known:
		out = append(out, plan.Warning{Title: "no host of the pair is active", Detail: "neither holds the shared address, so that nothing answers there; 'portico gateway pair' with its name makes what is missing, 'portico gateway unpair' ends it"})
	case active > 1:
		out = append(out, plan.Warning{Title: "both hosts of the pair are active", Detail: "they do not hear each other: see that VRRP (protocol 112) may pass between them"})
	}
	return out
}

// checkWhole refuses to change one host of a pair alone, unless that was asked for: the other would have
// other rules when it takes over.
func (e *Engine) checkWhole(all hosts) error {
	if len(all) == len(e.engines()) || e.Degraded {
		return nil
	}
	var silent []string
	for i, m := range e.Members {
		if !slices.ContainsFunc(all, func(h *hostSeen) bool { return h.member == i }) {
			silent = append(silent, m.Gateway.Name)
		}
	}
	return &gateway.Error{
		Op: "change the pair", Target: e.Gateway.Name, Kind: gateway.Unreachable,
		Err:  fmt.Errorf("%s does not answer, and would lack the change when it takes over", strings.Join(silent, ", ")),
		Next: "bring it back first; or change the other host alone with --degraded, and 'portico repair' when it is back",
	}
}

// meanHosts settles for the gateway and each of its hosts what a plan is about.
func (e *Engine) meanHosts(all hosts) {
	prepared := false
	for _, h := range all {
		x := h.engine(e)
		x.Adopt, x.Remove, x.First, x.Prepare, x.Retire, x.Covers = e.Adopt, e.Remove, e.First, e.Prepare, e.Retire, e.Covers
		x.mean(h.observed)
		prepared = prepared || x.prepared
	}
	e.prepared = prepared
}

// hostSteps are the steps on one host. Where there are two, each step says whose it is.
func (e *Engine) hostSteps(h *hostSeen, want []gateway.Forward, have gateway.State) []plan.Step {
	engine := h.engine(e)
	have.Forwards = h.forwards
	steps := engine.planHost(want, have, h.observed)
	if len(e.Members) == 0 {
		return steps
	}
	for _, s := range steps {
		if hs, ok := s.(*hostStep); ok {
			hs.change.ID = engine.Gateway.Name + "-" + hs.change.ID
		}
	}
	return steps
}

// isGateway reports whether an address is one of the gateway's own.
func (e *Engine) isGateway(a netip.Addr) bool {
	if a == e.Gateway.FixedIP {
		return true
	}
	return slices.ContainsFunc(e.Gateway.Hosts(), func(h gateway.Gateway) bool { return h.HostAddr() == a })
}
