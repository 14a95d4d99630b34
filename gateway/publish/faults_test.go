package publish_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/gateway/plan"
	"portico/gateway/publish"
)

// scenario is something an operator asks for, and what stood before.
type scenario struct {
	name    string
	before  []publish.Request
	request publish.Request
	brief   bool // a cloud that fails for good is tried with the others
}

var scenarios = []scenario{
	{
		name:    "publish beside another",
		before:  []publish.Request{{Instances: []string{"beta"}}},
		request: publish.Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}},
	},
	{
		name:    "withdraw the last",
		before:  []publish.Request{{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}}},
		request: publish.Request{Instances: []string{"alpha"}, Withdraw: true},
	},
	{
		name:    "change sources",
		brief:   true,
		before:  []publish.Request{{Instances: []string{"alpha", "beta"}}},
		request: publish.Request{Instances: []string{"alpha"}, Sources: prefixes("127.0.0.0/8", "198.51.100.0/24")},
	},
	{
		name:    "publish the first",
		brief:   true,
		request: publish.Request{Instances: []string{"alpha"}},
	},
}

// known is what a scenario does when nothing disturbs it.
type known struct {
	scenario
	now      standing
	requests []string // to the cloud, see kind
	commands int      // on the gateway
	writes   int      // to its disk
	lines    int      // of the longest restore
	steps    int
}

// trial is one disturbance of one scenario.
type trial struct {
	of       *known
	category string
	name     string
	patience patience
	arrange  func(r *run) // before the apply, once the plan is made
	always   bool         // also in a sample
	slow     bool         // never in one
	once     bool         // nothing of the disturbance is left in the world afterwards
	late     bool         // what was asked of the gateway may be begun after the apply has ended
	want     string       // "old" or "new", if it is known
	open     bool         // the gateway itself cannot be whole as long as it lasts, and says so
}

// run is a trial being made.
type run struct {
	*world
	*console
	ctx     context.Context //nolint:containedctx // a trial may end it
	cancel  context.CancelFunc
	plan    publish.Proposal
	watch   publish.Watch
	healing []func() // what ends the disturbance
	done    chan struct{}
	work    sync.WaitGroup
	told    []publish.Phase
	failed  error // of the test itself
}

// begin does something beside the apply. What it waits for must end with done.
func (r *run) begin(f func()) { r.work.Go(f) }

// fired heals again and again once the gateway was armed and is so no more, until the apply has
// ended: what disturbs it may begin just then.
func (r *run) fired(heal func()) {
	was := false
	until(func() bool {
		select {
		case <-r.done:
			return true
		default:
		}
		armed := r.armed()
		was = was || armed
		if was && !armed {
			heal()
		}
		return false
	})
}

// TestFaults breaks everything that an apply asks of others, one thing at a time and in every way,
// and looks what stands afterwards: all is as before or all is as wanted, and the report is true.
// With PORTICO_FAULTS=all each way is tried at each place, else a fixed sample of them.
func TestFaults(t *testing.T) {
	t.Parallel()
	var trials []trial
	learned := make([]*known, len(scenarios))
	var learning sync.WaitGroup
	for i, s := range scenarios {
		learning.Go(func() {
			var err error
			if learned[i], err = learn(t, s); err != nil {
				t.Errorf("%s, undisturbed: %v", s.name, err)
			}
		})
	}
	if learning.Wait(); t.Failed() {
		return
	}
	for _, k := range learned {
		trials = append(trials, k.trials()...)
	}
	if only := os.Getenv("PORTICO_FAULTS"); only != "all" {
		trials = sample(trials, only)
	}
	// Those that take longest begin first.
	slices.SortStableFunc(trials, func(a, b trial) int { return cmp.Compare(b.patience.ssh+b.wait(), a.patience.ssh+a.wait()) })
	count := newTally()
	queue := make(chan trial)
	var work sync.WaitGroup
	for n := range 12 {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(n))
		work.Go(func() {
			p := &pool{t: t, dir: dir, worlds: map[*known]*world{}}
			defer p.close()
			for tr := range queue {
				p.try(tr, count)
			}
		})
	}
	for _, tr := range trials {
		queue <- tr
	}
	close(queue)
	work.Wait()
	t.Log(count)
}

// sample is what a quick run tries: of each category of a scenario every n-th, always another place. A word
// chooses the trials that have it in their names.
func sample(trials []trial, word string) []trial {
	const every = 61
	return slices.DeleteFunc(trials, func(tr trial) bool {
		if word != "" {
			return !strings.Contains(tr.String(), word)
		}
		if tr.always || tr.slow {
			return tr.slow
		}
		sum := 0
		for _, c := range []byte(tr.String()) {
			sum = (sum*31 + int(c)) % 1000003
		}
		return sum%every != 0
	})
}

// wait is how long a trial takes mostly by waiting.
func (tr trial) wait() time.Duration {
	if tr.always || tr.slow {
		return time.Minute
	}
	return 0
}

func (tr trial) String() string { return tr.of.name + ", " + tr.category + ": " + tr.name }

