package publish_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"portico/cloud/emulator"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/plan"
)

// hasty is a console that soon gives up a gateway that does not answer.
var hasty = patience{ssh: 800 * time.Millisecond, keepAlive: 500 * time.Millisecond}

// trials are all disturbances of a scenario.
func (k *known) trials() []trial {
	return slices.Concat(k.apiTrials(), k.linkTrials(), k.diskTrials(), k.restoreTrials(), k.consoleTrials())
}

// answers are the ways in which a request to the cloud goes wrong. What lasts does so from that
// request on, until the apply has ended.
var answers = []struct {
	name  string
	fault emulator.Fault
	hasty bool
}{
	{name: "401", fault: emulator.Fault{Status: http.StatusUnauthorized}},
	{name: "403", fault: emulator.Fault{Status: http.StatusForbidden}},
	{name: "404", fault: emulator.Fault{Status: http.StatusNotFound}},
	{name: "409", fault: emulator.Fault{Status: http.StatusConflict}},
	{name: "412", fault: emulator.Fault{Status: http.StatusPreconditionFailed}},
	{name: "429", fault: emulator.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"0"}}}},
	{name: "500", fault: emulator.Fault{Status: http.StatusInternalServerError}},
	{name: "500 after it was done", fault: emulator.Fault{Status: http.StatusInternalServerError, After: true}},
	{name: "503", fault: emulator.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}}},
	{name: "hangs", fault: emulator.Fault{Hang: true}, hasty: true},
	{name: "hangs after it was done", fault: emulator.Fault{Hang: true, After: true}, hasty: true},
	{name: "dropped", fault: emulator.Fault{Drop: true}},
	{name: "dropped after it was done", fault: emulator.Fault{Drop: true, After: true}},
	{name: "401 from there on", fault: emulator.Fault{Status: http.StatusUnauthorized, Times: -1}},
	{name: "403 from there on", fault: emulator.Fault{Status: http.StatusForbidden, Times: -1}},
	{name: "429 from there on", fault: emulator.Fault{Status: http.StatusTooManyRequests, Times: -1, Header: http.Header{"Retry-After": {"0"}}}},
	{name: "500 from there on", fault: emulator.Fault{Status: http.StatusInternalServerError, Times: -1}},
	{name: "503 from there on", fault: emulator.Fault{Status: http.StatusServiceUnavailable, Times: -1, Header: http.Header{"Retry-After": {"0"}}}},
	{name: "dropped from there on", fault: emulator.Fault{Drop: true, Times: -1}},
	{name: "dropped after it was done from there on", fault: emulator.Fault{Drop: true, After: true, Times: -1}},
}

// apiTrials disturb each request to the cloud in each way. A request is known by its kind and its
// number among those of its kind: those of an inventory are made at once, in any order.
func (k *known) apiTrials() []trial {
	var out []trial
	count := map[string]int{}
	for _, request := range k.requests {
		n := count[request]
		count[request]++
		for _, a := range answers {
			tr := trial{of: k, category: "API " + a.name, name: fmt.Sprintf("%s number %d", request, n+1), once: true}
			if a.hasty {
				tr.patience.api = 1500 * time.Millisecond
			}
			lasts := a.fault.Times < 0
			if lasts && k.brief {
				continue
			}
			tr.arrange = func(r *run) {
				f := a.fault
				f.Skip = n
				f.Match = func(h *http.Request) bool { return kind(h.Method+" "+h.URL.Path) == request }
				if lasts {
					f.Skip, f.Match = 0, after(f.Match, n)
				}
				r.cloud.Inject(f)
			}
			out = append(out, tr)
		}
	}
	return out
}

// after matches everything from the request on that matches after n others.
func after(match func(*http.Request) bool, n int) func(*http.Request) bool {
	begun := false
	return func(h *http.Request) bool {
		if !begun && match(h) {
			begun = n == 0
			n--
		}
		return begun
	}
}

