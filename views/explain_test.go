package views_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/views"
)

func TestExplain(t *testing.T) {
	dial := &cloud.Error{Op: "connect to", Target: "gw-1", Kind: cloud.Unreachable, Err: errors.New("i/o timeout"), Next: "check that it runs"}
	bare := &cloud.Error{Op: "connect to", Target: "gw-1", Kind: cloud.Unreachable}
	look := func(err error, next string) error {
		return &cloud.Error{Op: "look at gateway", Target: "gw-1", Kind: cloud.Unreachable, Err: err, Next: next}
	}
	cases := []struct {
		name string
		err  error
		want cloud.Explanation
	}{
		{"none", nil, cloud.Explanation{}},
		{"one", dial, cloud.Explanation{What: "could not connect to gw-1", Why: "i/o timeout", Next: "check that it runs"}},
		{"one in another", look(dial, ""), cloud.Explanation{What: "could not connect to gw-1", Why: "i/o timeout", Next: "check that it runs"}},
		{"the outer advice counts", look(dial, "start it"), cloud.Explanation{What: "could not connect to gw-1", Why: "i/o timeout", Next: "start it"}},
		{"three deep", look(look(bare, "start it"), ""), cloud.Explanation{What: "could not connect to gw-1", Why: "unreachable", Next: "start it"}},
		{
			"with words between them", look(fmt.Errorf("by way of jump: %w", dial), ""),
			cloud.Explanation{What: "could not look at gateway gw-1", Why: "by way of jump: could not connect to gw-1: i/o timeout", Next: "check that it runs"},
		},
		{"of another kind", errors.New("boom"), cloud.Explain(errors.New("boom"))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, views.Explain(c.err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
