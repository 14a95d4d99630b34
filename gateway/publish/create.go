package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/provision"
	"portico/gateway/userdata"
)

// Maker makes instances and what they need, in the same project.
type Maker interface {
	provision.Cloud
	Material(ctx context.Context) (cloud.Material, error)
}

// CreateRequest is the wish for a gateway from nothing, with what it can be made from.
type CreateRequest struct {
	Wish     provision.Wish
	Material cloud.Material
}

// creation is what a proposal to make a gateway has besides its plan.
type creation struct {
	by    *Publisher
	from  cloud.Identity
	build provision.Build
}

// AboutCreation reports whether a proposal makes a gateway from nothing.
func (p Proposal) AboutCreation() bool { return p.creation != nil }

// Creation is what a proposal makes a gateway from.
func (p Proposal) Creation() provision.Choice {
	if p.creation == nil {
		return provision.Choice{}
	}
	return p.creation.build.Choice
}

// Created is the gateway that was made; false before it was, and where nothing was made.
func (p Proposal) Created() (gateway.Gateway, bool) {
	if p.creation == nil {
		return gateway.Gateway{}, false
	}
	gw := p.creation.build.Made().Gateway()
	return gw, gw.InstanceID != "" && gw.FloatingIP.IsValid()
}

var errNoMaker = &gateway.Error{Op: "create a gateway", Kind: gateway.Internal, Err: errors.New("this program was put together without a way to do that")}

// Material reads what a gateway can be made from.
func (p *Publisher) Material(ctx context.Context) (cloud.Material, error) {
	if p.options.Maker == nil {
		return cloud.Material{}, errNoMaker
	}
	return p.options.Maker.Material(ctx)
}

// Choose works out what a gateway would be made from. It asks nobody.
func (p *Publisher) Choose(inv cloud.Inventory, r CreateRequest) provision.Choice {
	return provision.Choose(p.world(inv, r), r.Wish)
}

func (p *Publisher) world(inv cloud.Inventory, r CreateRequest) provision.World {
	return provision.World{Inventory: inv, Material: r.Material, Keys: p.OwnKeys()}
}

// OwnKeys are the keys on this machine that may be made a gateway's.
func (p *Publisher) OwnKeys() []provision.Key {
	ids := p.options.MakerKeys
	if ids == nil {
		ids = p.options.Identities
	}
	var out []provision.Key
	for _, id := range ids() {
		out = append(out, provision.Key(id))
	}
	return out
}

// planCreate plans a gateway from nothing, from the snapshot and the request alone.
func (p *Publisher) planCreate(s Snapshot, req Request) (Proposal, error) {
	if p.options.Maker == nil {
		return Proposal{}, errNoMaker
	}
	wish, err := withUserData(req.Create.Wish)
	if err != nil {
		return Proposal{}, err
	}
	login := &newcomer{p: p, inv: s.Inventory, started: wish.Boot == provision.CloudConfig || wish.Boot == provision.Script}
	build, err := provision.New(p.world(s.Inventory, *req.Create), wish, p.options.Maker, login)
	if err != nil {
		return Proposal{}, err
	}
	login.choice = build.Choice
	pr := Proposal{Request: req, Plan: build.Plan, creation: &creation{by: p, from: s.Inventory.Identity, build: build}}
	for _, c := range build.Choice.Costs {
		pr.Quota = append(pr.Quota, QuotaLine(c))
	}
	pr.Plan.Warnings = append(pr.Plan.Warnings, plan.Warning{Title: "no rollback is armed", Detail: "there is no gateway yet; if a step fails or you stop it, all that was made is taken away again"})
	if others := p.Gateways(s.Inventory); len(others) > 0 {
		pr.Plan.Warnings = append(pr.Plan.Warnings, plan.Warning{Title: "there are several possible gateways then", Detail: "beside " + gatewayNames(others) + "; name the new one with --gateway " + build.Choice.Name})
	}
	return pr, nil
}

