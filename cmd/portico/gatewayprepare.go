package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// prepareFlags are the choices of gateway prepare.
type prepareFlags struct {
	only     bool
	floating string
}

func (a *app) prepareCommand() *cobra.Command {
	var f prepareFlags
	c := &cobra.Command{
		Use: "prepare VM", Short: "Turn a VM into a gateway that stays one: plan, confirm, apply", Args: needs("VM", 1),
		Long: "It gets a floating IP if it has none, IP forwarding, Portico's chains (empty), boot files and a security group, all of which stay\n" +
			"when nothing is published. What it lacks is said before anything changes. 'portico gateway retire' undoes it.",
		Example: "portico gateway prepare bastion --plan\nportico gateway prepare bastion --floating-ip new --yes",
		RunE:    func(c *cobra.Command, args []string) error { return a.prepareGateway(c.Context(), args[0], f) },
	}
	c.Flags().BoolVar(&f.only, "plan", false, "show what it would change, and change nothing")
	c.Flags().StringVar(&f.floating, "floating-ip", "", "for a VM without one: a free address of the project, or 'new' (default: a free one, else a new one)")
	return c
}

// gatewayChangeJSON is what gateway prepare and retire print with --json.
type gatewayChangeJSON struct {
	changeJSON
	Gateway string `json:"gateway"`
	// FloatingIP is the address the gateway got or lost by this, as "attached", "allocated", "detached",
	// "released" or, where it came to nothing, "taken back"; null when it keeps the one it has.
	FloatingIP *addressDoneJSON `json:"floating_ip"`
	// AddressPlans are the plans by which it got that address, which come before Plan.
	AddressPlans []planJSON `json:"address_plans,omitempty"`
}

// prepareJSON is what gateway prepare --plan prints with --json for a VM without a floating IP.
type prepareJSON struct {
	planJSON
	// Then is what comes after this plan, and cannot be planned yet.
	Then []string `json:"then"`
}

type addressDoneJSON struct {
	Address netip.Addr `json:"address"`
	Done    string     `json:"done"`
}

func (a *app) prepareGateway(ctx context.Context, name string, f prepareFlags) error {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return err
	}
	inv, err := w.publisher.Inventory(ctx)
	if err != nil {
		return err
	}
	vm, err := publish.ResolveInstance(inv, name)
	if err != nil {
		return err
	}
	if pair, is := w.publisher.PairOf(inv, vm.ID); is {
		return &gateway.Error{
			Op: "prepare", Target: vm.Name, Kind: gateway.Invalid, Err: fmt.Errorf("it is one host of the pair %s, a gateway already", pair.Name),
			Next: "publish by the pair: portico --gateway " + gateway.Quote(pair.Name) + " publish VM",
		}
	}
	job := &preparation{a: a, w: w, vm: vm, out: gatewayChangeJSON{Gateway: vm.Name}}
	gw, has := w.publisher.GatewayOf(inv, vm.ID)
	switch {
	case has && f.floating != "" && gw.FloatingIP.String() != f.floating:
		return &gateway.Error{
			Op: "prepare", Target: vm.Name, Kind: gateway.Conflict, Err: fmt.Errorf("it has the floating IP %s already", gw.FloatingIP),
			Next: "leave --floating-ip out, or take that one off first: portico floatingip detach " + gw.FloatingIP.String(),
		}
	case !has && f.only:
		return job.previewAddress(ctx, inv, f)
	case !has:
		if gw, err = job.giveAddress(ctx, inv, f); err != nil {
			return err
		}
	}
	err = job.prepare(ctx, gw, f.only)
	job.ended(ctx, err)
	return err
}

// ended takes back what was done to floating IPs if it came to nothing. Where something is left on the machine
// the address stays: only by it can that be put right.
func (j *preparation) ended(ctx context.Context, err error) {
	switch {
	case err == nil || len(j.done) == 0:
	case cloud.KindOf(err) == gateway.Partial:
		j.a.note("%s\n", warning(j.vm.Name+" keeps its floating IP", "what is left there can be put right only while it can be reached"))
	default:
		j.takeBack(ctx)
	}
	j.done = nil
}

// preparation is one VM on its way to be a gateway. done is what undoes what was done to floating IPs
// for it, last first.
type preparation struct {
	a    *app
	w    *wiring
	vm   cloud.Instance
	out  gatewayChangeJSON
	done []publish.FloatingIPRequest
}