// linkTrials disturb the connection to the gateway at each command.
func (k *known) linkTrials() []trial {
	var out []trial
	for n := range k.commands {
		add := func(category string, p patience, arrange func(r *run)) {
			out = append(out, trial{of: k, category: category, name: fmt.Sprintf("command %d of %d", n+1, k.commands), patience: p, arrange: arrange})
		}
		cut := gwemulator.Fault{Skip: n, Cut: true}
		add("cut before", patience{}, func(r *run) { r.gateway.Fail(cut) })
		ran := cut
		ran.After = true
		add("cut after", patience{}, func(r *run) { r.gateway.Fail(ran) })
		for _, f := range []gwemulator.Fault{cut, ran} {
			name := map[bool]string{false: "cut before", true: "cut after"}[f.After]
			short := f
			short.Refuse = 3
			add(name+", 3 attempts to connect again refused", patience{}, func(r *run) { r.gateway.Fail(short) })
			long := f
			long.Refuse = -1
			add(name+", not to be reached until the gateway has acted", hasty, func(r *run) {
				r.gateway.Fail(long)
				r.begin(func() { r.fired(func() { r.gateway.Refuse(0) }) })
			})
		}
		out = append(out, k.stallTrials(n)...)
	}
	return out
}

// stallTrials let the link stall at a command, until the gateway has acted or until the console has
// noticed. What was on its way arrives then.
func (k *known) stallTrials(n int) []trial {
	var out []trial
	for _, ran := range []bool{false, true} {
		f := gwemulator.Fault{Skip: n, Stall: true, After: ran}
		name := map[bool]string{false: "stall before", true: "stall after"}[ran]
		place := fmt.Sprintf("command %d of %d", n+1, k.commands)
		out = append(out, trial{
			of: k, category: name + ", until the gateway has acted", name: place, patience: hasty, late: n == 0 && !ran,
			arrange: func(r *run) {
				r.gateway.Fail(f)
				r.healing = append(r.healing, r.gateway.Resume)
				r.begin(func() { r.fired(r.gateway.Resume) })
			},
		}, trial{
			of: k, category: name + ", until the console has noticed", name: place, patience: hasty, late: n == 0 && !ran, slow: n == k.commands-1,
			arrange: func(r *run) {
				r.gateway.Fail(f)
				r.healing = append(r.healing, r.gateway.Resume)
				r.watch.Step = func(e plan.Event) {
					if e.State == plan.Failed || e.State == plan.Undoing {
						r.gateway.Resume()
					}
				}
			},
		})
	}
	return out
}

// diskTrials let the gateway's disk be full from each write on, whatever is removed meanwhile, and
// have room for so many bytes.
func (k *known) diskTrials() []trial {
	var out []trial
	for room := int64(0); room < 32<<10; room += 1200 {
		out = append(out, trial{
			of: k, category: "disk full", name: fmt.Sprintf("after %d bytes", room),
			arrange: func(r *run) {
				r.gateway.FillDisk(room)
				r.healing = append(r.healing, r.gateway.FreeDisk)
			},
		})
	}
	for n := 1; n <= k.writes; n += 2 {
		out = append(out, trial{
			of: k, category: "disk full", name: fmt.Sprintf("from write %d of %d on", n, k.writes), open: true,
			arrange: func(r *run) {
				r.gateway.FillDiskAt(n)
				r.healing = append(r.healing, r.gateway.FreeDisk)
			},
		})
	}
	return out
}

// restoreTrials let each iptables-restore fail at each line, and other programs once.
func (k *known) restoreTrials() []trial {
	var out []trial
	add := func(category, name string, f gwemulator.Fault) {
		out = append(out, trial{of: k, category: category, name: name, arrange: func(r *run) { r.gateway.Fail(f) }})
	}
	const restores = 4 // a test and a restore of each table
	for n := range restores {
		for line := 1; line <= k.lines; line++ {
			add("iptables-restore", fmt.Sprintf("number %d fails at line %d", n+1, line), gwemulator.Fault{Program: "iptables-restore", Skip: n, AtLine: line})
		}
		f := gwemulator.Fault{Program: "iptables-restore", Skip: n, Exit: 4, Stderr: "iptables-restore: Resource temporarily unavailable\n"}
		add("iptables-restore", fmt.Sprintf("number %d fails without a line", n+1), f)
	}
	for _, program := range []string{"systemctl enable", "systemctl disable", "systemctl daemon-reload", "sysctl", "iptables-save", "mv", "mkdir", "chmod", "sync"} {
		for n := range 3 {
			add("program", fmt.Sprintf("%s number %d", program, n+1), gwemulator.Fault{Program: program, Skip: n, Exit: 1, Stderr: program + ": it does not work\n"})
		}
	}
	for n := range 8 {
		f := gwemulator.Fault{Program: "iptables-restore", Skip: n, Times: -1, Exit: 4, Stderr: "iptables-restore: it does not work\n"}
		add("iptables-restore from there on", fmt.Sprint("number ", n+1), f)
		out[len(out)-1].open = true
	}
	return out
}