// withUserData fills in what the instance is given for its first boot.
func withUserData(w provision.Wish) (provision.Wish, error) {
	if w.Boot == "" {
		w.Boot = provision.CloudConfig
	}
	o := userdata.Options{Name: cmp.Or(w.Name, provision.DefaultName)}
	var text string
	var err error
	switch w.Boot {
	case provision.CloudConfig:
		text, err = userdata.CloudConfig(o)
	case provision.Script:
		text, err = userdata.Script(o)
	case provision.NoData:
		w.UserData = nil
		return w, nil
	case provision.OwnData:
		if size := userdata.Size(string(w.UserData)); size > userdata.Limit {
			err = &gateway.Error{Op: "use the user data of", Target: w.Script, Kind: gateway.Invalid, Err: fmt.Errorf("it is %d bytes in base64, and Nova takes %d", size, userdata.Limit), Next: "make it smaller, or let it fetch the rest"}
		}
		return w, err
	default:
		return w, &gateway.Error{Op: "use user data " + string(w.Boot), Kind: gateway.Invalid, Err: errors.New("there is no such kind"), Next: "cloud-config, script, none or a file"}
	}
	w.UserData, w.Script = []byte(text), "Portico's own "+string(w.Boot)
	return w, err
}

// applyCreate makes the gateway, or takes away what it had made.
func (p *Publisher) applyCreate(ctx context.Context, pr Proposal, w Watch) Outcome {
	w = w.withDefaults()
	a := &apply{p: p, pr: pr, w: w}
	now := time.Now()
	a.record = history.Record{
		ID: history.NewID(now, pr.Plan.ID), By: p.options.By, At: now, Project: pr.creation.from.Project, ProjectID: pr.creation.from.ProjectID,
		Title: Title(pr), Changes: history.Slim(pr.Plan.Changes()), Result: history.Applying, Instances: []string{pr.creation.build.Choice.Name},
	}
	a.remember()
	a.tell(Guard{Phase: Building})
	a.out.Report = plan.Apply(ctx, pr.Plan, w.Step)
	if err := a.out.Report.Err; err != nil && ctx.Err() != nil {
		a.out.Report.Err = &gateway.Error{
			Op: "create gateway", Target: pr.creation.build.Choice.Name, Kind: gateway.Transient, Err: fmt.Errorf("it was stopped: %w", context.Cause(ctx)), Next: "what had been made was taken away again; run it again to make it",
		}
	}
	a.record = concluded(a.record, a.out.Report, time.Now())
	a.remember()
	if gw, ok := pr.Created(); ok && a.out.Report.OK() {
		a.out.Notes = append(a.out.Notes, fmt.Sprintf("gateway %s is ready at %s: publish VMs through it", gw.Name, gw.FloatingIP))
	}
	return a.out
}

// newcomer gets in to a gateway that was just made.
type newcomer struct {
	p       *Publisher
	inv     cloud.Inventory
	choice  provision.Choice
	started bool // it was given user data, which makes it a gateway at its first boot

	reached   *gateway.Gateway // that it has tried to get in to
	forgotten plan.Step        // the keys of another machine, which had the address before
}

// unlearner is a connector that can take back what connecting to a gateway has written to known_hosts.
type unlearner interface {
	Unlearn(gw gateway.Gateway) error
}

// Leave takes back what getting in has changed on this machine. What was learned came last.
func (n *newcomer) Leave(ctx context.Context) error {
	if u, ok := n.p.connect.(unlearner); ok && n.reached != nil {
		if err := u.Unlearn(*n.reached); err != nil {
			return err
		}
	}
	if n.forgotten == nil {
		return nil
	}
	return n.forgotten.Undo(ctx)
}

// keysPatience is how long an instance may take to print its host keys before it is asked for them without; authPatience how
// long it may refuse a login: cloud-init writes the key down a little after sshd has started.
const (
	keysPatience  = 4 * time.Minute
	authPatience  = 90 * time.Second
	readyPatience = 5 * time.Minute
	lookEvery     = 2 * time.Second
)