// prepare plans the machine itself, shows it, asks, and carries it out.
func (j *preparation) prepare(ctx context.Context, gw gateway.Gateway, only bool) error {
	pub, req := j.w.publisher.At(gw), publish.Request{Make: publish.Prepare, On: gw}
	s, err := j.reach(ctx, pub)
	if err != nil {
		return err
	}
	p, err := pub.Plan(ctx, s, req)
	if err != nil {
		return err
	}
	switch {
	case only && j.a.flags.json:
		return j.a.printJSON(newPlanJSON(s.Inventory, p))
	case only:
		j.a.printPlanTable(p)
		return nil
	}
	if err := j.a.previewed(pub, p, j.a.printPlanTable); err != nil {
		return err
	}
	return j.a.carryOutGateway(ctx, pub, s, p, &j.out, func(err error) error {
		switch {
		case err != nil:
			j.ended(ctx, err) // before it is told how it ended
		case !p.Empty():
			j.a.sayReady(gw)
		}
		return err
	})
}

func (a *app) sayReady(gw gateway.Gateway) {
	if !a.flags.json {
		a.print("\n%s\n", styleGood.Render(fmt.Sprintf("%s is a gateway at %s. portico --gateway %s publish VM", cloud.Clean(gw.Name), gw.FloatingIP, gateway.Quote(gw.Name))))
	}
}

// carryOutGateway asks and applies, and then does what comes after it, with how it ended; out is printed with
// --json.
func (a *app) carryOutGateway(ctx context.Context, pub *publish.Publisher, s publish.Snapshot, p publish.Proposal, out *gatewayChangeJSON, then func(error) error) error {
	s, p, outcome, err := a.carryOut(ctx, pub, s, p, p.Request)
	if err != nil {
		return err
	}
	out.changeJSON = changeJSON{Plan: newPlanJSON(s.Inventory, p), Left: []string{}, Notes: append([]string{}, outcome.Notes...), Results: []probeJSON{}}
	out.Applied = outcome.Report.OK() && !p.Empty()
	for _, n := range outcome.Notes {
		if !a.flags.json {
			a.note("%s\n", warning(n, ""))
		}
	}
	if !outcome.Report.OK() {
		out.Error = newErrorJSON(outcome.Report.Err)
		for _, c := range outcome.Report.Left {
			out.Left = append(out.Left, c.Target+": "+c.Title)
		}
		err = a.leftBehind(outcome.Report)
	}
	if err = then(err); err != nil && outcome.Report.OK() || !a.flags.json {
		return err
	}
	return cmp.Or(a.printJSON(out), err)
}

// How long a machine that has just got its address is waited for, and how often it is tried.
const (
	reachWithin = 45 * time.Second
	reachEvery  = 2 * time.Second
)

// reach reads the machine. One that has only now got its floating IP may need a moment.
func (j *preparation) reach(ctx context.Context, pub *publish.Publisher) (publish.Snapshot, error) {
	deadline := time.Now().Add(reachWithin)
	for {
		s, err := pub.Snapshot(ctx)
		if err == nil || len(j.done) == 0 || cloud.KindOf(err) != gateway.Unreachable || time.Now().After(deadline) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, err
		case <-time.After(reachEvery):
		}
	}
}

// previewAddress shows what would be done to a VM without a floating IP, as far as that can be said
// while nobody can reach it.
func (j *preparation) previewAddress(ctx context.Context, inv cloud.Inventory, f prepareFlags) error {
	reqs, err := j.addressRequests(ctx, inv, f)
	if err != nil {
		return err
	}
	p, err := j.w.publisher.Plan(ctx, publish.Snapshot{Inventory: inv}, reqs[0])
	if err != nil {
		return err
	}
	var then []string
	if len(reqs) > 1 {
		then = append(then, "Then that address is attached to "+cloud.Clean(j.vm.Name)+".")
	}
	then = append(then, "The machine itself is looked at when it can be reached there: its plan is shown, and asked about, before anything changes on it.",
		"If that fails, or you say no then, the address is taken off it again.")
	if j.a.flags.json {
		return j.a.printJSON(prepareJSON{newPlanJSON(inv, p), then})
	}
	j.a.printInTheCloud(p)
	for _, t := range then {
		j.a.print("%s\n", t)
	}
	return nil
}

