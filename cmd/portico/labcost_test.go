//go:build lab

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/gateway/measure"
)

// TestLabCost lists a project of many instances with Portico and with OpenStack's own client, in turns,
// and prints how long each takes. PORTICO_LAB_FILL is how many instances are made for it.
func TestLabCost(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	count := 100
	if n, err := strconv.Atoi(os.Getenv("PORTICO_LAB_FILL")); err == nil {
		count = n
	}
	l := labHome(t)
	t.Cleanup(func() { fill(t, l, 0) })
	fill(t, l, count)

	ways := []*listing{
		{name: "portico list", commands: [][]string{{l.bin, "list", "--json"}}},
		{name: "openstack server list + floating ip list + port list", commands: [][]string{
			{l.oslab, "os", "server", "list", "-f", "json"}, {l.oslab, "os", "floating", "ip", "list", "-f", "json"}, {l.oslab, "os", "port", "list", "-f", "json"},
		}},
		{name: "openstack server list", commands: [][]string{{l.oslab, "os", "server", "list", "-f", "json"}}},
	}
	const rounds = 3
	for range rounds {
		for _, w := range ways {
			w.round(t, l, count)
		}
	}
	table := measure.Table{
		Title: fmt.Sprintf("Listing a project with %d instances", count), How: fmt.Sprintf("OpenStack lab, medians of %d interleaved rounds", rounds),
		Head: []string{"command", "time", "of portico list"},
	}
	base := measure.Median(ways[0].took)
	for _, w := range ways {
		m := measure.Median(w.took)
		table.Add(w.name, m, fmt.Sprintf("%.1f times", m.Seconds()/base.Seconds()))
	}
	table.Print()
}

// fill makes so many instances without a VM, or deletes all of these. Hundreds take minutes, and the
// last one goes when the test's own context has ended.
func fill(t *testing.T, l *lab, count int) {
	t.Helper()
	if out, err := exec.Command(l.oslab, "fill", strconv.Itoa(count)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// listing is one way of listing a project, and how long each of its rounds took.
type listing struct {
	name     string
	commands [][]string
	took     []time.Duration
}

func (w *listing) round(t *testing.T, l *lab, count int) {
	t.Helper()
	var all time.Duration
	for i, c := range w.commands {
		r := l.run(nil, c[0], c[1:]...)
		if got := strings.Count(r.out, `"fill`); r.code != 0 || i == 0 && got < count {
			t.Fatalf("%s: exit %d, %d of %d instances\n%s", strings.Join(c, " "), r.code, got, count, r.err)
		}
		all += r.took
	}
	w.took = append(w.took, all)
}