// tally counts how trials ended.
type tally struct {
	mu sync.Mutex
	by map[string]map[string]int
}

func newTally() *tally { return &tally{by: map[string]map[string]int{}} }

func (c *tally) add(category, ended string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by[category] == nil {
		c.by[category] = map[string]int{}
	}
	c.by[category][ended]++
}

func (c *tally) String() string {
	var parts []string
	sum := map[string]int{}
	n := 0
	for _, category := range slices.Sorted(maps.Keys(c.by)) {
		of := 0
		for ended, k := range c.by[category] {
			sum[ended] += k
			of += k
		}
		n += of
		parts = append(parts, fmt.Sprintf("%s %d", category, of))
	}
	return fmt.Sprintf("%d faults injected: %d ended old, %d new, %d partly as reported; %d between or not as reported (%s)",
		n, sum["old"], sum["new"], sum["partly"], sum["wrong"], strings.Join(parts, ", "))
}

// pool keeps a worker's worlds: one that is as it was before a scenario serves again.
type pool struct {
	t      *testing.T
	dir    string
	n      int
	worlds map[*known]*world
}

// take returns a world in which a scenario can begin.
func (p *pool) take(ctx context.Context, of *known) (*world, error) {
	if w := p.worlds[of]; w != nil {
		delete(p.worlds, of)
		return w, nil
	}
	p.n++
	return of.begin(ctx, filepath.Join(p.dir, fmt.Sprint(p.n)))
}

func (p *pool) close() {
	for _, w := range p.worlds {
		if err := w.close(); err != nil {
			p.t.Error(err)
		}
	}
}

// begin makes a world as it is before the scenario.
func (s scenario) begin(ctx context.Context, dir string) (*world, error) {
	w, err := newWorld(dir)
	if err != nil {
		return nil, err
	}
	for _, r := range s.before {
		if err := w.must(ctx, "before", r); err != nil {
			return nil, fmt.Errorf("before it: %w", err)
		}
	}
	return w, nil
}

// learn carries a scenario out undisturbed.
func learn(t *testing.T, s scenario) (*known, error) {
	ctx := context.Background()
	w, err := s.begin(ctx, t.TempDir())
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.close() }()
	c, err := w.console(ctx, "me", patience{})
	if err != nil {
		return nil, err
	}
	defer c.close()
	pr, err := c.plan(ctx, s.request)
	if err != nil {
		return nil, err
	}
	k := &known{scenario: s, steps: len(pr.Plan.Steps)}
	for _, change := range pr.Plan.Changes() {
		if strings.HasPrefix(change.ID, "rules-") {
			k.lines = max(k.lines, len(change.Shell)-2)
		}
	}
	mark, commands, writes := w.cloud.Mark(), len(w.gateway.Commands()), w.gateway.DiskWrites()
	out := c.Apply(ctx, pr, publish.Watch{})
	if !out.Report.OK() || len(out.Notes) > 0 {
		return nil, fmt.Errorf("%w, notes %q", out.Report.Err, out.Notes)
	}
	for _, line := range w.cloud.Requests()[mark:] {
		k.requests = append(k.requests, kind(line))
	}
	k.commands, k.writes = len(w.gateway.Commands())-commands, w.gateway.DiskWrites()-writes
	k.now, err = w.look(ctx, c)
	return k, err
}

// kind is a request without what is another in every world: the IDs in its path.
func kind(line string) string {
	words := strings.Split(line, "/")
	for i, w := range words {
		if len(w) == 36 && strings.Count(w, "-") == 4 {
			words[i] = "ID"
		}
	}
	return strings.Join(words, "/")
}

// try makes one trial and says what is wrong about how it ended.
func (p *pool) try(tr trial, count *tally) {
	ctx := context.Background()
	w, err := p.take(ctx, tr.of)
	if err != nil {
		p.t.Errorf("%s: %v", tr, err)
		return
	}
	start := time.Now()
	j := &judge{trial: tr, world: w}
	err = j.hold(ctx)
	ended := j.ended
	if err != nil || len(j.wrong) > 0 {
		ended = "wrong"
		p.t.Errorf("%s (%s): %v\n\t%s\nreport: %s", tr, time.Since(start).Round(time.Millisecond), err, strings.Join(j.wrong, "\n\t"), describe(j.out))
	}
	count.add(tr.category, ended)
	if tr.once && ended == "old" && !j.noted {
		p.worlds[tr.of] = w
		return
	}
	if err := w.close(); err != nil {
		p.t.Errorf("%s: %v", tr, err)
	}
}

func describe(o publish.Outcome) string {
	names := func(changes []plan.Change) (out []string) {
		for _, c := range changes {
			out = append(out, c.Target+": "+c.Title)
		}
		return out
	}
	return fmt.Sprintf("%v\n\tdone %q\n\tundone %q\n\tleft %q\n\tfailed to undo %v\n\tnotes %q", o.Report.Err, names(o.Report.Done), names(o.Report.Undone), names(o.Report.Left), o.Report.Undo, o.Notes)
}
