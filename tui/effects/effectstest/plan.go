package effectstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/views/viewtest"
)

// Plan gives ssh 30000+n, http 31000+n and https 32000+n, with one step a forward.
func (b *Backend) Plan(_ context.Context, s publish.Snapshot, req publish.Request) (publish.Proposal, error) {
	p := publish.Proposal{Request: req, Gateway: s.Gateway, Plan: plan.Plan{ID: "plan-1"}}
	if s.State == nil {
		return p, &cloud.Error{Op: "plan", Kind: cloud.Unreachable, Err: errors.New("what stands on the gateway is not known yet")}
	}
	switch {
	case req.Repair:
		b.repair(&p, s)
		return p, nil
	case req.AdoptAll || len(req.Adopt) > 0:
		b.adopt(&p, s)
		return p, nil
	}
	of := viewtest.Project{Inventory: s.Inventory, Gateway: s.Gateway}
	for _, id := range req.Instances {
		if req.Withdraw {
			for _, f := range s.State.Forwards {
				if f.Instance == id && (len(req.Services) == 0 || slices.Contains(req.Services, f.Service.Name)) {
					b.add(&p, s, f, plan.Delete)
				}
			}
			continue
		}
		services := req.Services
		if len(services) == 0 {
			services = []string{"ssh"}
		}
		for _, name := range services {
			f := of.Forward(id, name)
			f.Sources = req.Sources
			if !slices.ContainsFunc(s.State.Forwards, f.Equal) {
				b.add(&p, s, f, plan.Create)
			}
		}
	}
	return p, nil
}

// repair has one step for each thing that has drifted.
func (b *Backend) repair(p *publish.Proposal, s publish.Snapshot) {
	for _, d := range s.State.Drift {
		if d.Kind != gateway.Foreign {
			p.Plan.Steps = append(p.Plan.Steps, &undrift{b: b, d: d})
		}
	}
	for _, f := range s.State.Forwards {
		if len(p.Plan.Steps) > 0 {
			p.Items = append(p.Items, publish.Item{Forward: f, Instance: publish.InstanceName(s.Inventory, f.Instance)})
		}
	}
}

// adopt has two steps for each forward made by hand.
func (b *Backend) adopt(p *publish.Proposal, s publish.Snapshot) {
	for _, d := range s.State.Drift {
		if f := d.Forward; f != nil && (p.Request.AdoptAll || slices.Contains(p.Request.Adopt, fmt.Sprintf("%s/%d", f.Service.Protocol, f.Public.Port()))) {
			b.add(p, s, *f, plan.Create)
			p.Plan.Steps = append(p.Plan.Steps, &undrift{b: b, d: d})
		}
	}
}

// undrift takes one thing out of what has drifted.
type undrift struct {
	b *Backend
	d gateway.Drift
}

func (u *undrift) Change() plan.Change {
	if u.d.Kind == gateway.Missing {
		return plan.Change{ID: u.d.Line, Target: u.d.Where, Title: "make again " + u.d.Line, Action: plan.Create}
	}
	return plan.Change{ID: u.d.Line, Target: u.d.Where, Title: "remove 1 rule", Action: plan.Delete, Before: []string{u.d.Line}}
}

func (u *undrift) Do(context.Context) error {
	u.b.Change(func(b *Backend) {
		b.State.Drift = slices.DeleteFunc(slices.Clone(b.State.Drift), func(d gateway.Drift) bool { return d.Line == u.d.Line })
	})
	return nil
}

func (u *undrift) Undo(context.Context) error {
	u.b.Change(func(b *Backend) { b.State.Drift = append(slices.Clone(b.State.Drift), u.d) })
	return nil
}

func (b *Backend) add(p *publish.Proposal, s publish.Snapshot, f gateway.Forward, a plan.Action) {
	p.Items = append(p.Items, publish.Item{Action: a, Forward: f, Instance: publish.InstanceName(s.Inventory, f.Instance)})
	p.Plan.Steps = append(p.Plan.Steps, &step{b: b, f: f, action: a})
}

// step puts one forward in place or takes it away.
type step struct {
	b      *Backend
	f      gateway.Forward
	action plan.Action
}

func (s *step) Change() plan.Change {
	c := plan.Change{ID: s.f.Public.String(), Target: s.b.Gateway.Name + " iptables nat", Title: s.f.String(), Action: s.action}
	rule := fmt.Sprintf("-A PORTICO-PREROUTING -p tcp --dport %d -j DNAT --to-destination %s", s.f.Public.Port(), s.f.Private)
	if s.action == plan.Delete {
		c.Before = []string{rule}
	} else {
		c.After = []string{rule}
	}
	return c
}

func (s *step) Do(ctx context.Context) error {
	s.b.mu.Lock()
	hold, fails, takes := s.b.Hold, s.b.FailStep != "" && s.b.FailStep == s.f.String(), s.b.StepTime
	s.b.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if takes > 0 {
		time.Sleep(takes)
	}
	if fails {
		return &cloud.Error{Op: "restore the rules of", Target: "gw-1", Kind: cloud.Permission, Err: errors.New("sudo: a password is required"), Next: "allow sudo without a password"}
	}
	s.set(s.action != plan.Delete)
	return ctx.Err()
}

func (s *step) Undo(context.Context) error {
	s.b.mu.Lock()
	lost := s.b.Lost
	s.b.mu.Unlock()
	if lost {
		return &cloud.Error{Op: "restore the rules of", Target: "gw-1", Kind: cloud.Unreachable, Err: errors.New("connection reset by peer")}
	}
	s.set(s.action == plan.Delete)
	return nil
}

func (s *step) set(stands bool) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.State.Forwards = slices.DeleteFunc(slices.Clone(s.b.State.Forwards), func(f gateway.Forward) bool { return f.Key() == s.f.Key() })
	if stands {
		s.b.State.Forwards = append(s.b.State.Forwards, s.f)
		gateway.SortForwards(s.b.State.Forwards)
	}
}