// addressRequests are what gives the VM an address: one that is free, or a new one.
func (j *preparation) addressRequests(ctx context.Context, inv cloud.Inventory, f prepareFlags) ([]publish.Request, error) {
	if err := publish.LetsSSHIn(inv, j.vm); err != nil {
		return nil, err
	}
	attach := publish.FloatingIPRequest{Do: publish.Attach, Address: f.floating, Instance: j.vm.ID}
	if f.floating != "new" && f.floating == "" {
		free, _ := j.w.publisher.FreeFloatingIPs(ctx, publish.Snapshot{Inventory: inv}, j.vm.ID)
		if len(free) > 0 {
			attach.Address = free[0].Address.String()
		}
	}
	if attach.Address != "" && attach.Address != "new" {
		return []publish.Request{{FloatingIP: attach}}, nil
	}
	allocate := publish.FloatingIPRequest{Do: publish.Allocate, Description: "gateway " + j.vm.Name}
	attach.Address = ""
	return []publish.Request{{FloatingIP: allocate}, {FloatingIP: attach}}, nil
}

// giveAddress gives the VM a floating IP, after asking.
func (j *preparation) giveAddress(ctx context.Context, inv cloud.Inventory, f prepareFlags) (gateway.Gateway, error) {
	reqs, err := j.addressRequests(ctx, inv, f)
	if err != nil {
		return gateway.Gateway{}, err
	}
	for i, req := range reqs {
		if i > 0 {
			req.FloatingIP.Address = j.out.FloatingIP.Address.String()
		}
		if inv, err = j.changeAddress(ctx, inv, req, i == 0); err != nil {
			j.takeBack(ctx)
			return gateway.Gateway{}, err
		}
	}
	gw, ok := j.w.publisher.GatewayOf(inv, j.vm.ID)
	if !ok {
		j.takeBack(ctx)
		return gw, &gateway.Error{Op: "prepare", Target: j.vm.Name, Kind: gateway.Conflict, Err: errors.New("it got a floating IP, and the cloud does not show it there"), Next: "see 'portico floatingips', then try again"}
	}
	return gw, nil
}

// changeAddress carries one request about a floating IP out, and reads the project again.
func (j *preparation) changeAddress(ctx context.Context, inv cloud.Inventory, req publish.Request, ask bool) (cloud.Inventory, error) {
	a, pub := j.a, j.w.publisher
	p, err := pub.Plan(ctx, publish.Snapshot{Inventory: inv}, req)
	if err != nil {
		return inv, err
	}
	if err := a.previewed(pub, p, a.printInTheCloud); err != nil {
		return inv, err
	}
	if ask {
		if !a.flags.json {
			a.print("The machine itself is looked at when it can be reached there, and its plan asked about.\n")
		}
		if err := a.confirm(ctx, "Apply?"); err != nil {
			return inv, err
		}
	}
	j.out.AddressPlans = append(j.out.AddressPlans, newPlanJSON(inv, p))
	out := pub.Apply(ctx, p, a.watch(publish.Snapshot{Inventory: inv}))
	if !out.Report.OK() {
		return inv, a.leftBehind(out.Report)
	}
	fip, _ := p.FloatingIP()
	switch req.FloatingIP.Do {
	case publish.Allocate:
		j.out.FloatingIP = &addressDoneJSON{fip.Address, "allocated"}
		j.done = append([]publish.FloatingIPRequest{{Do: publish.Release, Address: fip.Address.String()}}, j.done...)
	default:
		if j.out.FloatingIP == nil {
			j.out.FloatingIP = &addressDoneJSON{fip.Address, "attached"}
		}
		j.done = append([]publish.FloatingIPRequest{{Do: publish.Detach, Address: fip.Address.String()}}, j.done...)
	}
	return pub.Inventory(ctx)
}

// takeBack undoes what was done to floating IPs: the machine did not become a gateway by them.
func (j *preparation) takeBack(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for _, req := range j.done {
		inv, err := j.w.publisher.Inventory(ctx)
		if err == nil {
			var p publish.Proposal
			if p, err = j.w.publisher.Plan(ctx, publish.Snapshot{Inventory: inv}, publish.Request{FloatingIP: req}); err == nil {
				err = j.w.publisher.Apply(ctx, p, publish.Watch{}).Report.Err
			}
		}
		if err != nil {
			j.a.note("%s\n", warning(fmt.Sprintf("could not %s %s again", req.Do, req.Address), cloud.Explain(err).Why+"; portico floatingip "+string(req.Do)+" "+req.Address))
			return
		}
		j.a.note("%s\n", styleDim.Render(fmt.Sprintf("taken back: %s %s", req.Do, req.Address)))
	}
	if j.out.FloatingIP != nil {
		j.out.FloatingIP.Done = "taken back"
	}
}