// Reach waits for the host keys on the console log, then for ssh.
func (n *newcomer) Reach(ctx context.Context, m provision.Made) error {
	if err := n.printed(ctx, m); err != nil {
		return err
	}
	if err := n.forgetOld(ctx, m); err != nil {
		return err
	}
	var refused time.Time
	for {
		_, err := n.engineOf(ctx, m)
		switch kind := cloud.KindOf(err); {
		case err == nil:
			return nil
		case kind == gateway.Unreachable || kind == gateway.Transient:
			plan.Note(ctx, "ssh does not answer yet")
		case kind == gateway.Auth || kind == gateway.Permission:
			plan.Note(ctx, "ssh answers, and lets nobody in yet")
			if refused.IsZero() {
				refused = time.Now()
			}
			if time.Since(refused) > authPatience {
				return err
			}
		default:
			return err
		}
		if wait(ctx) != nil {
			return err
		}
	}
}

// printed waits until the console log names host keys. A log that may not be read, or that never names
// any, is no failure: then it is for the operator to vouch for the key, or to refuse it.
func (n *newcomer) printed(ctx context.Context, m provision.Made) error {
	until := time.Now().Add(keysPatience)
	for time.Now().Before(until) {
		set, err := n.p.HostKeys(ctx, m.InstanceID)
		switch {
		case err == nil && !set.Empty():
			plan.Note(ctx, "its console log names its host keys: "+strings.Join(set.Types(), ", "))
			return nil
		case err != nil && cloud.KindOf(err) == gateway.Permission:
			return nil
		}
		plan.Note(ctx, "its console log names no host key yet")
		if err := wait(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// forgetOld forgets what known_hosts has of the address, from another machine that had it before. Only
// keys that the console log does not name are forgotten, and none if it names none.
func (n *newcomer) forgetOld(ctx context.Context, m provision.Made) error {
	if n.p.options.Forget == nil {
		return nil
	}
	if set, err := n.p.HostKeys(ctx, m.InstanceID); err != nil || set.Empty() {
		return nil //nolint:nilerr // nobody vouches: the key is asked about
	}
	step, err := n.p.options.Forget(m.Address.Address.String(), m.InstanceID)
	if err != nil || step == nil {
		return err
	}
	n.forgotten = step
	return step.Do(ctx)
}

// Ready looks at the gateway until it is one, if it was told to become one; else once.
func (n *newcomer) Ready(ctx context.Context, m provision.Made) error {
	until := time.Now().Add(readyPatience)
	for {
		e, err := n.engineOf(ctx, m)
		var state gateway.State
		if err == nil {
			state, err = e.Observe(ctx)
		}
		lacks := lacking(state.Facts)
		switch {
		case err == nil && (lacks == "" || !n.started || time.Now().After(until)):
			return nil
		case err == nil:
			plan.Note(ctx, "its first boot goes on: "+lacks)
		case cloud.KindOf(err) != gateway.Unreachable && cloud.KindOf(err) != gateway.Transient:
			return err
		}
		if wait(ctx) != nil {
			return err
		}
	}
}

// lacking is what a machine lacks to be a gateway that survives its next boot.
func lacking(facts []gateway.Fact) string {
	var out []string
	for _, f := range facts {
		if !f.OK || f.Name == "ip_forward" && f.Value != "on" || f.Name == "survives a reboot" && f.Value != "yes" {
			out = append(out, f.Name+" "+f.Value)
		}
	}
	return strings.Join(out, ", ")
}

// engineOf is the engine of a gateway that was just made, with a connection to it.
func (n *newcomer) engineOf(ctx context.Context, m provision.Made) (interface {
	Observe(context.Context) (gateway.State, error)
}, error) {
	inv := n.inv
	inv.Instances = []cloud.Instance{{ID: m.InstanceID, Name: m.Name, ImageID: n.choice.Image.ID, KeyName: n.choice.Key}}
	inv.Ports = append(inv.Ports[:len(inv.Ports):len(inv.Ports)], m.Port)
	gw := m.Gateway()
	n.reached = &gw
	return n.p.engine(ctx, gw, inv)
}

// wait waits a moment.
func wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lookEvery):
		return nil
	}
}
