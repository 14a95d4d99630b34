package main

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/views/tests"
)

// rereadAfter is how long a watch goes by what it has read of the project and the gateway.
const rereadAfter = 2 * time.Minute

// watchLine is what a watch prints with --json of each forward at first, and of each change.
type watchLine struct {
	At string `json:"at"` // RFC 3339
	probeJSON
	Was   probe.Outcome `json:"was,omitempty"`   // the outcome before
	Since string        `json:"since,omitempty"` // and when it was seen first
	Gone  bool          `json:"gone,omitempty"`  // it is no longer published; the outcome is the last one
}

// watched is what a watch knows of one forward.
type watched struct {
	forward  gateway.Forward
	here, gw probe.Result
	since    time.Time // when the outcome from here was seen first
}

// watch is what is known of all.
type watch struct {
	app    *app
	s      publish.Snapshot
	logins map[string]publish.Login
	known  map[gateway.Key]watched
}

// pause waits between two rounds; false when it was interrupted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// watchTests tests again and again and prints what changes. It ends when it is interrupted, as one
// asks it to, or after so many rounds; the exit code is that of the last round.
func (a *app) watchTests(ctx context.Context, w *wiring, o testOptions, pause func(context.Context, time.Duration) bool) error {
	s, err := w.publisher.Standing(ctx)
	if err != nil {
		return err
	}
	if _, err := forwardsOf(s, o.names); err != nil {
		return err
	}
	x := &watch{app: a, s: s, known: map[gateway.Key]watched{}}
	x.logins, _ = w.publisher.Logins(ctx, s.Inventory)
	read, failed := time.Now(), 0
	for n := 1; ; n++ {
		if time.Since(read) >= rereadAfter {
			read = x.reread(ctx, w)
		}
		forwards, err := forwardsOf(x.s, o.names)
		if err != nil {
			forwards = nil // it was withdrawn meanwhile, and may be published again
		}
		r := w.test(ctx, x.s, forwards, o.fromGateway)
		if ctx.Err() == nil {
			failed = r.failed()
			x.round(r, time.Now())
		}
		if ctx.Err() != nil || n == o.rounds || a.broken != nil || !pause(ctx, o.interval) {
			break
		}
	}
	if failed > 0 {
		return exitError{exitUnreachable}
	}
	return nil
}

// reread looks at what stands now. While that cannot be had, the watch goes on with what stood.
func (x *watch) reread(ctx context.Context, w *wiring) time.Time {
	s, err := w.publisher.Standing(ctx)
	switch {
	case err == nil:
		x.s = s
		x.logins, _ = w.publisher.Logins(ctx, s.Inventory)
	case ctx.Err() == nil:
		e := cloud.Explain(err)
		x.app.note("%s\n", warning(e.What, e.Why+"; the watch goes on with what stood before"))
	}
	return time.Now()
}

// round prints what is new in a round: every forward at first, then those whose outcome has changed
// on either side, and those that are gone.
func (x *watch) round(r testRound, now time.Time) {
	stands := map[gateway.Key]bool{}
	for _, f := range r.forwards {
		k := f.Key()
		stands[k] = true
		is := watched{forward: f, here: r.here[k], gw: r.gw[k], since: now}
		was, seen := x.known[k]
		if seen && was.forward.Private != f.Private {
			seen = false
		}
		if seen && was.here.Outcome == is.here.Outcome {
			is.since = was.since
		}
		x.known[k] = is
		if !seen || was.here.Outcome != is.here.Outcome || was.gw.Outcome != is.gw.Outcome {
			if !seen {
				was = watched{}
			}
			x.print(r, is, was, now, false)
		}
	}
	var gone []gateway.Forward
	for k, was := range x.known {
		if !stands[k] {
			gone = append(gone, was.forward)
		}
	}
	gateway.SortForwards(gone)
	for _, f := range gone {
		x.print(r, x.known[f.Key()], watched{}, now, true)
		delete(x.known, f.Key())
	}
}

func (x *watch) print(r testRound, is, was watched, now time.Time, gone bool) {
	a, f := x.app, is.forward
	if a.flags.json {
		line := watchLine{At: now.Format(time.RFC3339), probeJSON: r.json(x.s, f, x.logins), Was: was.here.Outcome, Gone: gone}
		line.Outcome = is.here.Outcome
		if was.here.Outcome != "" {
			line.Since = was.since.Format(time.RFC3339)
		}
		a.printJSONLine(line)
		return
	}
	text := now.Format("15:04:05") + "  " + a.outcome(is.here)
	if is.gw.Outcome != "" {
		text += "  from the gateway " + a.outcome(is.gw)
	}
	text += "  " + f.PublicText() + "  " + f.Service.Name + "  " + publish.InstanceName(x.s.Inventory, f.Instance)
	switch {
	case gone:
		text = now.Format("15:04:05") + "  no longer published  " + f.PublicText() + "  " + f.Service.Name + "  " + publish.InstanceName(x.s.Inventory, f.Instance)
	case was.here.Outcome != "" && was.here.Outcome != is.here.Outcome:
		text += "  " + styleDim.Render("was "+tests.Outcome(was.here.Outcome)+" for "+tests.Span(now.Sub(was.since)))
	case is.here.Detail != "":
		text += "  " + styleDim.Render(is.here.Detail)
	}
	a.print("%s\n", text)
}

// printJSONLine writes one value on one line, as a stream of them is read.
func (a *app) printJSONLine(v any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		a.wrote(err)
		return
	}
	_, err := a.out.Write(escapeJSON(text.Bytes()))
	a.wrote(err)
}
