package publish

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

var applied = time.Date(2026, 11, 21, 12, 22, 11, 0, time.UTC)

func testRecord(t *testing.T, p *Publisher, s Snapshot, req Request) history.Record {
	t.Helper()
	pr, err := p.Plan(context.Background(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	return p.record(pr, cloud.Identity{Project: "metagenomics", ProjectID: "p1"}, applied)
}

func TestRecordSaysWhatWasAskedFor(t *testing.T) {
	standing := []gateway.Forward{testForward(alphaID, "192.168.0.11:22", "ssh", 30011)}
	tests := map[string]struct {
		req       Request
		title     string
		instances []string
	}{
		"publish":     {Request{Instances: []string{"beta"}, Services: []string{"ssh", "http"}}, "publish beta: ssh, http", []string{"beta"}},
		"two":         {Request{Instances: []string{"beta", "alpha"}, Services: []string{"http"}}, "publish beta, alpha: http", []string{"beta", "alpha"}},
		"withdraw":    {Request{Instances: []string{"alpha"}, Withdraw: true}, "withdraw alpha: ssh", []string{"alpha"}},
		"what stands": {Request{Instances: []string{"alpha"}}, "publish alpha", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := testPublisher(t)
			p.options.By = "debian@console"
			s := snapshotWith(t, p, standing)
			r := testRecord(t, p, s, tt.req)
			if diff := cmp.Diff(tt.title, r.Title); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.instances, r.Instances); diff != "" {
				t.Error(diff)
			}
			if r.By != "debian@console" || r.ProjectID != "p1" || r.GatewayID != gwID || r.Result != history.Applying || !r.Ended.IsZero() {
				t.Errorf("%+v", r)
			}
			for _, c := range r.Changes {
				if c.Shell != nil || c.Cleanup != nil {
					t.Errorf("commands are kept: %+v", c)
				}
			}
		})
	}
}

func TestTitleOfMany(t *testing.T) {
	var pr Proposal
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		pr.Items = append(pr.Items, Item{Action: plan.Create, Instance: name, Forward: gateway.Forward{Service: gateway.Service{Name: "ssh"}}})
	}
	if got, want := Title(pr), "publish a, b, c, 2 more: ssh"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConcluded(t *testing.T) {
	c := plan.Change{Target: "gw-1 iptables nat", Title: "forward 30011", Action: plan.Create}
	why := &gateway.Error{Op: "restore the rules of", Target: "gw-1", Kind: gateway.Unreachable, Err: errors.New("connection\x1b[31m lost")}
	tests := map[string]struct {
		report plan.Report
		want   history.Record
	}{
		"all":         {plan.Report{Done: []plan.Change{c}}, history.Record{Result: history.Applied}},
		"undone":      {plan.Report{Err: why, Undone: []plan.Change{c}}, history.Record{Result: history.Undone, Error: "could not restore the rules of gw-1: connection lost"}},
		"left":        {plan.Report{Err: why, Left: []plan.Change{c}}, history.Record{Result: history.Partly, Error: "could not restore the rules of gw-1: connection lost", Left: []string{"gw-1 iptables nat: forward 30011"}}},
		"not as seen": {plan.Report{Err: why, Done: []plan.Change{c}}, history.Record{Result: history.Partly, Error: "could not restore the rules of gw-1: connection lost"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.want.Ended = applied
			if diff := cmp.Diff(tt.want, concluded(history.Record{Result: history.Applying}, tt.report, applied)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHistoryOfOneProject(t *testing.T) {
	p := testPublisher(t)
	p.options.History = history.Open(t.TempDir())
	s := snapshotWith(t, p, nil)
	s.Inventory.Identity.ProjectID = "p1"
	mine := testRecord(t, p, s, Request{Instances: []string{"alpha"}})
	gws := testRecord(t, p, s, Request{Instances: []string{"beta"}}) // of the gateway, of a project that did not say its ID
	gws.ProjectID = ""
	other := testRecord(t, p, s, Request{Instances: []string{"alpha"}, Services: []string{"http"}})
	other.ProjectID, other.GatewayID = "p2", "elsewhere"
	for _, r := range []history.Record{mine, gws, other} {
		if err := p.options.History.Save(r); err != nil {
			t.Fatal(err)
		}
	}
	ended := concluded(mine, plan.Report{}, applied.Add(time.Second))
	remote, remoteErr := []history.Record{ended}, error(nil)
	p.remoteHistory = func(_ context.Context, s Snapshot) ([]history.Record, error) {
		if s.Gateway.InstanceID != gwID {
			t.Errorf("asked %+v", s.Gateway)
		}
		return remote, remoteErr
	}
	results := func() (out []string, err error) {
		records, err := p.History(context.Background(), s)
		for _, r := range records {
			out = append(out, r.Title+" "+string(r.Result))
		}
		return out, err
	}
	got, err := results()
	if err != nil || !sameSet(got, []string{"publish alpha: ssh applied", "publish beta: ssh applying"}) {
		t.Errorf("%q, %v", got, err)
	}
	remote, remoteErr = nil, &gateway.Error{Op: "read the history of", Target: "gw-1", Kind: gateway.Unreachable}
	got, err = results()
	if cloud.KindOf(err) != gateway.Unreachable || !sameSet(got, []string{"publish alpha: ssh applying", "publish beta: ssh applying"}) {
		t.Errorf("the gateway fails: %q, %v", got, err)
	}
}

// sameSet compares without order: the records of one second are ordered by their plans' IDs.
func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
