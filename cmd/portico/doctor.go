package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/doctor"
	"portico/gateway/publish"
)

// doctorFlags are those of portico doctor.
type doctorFlags struct {
	service  string
	all, fix bool
	report   bool
}

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use: "doctor VM | ADDRESS:PORT | GATEWAY | TEXT", Short: "Say why a connection fails, at which hop, and what puts it right; exit 4 if it is broken",
		Long: "Doctor follows the path of a connection hop by hop: this machine, the floating IP, the router, the gateway's security groups, the gateway\n" +
			"itself, the VM's security groups, the VM, the service. The first hop that blocks is the verdict, with the evidence and what puts it right.\n" +
			"It takes a VM, a gateway, an address and port, or a whole message of ssh as it was pasted. It changes nothing; --fix plans the repair,\n" +
			"shows it, asks, applies it and looks again. Without the right to see something, that hop is unknown, not broken.",
		Example: "portico doctor jupyter\nportico doctor assembly-02 --service http\nportico doctor 203.0.113.10:30011 --fix\n" +
			"portico doctor 'ssh: connect to host 203.0.113.10 port 30011: Connection timed out'\nportico doctor --all",
		RunE: func(c *cobra.Command, args []string) error { return a.runDoctor(c, f, args) },
	}
	c.Flags().StringVar(&f.service, "service", "", "which service of the VM (default: ssh, or the one that is published)")
	c.Flags().BoolVar(&f.all, "all", false, "every forward, of the gateway and of neutron, worst first")
	c.Flags().BoolVar(&f.fix, "fix", false, "plan what puts it right, show it, ask, apply it, and look again")
	c.Flags().BoolVar(&f.report, "report", false, "print it as text for a ticket, without secrets")
	return c
}

func (a *app) runDoctor(c *cobra.Command, f doctorFlags, args []string) error {
	text := strings.TrimSpace(strings.Join(args, " "))
	if err := f.check(text); err != nil {
		return err
	}
	w, err := a.wire(c.Context(), a.prompter())
	if err != nil {
		return err
	}
	d := w.doctor()
	if f.all {
		return a.doctorAll(c.Context(), d)
	}
	t := doctor.Target{Text: text}
	if f.service != "" {
		t = doctor.Target{Instance: text, Service: f.service}
	}
	found, err := d.Diagnose(c.Context(), t, nil)
	if err != nil {
		return err
	}
	out := doctorJSON{diagnosisJSON: newDiagnosisJSON(found)}
	if !a.flags.json {
		a.printDiagnosis(found, f.report)
	}
	last := found
	if f.fix && found.Verdict != doctor.OK {
		last, err = a.doctorFix(c, w, d, t, found, &out)
	}
	if a.flags.json {
		err = errors.Join(a.printJSON(out), err)
	}
	if err == nil && last.Verdict == doctor.Blocked {
		return exitError{exitUnreachable}
	}
	return err
}

// check refuses what does not go together.
func (f doctorFlags) check(text string) error {
	switch {
	case f.all && text != "":
		return wrongUse("diagnose", errors.New("--all is every forward, and one was named"), "leave out one of them")
	case f.all && f.fix:
		return wrongUse("diagnose", errors.New("--fix puts right one thing at a time"), "name the one: portico doctor VM --fix")
	case !f.all && text == "":
		return wrongUse("diagnose", errors.New("nothing was named"), "portico doctor VM, portico doctor ADDRESS:PORT, or portico doctor --all")
	}
	return nil
}

// doctor is the engine with what only this program can give it.
func (w *wiring) doctor() *doctor.Doctor {
	return doctor.New(w.publisher, doctor.Options{SSH: w.lookSSH})
}

