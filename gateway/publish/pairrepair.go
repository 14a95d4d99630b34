package publish

import (
	"context"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway/pair"
	"portico/gateway/plan"
)

// pairNotes are the changes to the snapshot's pair itself, made or ended, that its hosts took back by
// themselves and nobody has seen to: their IDs.
func pairNotes(s Snapshot) []string {
	var out []string
	if !s.Gateway.IsPair() {
		return nil
	}
	for _, b := range s.State.RolledBack {
		if strings.HasSuffix(b.ID, "-"+string(MakePair)) || strings.HasSuffix(b.ID, "-"+string(EndPair)) {
			out = append(out, b.ID)
		}
	}
	return out
}

// planPairRepair plans what brings the cloud to where the hosts have put themselves back: the pair that they
// share an address as is made whole again, and one that they do not is taken away.
func (p *Publisher) planPairRepair(ctx context.Context, s Snapshot, req Request, notes []string) (Proposal, error) {
	hosts, err := p.lookAtHosts(ctx, s.Inventory, PairRequest{Name: s.Gateway.Name})
	if err != nil {
		return Proposal{}, err
	}
	s.hosts = hosts
	r := PairRequest{Do: EndPair, Name: s.Gateway.Name, Degraded: req.Degraded, asIs: true}
	if slices.ContainsFunc(hosts[:], func(h pair.Host) bool { return h.Err == nil && (h.Running || h.Enabled) }) {
		r.Do = MakePair
	}
	var warnings []plan.Warning
	if r.Do == MakePair {
		r.FloatingIP, warnings = p.ledBefore(ctx, s, notes)
	}
	pr, err := p.planPair(s, Request{Pair: r, Degraded: req.Degraded})
	if err != nil {
		return Proposal{}, err
	}
	pr.Request, pr.settles = req, notes
	pr.Plan.Warnings = append(pr.Plan.Warnings, warnings...)
	return pr, nil
}

// ledBefore is the floating IP that led to the pair before a console began to end it and died, if that left it
// free: "" is none.
func (p *Publisher) ledBefore(ctx context.Context, s Snapshot, notes []string) (string, []plan.Warning) {
	records, err := p.remoteHistory(ctx, s)
	if err != nil {
		return "", []plan.Warning{{Title: "which floating IP led to the pair is not known", Detail: "the hosts' history cannot be read: see 'portico history', and 'portico gateway pair " + s.Gateway.Name + " --floating-ip ADDRESS'"}}
	}
	for _, r := range records {
		if !slices.Contains(notes, r.ID) {
			continue
		}
		for _, c := range r.Changes {
			id, was := strings.CutPrefix(c.ID, "floatingip-detach-")
			f := slices.IndexFunc(s.Inventory.FloatingIPs, func(f cloud.FloatingIP) bool { return f.ID == id })
			switch {
			case !was:
			case f < 0 || s.Inventory.FloatingIPs[f].PortID != "" && s.Inventory.FloatingIPs[f].PortID != s.Gateway.PortID:
				return "", []plan.Warning{{Title: "no floating IP leads to the pair", Detail: "the one that did is gone, or leads elsewhere by now: 'portico gateway pair " + s.Gateway.Name + " --floating-ip ADDRESS' takes another"}}
			default:
				return id, nil
			}
		}
	}
	return "", nil
}
