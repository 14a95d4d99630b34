package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

// Fix is what a diagnosis asks to be put right, where repairing or publishing does not do it. One of
// First, Start and KnownHosts is set.
type Fix struct {
	First      bool   // Portico's rule that accepts forwards comes first in FORWARD, before what drops them
	Start      string // the instance with this ID is started
	KnownHosts string // "[203.0.113.10]:30011": what known_hosts has of it is forgotten
	Instance   string // with KnownHosts: the ID of the VM whose console log vouches for its new key
}

// Power switches instances. Starting one that runs is Kind Conflict.
type Power interface {
	Start(ctx context.Context, instanceID string) error
	Stop(ctx context.Context, instanceID string) error
	Status(ctx context.Context, instanceID string) (status, task string, err error)
}

// Forgetter makes the step that takes what known_hosts has of a server out of the operator's files, but
// for keys that the VM's console log vouches for.
type Forgetter func(name, instanceID string) (plan.Step, error)

// localFix is what a proposal has besides its plan when it changes no gateway's rules.
type localFix struct {
	by   *Publisher
	from cloud.Identity
	name string // the instance it is about
}

// AboutFix reports whether a proposal puts something right outside of any gateway.
func (p Proposal) AboutFix() bool { return p.local != nil }

// aloneFix reports whether a fix needs no gateway.
func (f *Fix) alone() bool { return f != nil && (f.Start != "" || f.KnownHosts != "") }

// NeedsGateway reports whether what is asked can only be planned with a gateway that has answered.
func (r Request) NeedsGateway() bool {
	return r.Create == nil && r.FloatingIP.Do == "" && r.Pair.Do == "" && !r.Fix.alone()
}

// SnapshotFor reads what a request needs: without the need of a gateway, one that does not answer is
// no failure.
func (p *Publisher) SnapshotFor(ctx context.Context, r Request) (Snapshot, error) {
	if r.NeedsGateway() {
		s, err := p.Snapshot(ctx)
		if err != nil && s.doesWithout(r, err) {
			err = nil
		}
		return s, err
	}
	inv, err := p.Inventory(ctx)
	s := Snapshot{Inventory: inv}
	if err == nil && r.Pair.Do != "" {
		s.hosts, err = p.lookAtHosts(ctx, inv, r.Pair)
	}
	return s, err
}

// planFix plans what needs no gateway, from the snapshot alone.
func (p *Publisher) planFix(s Snapshot, req Request) (Proposal, error) {
	step, id, err := p.fixStep(s, *req.Fix)
	if err != nil {
		return Proposal{}, err
	}
	pr := Proposal{Request: req, local: &localFix{by: p, from: s.Inventory.Identity, name: InstanceName(s.Inventory, id)}}
	if step == nil {
		return pr, nil
	}
	pr.Plan = plan.Plan{Steps: []plan.Step{step}, Warnings: []plan.Warning{noRollback}}
	if req.Fix.KnownHosts != "" {
		pr.Plan.Warnings = []plan.Warning{{Title: "a file of yours on this machine changes", Detail: "nothing in the cloud and nothing on a gateway"}}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", step.Change()))
	pr.Plan.ID = hex.EncodeToString(sum[:])[:12]
	return pr, nil
}

func (p *Publisher) fixStep(s Snapshot, f Fix) (plan.Step, string, error) {
	missing := &gateway.Error{Op: "plan the repair", Kind: gateway.Internal, Err: errors.New("this program was put together without a way to do that")}
	if f.KnownHosts != "" {
		if p.options.Forget == nil {
			return nil, "", missing
		}
		step, err := p.options.Forget(f.KnownHosts, f.Instance)
		return step, f.Instance, err
	}
	if p.options.Power == nil {
		return nil, "", missing
	}
	i, err := resolveInstance(s.Inventory, f.Start)
	if err != nil {
		return nil, "", err
	}
	switch i.Status {
	case "ACTIVE":
		return nil, i.ID, nil
	case "SHUTOFF":
		return &startStep{power: p.options.Power, instance: i}, i.ID, nil
	}
	return nil, "", &gateway.Error{Op: "start", Target: i.Name, Kind: gateway.Conflict, Err: fmt.Errorf("its status is %s, and only what is shut off can be started", i.Status)}
}

// applyFix carries out a proposal that changes no gateway's rules.
func (p *Publisher) applyFix(ctx context.Context, pr Proposal, w Watch) Outcome {
	a := &apply{p: p, pr: pr, w: w.withDefaults()}
	now := time.Now()
	a.record = history.Record{
		ID: history.NewID(now, pr.Plan.ID), By: p.options.By, At: now, Project: pr.local.from.Project, ProjectID: pr.local.from.ProjectID,
		Title: Title(pr), Changes: history.Slim(pr.Plan.Changes()), Result: history.Applying, Instances: []string{pr.local.name},
	}
	a.remember()
	a.tell(Guard{Phase: Unguarded})
	a.out.Report = plan.Apply(ctx, pr.Plan, a.w.Step)
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
	return a.out
}

// startStep starts an instance and waits until it runs.
type startStep struct {
	power    Power
	instance cloud.Instance
	asked    bool
}

func (s *startStep) Change() plan.Change {
	return plan.Change{
		ID: "start", Target: "instance " + s.instance.Name, Title: "start it", Action: plan.Update,
		Before: []string{"status " + s.instance.Status}, After: []string{"status ACTIVE"},
		Shell: []string{"openstack server start " + gateway.Quote(s.instance.ID)}, Cleanup: []string{"openstack server stop " + gateway.Quote(s.instance.ID)},
	}
}

// bootEvery is how often a starting instance is looked at.
const bootEvery = time.Second

func (s *startStep) Do(ctx context.Context) error {
	s.asked = true
	if err := s.power.Start(ctx, s.instance.ID); err != nil {
		s.asked = !refusedStart(err)
		return err
	}
	for {
		status, task, err := s.power.Status(ctx, s.instance.ID)
		switch {
		case err != nil:
			return err
		case status == "ACTIVE" && task == "":
			return nil
		case status == "ERROR":
			return &gateway.Error{Op: "start", Target: s.instance.Name, Kind: gateway.Conflict, Err: errors.New("the cloud could not start it: status ERROR"), Next: "see 'openstack server show " + s.instance.ID + "' for why"}
		}
		select {
		case <-ctx.Done():
			return &gateway.Error{Op: "start", Target: s.instance.Name, Kind: gateway.Unreachable, Err: fmt.Errorf("it is still %s: %w", status, ctx.Err())}
		case <-time.After(bootEvery):
		}
	}
}

func refusedStart(err error) bool {
	switch cloud.KindOf(err) {
	case gateway.Auth, gateway.Permission, gateway.NotFound, gateway.Quota, gateway.Invalid, gateway.Conflict:
		return true
	default:
		return false
	}
}

// Undo stops it again, if it was asked to start.
func (s *startStep) Undo(ctx context.Context) error {
	if !s.asked {
		return nil
	}
	status, task, err := s.power.Status(ctx, s.instance.ID)
	if err != nil || status == "SHUTOFF" && task == "" {
		return err
	}
	return s.power.Stop(ctx, s.instance.ID)
}
