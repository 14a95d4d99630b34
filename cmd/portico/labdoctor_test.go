//go:build lab

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"portico/gateway/doctor"
)

// labDoctor is the lab with target's ssh, and more, published through gw.
type labDoctor struct {
	*lab
	api  *labAPI
	port int      // target's public port for ssh
	rows []string // of the table
	tidy []func() // run after a cause, whether or not a fix was taken

	mended bool // a fix was taken, and it connects
}

// TestLabDoctor breaks a forward in every way that the lab can, has the doctor say what it is, takes
// the fix that is offered, and sees the forward connect again. It runs as a user who is no admin.
func TestLabDoctor(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := newLab(t)
	l.server("vm", "vm2")
	l.run(nil, l.bin, "repair", "--yes") // what an interrupted run may have left
	l.run(nil, l.bin, "withdraw", "target", "vm2", "--yes")
	before := l.state()
	d := &labDoctor{lab: l, api: newLabAPI(t), port: l.port(30000)}
	d.publish()
	t.Run("healthy", func(t *testing.T) { d.in(t).healthy() })
	start := time.Now()
	for _, c := range labCauses() {
		if only := os.Getenv("PORTICO_LAB_CAUSE"); !strings.Contains(c.name, only) {
			continue
		}
		if !t.Run(c.name, func(t *testing.T) { d.in(t).try(c, d) }) && !d.connects() {
			break // whatever came now would be about the same fault
		}
	}
	t.Logf("as user demo, who is no admin; %d causes in %.0f s\n%s\n%s", len(d.rows), time.Since(start).Seconds(), labTable("CAUSE\tHOP NAMED\tCAUSE NAMED\tSECONDS\tBEFORE\tFIX\tAFTER", d.rows), labImpossible)
	l.run(nil, l.bin, "withdraw", "target", "vm2", "--yes")
	for _, vm := range []string{"target", "vm2"} {
		l.inside(vm, "for f in /run/more-*.pid; do kill $(cat $f) && rm $f; done 2>/dev/null; true")
	}
	if diff := gocmp.Diff(before, l.state(), gocmp.AllowUnexported(labState{})); diff != "" {
		t.Error("the lab is not as it was:", diff)
	}
}

// in is the same lab in a subtest.
func (d *labDoctor) in(t *testing.T) *labDoctor {
	l, api := *d.lab, *d.api
	l.t, api.t = t, t
	return &labDoctor{lab: &l, api: &api, port: d.port}
}

// publish makes ten forwards: five services on each of two VMs.
func (d *labDoctor) publish() {
	d.t.Helper()
	for _, vm := range []string{"target", "vm2"} {
		d.inside(vm, `if ! ss -Hltn | grep -q :2222; then /usr/sbin/sshd -p 2222 -p 2223 -o PidFile=/run/more-sshd.pid; fi
if ! ss -Hltn | grep -q :8080; then setsid python3 -m http.server 8080 >/dev/null 2>&1 & echo $! >/run/more-web.pid; fi`)
	}
	d.mustPortico("publish", "target", "vm2", "--service", "ssh,http", "--yes")
	d.mustPortico("publish", "target", "vm2", "--service", "ssh2=tcp/2222,ssh3=tcp/2223,web=tcp/8080", "--scheme", "next-free", "--yes")
}

// labCause is one thing that can be wrong.
type labCause struct {
	name    string
	inject  func(*labDoctor) (undo func()) // undo is for when no fix has done it
	symptom string                         // what a user sees: see symptom; "" if the banner still comes
	ask     func(*labDoctor) []string      // what to ask the doctor; nil: target's ssh
	hop     doctor.HopID                   // the hop to be named
	cause   doctor.Cause
	later   doctor.HopID                         // a hop behind it that is named as well; "" is none
	blind   doctor.HopID                         // a hop that nobody can see; "" is none
	fix     doctor.FixKind                       // how it is to be put right; "" is not at all
	mended  func(*labDoctor, *doctor.Fix) string // what to see afterwards; nil: target's ssh connects
}

const timesOut = "times out"