// doctorFix plans, shows, asks, applies, and looks again.
func (a *app) doctorFix(c *cobra.Command, w *wiring, d *doctor.Doctor, t doctor.Target, found doctor.Diagnosis, out *doctorJSON) (doctor.Diagnosis, error) {
	fix := found.Fix()
	if fix == nil || fix.Kind != doctor.FixPlan {
		if !a.flags.json {
			a.note("%s\n", styleDim.Render("Nothing here can put it right."))
		}
		return found, nil
	}
	if a.flags.yes && out.Cause == doctor.NotPublished {
		// Who may connect to what never stood is nobody's answer yet.
		return found, &cloud.Error{
			Op: "repair", Target: found.Title, Kind: cloud.Invalid, Err: errors.New("nothing is published there, and --yes puts back only what stood"),
			Next: "portico publish VM, with --from for whom it is; or leave out --yes and look at the plan",
		}
	}
	by := w.publisher
	if fix.Request.On.FixedIP.IsValid() {
		by = by.At(fix.Request.On) // which may not be the one in use
	}
	s, p, err := planAnew(c.Context(), by, *fix.Request)
	if err != nil {
		return found, err
	}
	if !a.flags.json {
		a.print("\n")
	}
	if err := a.previewed(by, p, a.printPlanTable); err != nil {
		return found, err
	}
	_, p, outcome, err := a.carryOut(c.Context(), by, s, p, *fix.Request)
	if err != nil {
		return found, err
	}
	out.Fixed = &fixedJSON{Plan: newPlanJSON(s.Inventory, p), Applied: outcome.Report.OK() && !p.Empty()}
	if err := a.ended(outcome, out.Fixed); err != nil {
		return found, err
	}
	again, err := a.lookAgain(c.Context(), d, t)
	if err != nil {
		return found, err
	}
	after := newDiagnosisJSON(again)
	out.After = &after
	if !a.flags.json {
		a.print("\n")
		a.printDiagnosis(again, false)
	}
	return again, nil
}

// ended tells how an apply has ended: nil, or why it failed.
func (a *app) ended(outcome publish.Outcome, out *fixedJSON) error {
	out.Notes = outcome.Notes
	for _, n := range outcome.Notes {
		if !a.flags.json {
			a.note("%s\n", warning(n, ""))
		}
	}
	if outcome.Report.OK() {
		return nil
	}
	for _, c := range outcome.Report.Left {
		out.Left = append(out.Left, c.Target+": "+c.Title)
	}
	err := a.leftBehind(outcome.Report)
	out.Error = newErrorJSON(err)
	return err
}

// What was repaired is looked at again for so long, every so often, until it is well: a cloud needs a
// moment to make a change effective, and a machine to boot.
const (
	healWithin = 60 * time.Second
	healEvery  = 2 * time.Second
)

// lookAgain diagnoses until it is well, or as long as a cloud may take.
func (a *app) lookAgain(ctx context.Context, d *doctor.Doctor, t doctor.Target) (doctor.Diagnosis, error) {
	deadline := time.Now().Add(healWithin)
	for {
		again, err := d.Diagnose(ctx, t, nil)
		waits := err == nil && again.Verdict == doctor.Blocked && again.Hops[max(again.Broken, 0)].ID != doctor.Service
		if !waits || time.Now().After(deadline) {
			return again, err
		}
		select {
		case <-ctx.Done():
			return again, ctx.Err()
		case <-time.After(healEvery):
		}
	}
}

// doctorAll diagnoses every forward.
func (a *app) doctorAll(ctx context.Context, d *doctor.Doctor) error {
	all, allErr := d.All(ctx, nil)
	if allErr != nil && len(all) == 0 {
		return allErr
	}
	broken := 0
	out := make([]diagnosisJSON, 0, len(all))
	for _, x := range all {
		if x.Verdict == doctor.Blocked {
			broken++
		}
		out = append(out, newDiagnosisJSON(x))
	}
	switch {
	case a.flags.json:
		if err := a.printJSON(map[string]any{"diagnoses": out, "broken": broken}); err != nil {
			return err
		}
	case len(all) == 0:
		a.print("%s\n", nothingPublished)
	default:
		a.printDiagnoses(all)
	}
	if allErr == nil && broken > 0 {
		return exitError{exitUnreachable}
	}
	return allErr // of the gateway, whose forwards are not among these
}
