package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"portico/gateway"
	"portico/gateway/scheme"
)

// Formulas that are typed for one request give the ports, and what stands by them can be kept in step by
// somebody who has never heard of them.
func TestFormula(t *testing.T) {
	p := testPublisher(t)
	s := subnetSnapshot(t, p, nil)
	pr, err := p.Plan(context.Background(), s, Request{Instances: []string{"beta"}, Services: []string{"ssh", "http"}, Formula: "40000 + 2*n; http = 40001+2*n"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(changedItems(pr), " "); got != "+40024>12 beta +40025>12 beta" {
		t.Errorf("it plans %s", got)
	}
	pr, err = p.Plan(context.Background(), s, Request{Subnets: []string{"lab-v4"}, Services: []string{"ssh", "http"}, Formula: "ssh=40000+2*n;http=40001 +  2*n", KeepPorts: false})
	if err != nil {
		t.Fatal(err)
	}
	want := []gateway.Cover{cover(true, "ssh"), cover(true, "http")}
	want[0].Scheme, want[0].Formula, want[1].Scheme, want[1].Formula = OwnScheme, "40000+2*n", OwnScheme, "40001 + 2*n"
	if !slices.EqualFunc(pr.covers, want, gateway.Cover.Equal) || len(pr.want) != 502 {
		t.Fatalf("%d forwards by %+v", len(pr.want), pr.covers)
	}
	later := subnetSnapshot(t, p, pr.covers, pr.want[4:]...) // two addresses' forwards are missing
	for _, req := range []Request{{Sync: true}, {Subnets: []string{"lab-v4"}, Services: []string{"ssh", "http"}, KeepPorts: true, KeepSources: true}} {
		again, err := p.Plan(context.Background(), later, req)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(again.want, pr.want, gateway.Forward.Equal) || len(again.Made()) != 4 {
			t.Errorf("%+v makes %d of the four that are missing", req, len(again.Made()))
		}
	}
}

func TestFormulaRefused(t *testing.T) {
	p := testPublisher(t)
	s := subnetSnapshot(t, p, nil)
	long := "40000+n" + strings.Repeat("+1000000-1000000", 9)
	for _, c := range []struct {
		req Request
		at  int
		why string
	}{
		{Request{Instances: []string{"beta"}, Formula: "40000 + nn"}, 9, "unknown name nn"},
		{Request{Instances: []string{"beta"}, Formula: "ssh=40000+n", Services: []string{"http"}}, 0, "no service http"},
		{Request{Instances: []string{"beta"}, Formula: "n"}, 0, "outside"},
		{Request{Instances: []string{"beta"}, Formula: "40000+n", Scheme: "per-service"}, 0, "both say"},
		{Request{Subnets: []string{"lab-v4"}, Formula: "http=40000+n"}, 0, "none for ssh"},
		{Request{Subnets: []string{"lab-v4"}, Formula: "40000"}, 0, "cannot have their port"},
		{Request{Subnets: []string{"lab-v4"}, Formula: long}, 0, "too long"},
	} {
		_, err := p.Plan(context.Background(), s, c.req)
		var at *scheme.FormulaError
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%+v: %v", c.req, err)
		} else if errors.As(err, &at); c.at > 0 && (at == nil || at.At != c.at) {
			t.Errorf("%+v: at %+v, want %d", c.req, at, c.at)
		}
	}
}