// symptom is what a user sees at target's public port for ssh.
func (d *labDoctor) symptom() string {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", d.gw.Floating[0], d.port), time.Second)
	switch {
	case err == nil:
	case os.IsTimeout(err):
		return timesOut
	default:
		return "refused"
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	line, _ := bufio.NewReader(c).ReadString('\n')
	if !strings.HasPrefix(line, "SSH-") {
		return "no banner"
	}
	return ""
}

func (d *labDoctor) await(symptom string) {
	d.t.Helper()
	eventually(d.t, func() bool { return d.symptom() == symptom })
}

// try injects a cause, and undoes it if no fix does. The row of its outcome goes to all's.
func (d *labDoctor) try(c labCause, all *labDoctor) {
	d.t.Helper()
	undo := c.inject(d)
	defer func() {
		if !d.mended {
			undo()
		}
		for _, f := range d.tidy {
			f()
		}
		d.await("")
	}()
	d.await(c.symptom)
	args := []string{"doctor", "target", "--service", "ssh"}
	if c.ask != nil {
		args = append([]string{"doctor"}, c.ask(d)...)
	}
	all.rows = append(all.rows, d.diagnose(c, append(args, "--json")))
}

func (d *labDoctor) later(f func()) { d.tidy = append(d.tidy, f) }

// connects reports whether a user gets in through target's public port.
func (d *labDoctor) connects() bool { return d.symptom() == "" && d.ssh(d.port).code == 0 }

// diagnose has the doctor find the cause and mend it, and is a row of the table.
func (d *labDoctor) diagnose(c labCause, args []string) string {
	d.t.Helper()
	if c.fix == doctor.FixPlan {
		args = append(args, "--fix", "--yes")
	}
	var found doctorJSON
	r := d.portico(nil, args...)
	decode(d.t, r.out, &found)
	d.judge(c, found.diagnosisJSON)
	fix, after := "none", "-"
	if found.Fix != nil {
		fix = string(found.Fix.Kind) + ": " + found.Fix.Title
	}
	switch {
	case found.Fix == nil || found.Fix.Kind == doctor.FixSentence:
		if r.code != exitUnreachable {
			d.t.Errorf("doctor: exit %d", r.code)
		}
	case c.mended != nil:
		after = c.mended(d, found.Fix)
		d.mended = after != ""
	default:
		d.await("")
		d.mended, after = d.connects(), "connects"
		if !d.mended || found.After == nil || found.After.Verdict == doctor.Blocked {
			d.t.Errorf("mended, and it does not connect: %+v", found.After)
		}
	}
	hop := labHop(found.diagnosisJSON)
	return fmt.Sprintf("%s\t%d %s\t%s\t%.1f\t%s\t%s\t%s", c.name, hop.N, hop.ID, found.Cause, found.Seconds, cmp.Or(c.symptom, "answers"), fix, after)
}

// judge compares a diagnosis with what was done.
func (d *labDoctor) judge(c labCause, found diagnosisJSON) {
	d.t.Helper()
	if hop := labHop(found); hop.ID != c.hop || found.Cause != c.cause {
		d.t.Errorf("named was %s at hop %q, want %s at %s", found.Cause, hop.ID, c.cause, c.hop)
	}
	if kind := labFix(found); kind != c.fix {
		d.t.Errorf("a fix of kind %q is offered, want %q", kind, c.fix)
	}
	for _, h := range found.Hops {
		late := slices.ContainsFunc(found.Later, func(l doctor.Later) bool { return l.Hop == h.N })
		if h.ID == c.later && !late {
			d.t.Errorf("that %s is broken as well is not said: %+v", h.ID, found.Later)
		}
		if h.ID == c.blind && h.Verdict != doctor.Unknown {
			d.t.Errorf("nobody can see %s, and it is %s", h.ID, h.Verdict)
		}
	}
}

func labFix(d diagnosisJSON) doctor.FixKind {
	if d.Fix == nil {
		return ""
	}
	return d.Fix.Kind
}

// labHop is the hop that a diagnosis names.
func labHop(d diagnosisJSON) doctor.Hop {
	if d.Broken == nil {
		return doctor.Hop{}
	}
	return d.Hops[*d.Broken-1]
}

// healthy has the doctor look at all forwards, none of which ails.
func (d *labDoctor) healthy() {
	d.t.Helper()
	var all struct{ Diagnoses []diagnosisJSON }
	r := d.run(nil, d.bin, "doctor", "--all", "--json")
	decode(d.t, r.out, &all)
	if r.code != 0 || len(all.Diagnoses) != 10 {
		d.t.Errorf("%d forwards are diagnosed, want 10; exit %d\n%s", len(all.Diagnoses), r.code, r.err)
	}
	var rows []string
	for _, x := range all.Diagnoses {
		if x.Verdict != doctor.OK {
			d.t.Errorf("a false alarm: %s: %s", x.Title, x.Summary)
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%.1f", x.Title, x.Summary, x.Seconds))
	}
	d.t.Logf("healthy forwards, all in %.1f s\n%s", r.took.Seconds(), labTable("FORWARD\tVERDICT\tSECONDS", rows))
}

func labTable(head string, rows []string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	for _, r := range rows {
		fmt.Fprintln(w, r)
	}
	_ = w.Flush()
	return b.String()
}

// sshDir is where the user's keys and known hosts are.
func (d *labDoctor) sshDir(name string) string { return filepath.Join(d.home, ".ssh", name) }
