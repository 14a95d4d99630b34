package publish

import (
	"slices"
	"strings"

	"portico/gateway"
	"portico/gateway/plan"
)

// repair wants what stands, and nothing else. Without instances it is about all doors; with some,
// other instances' doors are left as they are.
func (w *wanted) repair() error {
	w.all = slices.Clone(w.have)
	if len(w.req.Instances) > 0 {
		w.named = map[string]bool{}
	}
	for _, name := range w.req.Instances {
		i, err := w.instance(name)
		if err != nil {
			return err
		}
		w.named[i.ID] = true
	}
	w.putBack()
	for _, f := range w.all {
		if !w.lost(f) && (w.named == nil || w.named[f.Instance]) {
			w.items = append(w.items, Item{Forward: f, Instance: w.nameOf(f)})
		}
	}
	return nil
}

// repaired leaves out of a proposal what only a plan that changes something needs: the forwards to
// test afterwards, and the advice to repair.
func repaired(pr Proposal) Proposal {
	if pr.Plan.Empty() {
		pr.Items = nil
	}
	pr.Plan.Warnings = slices.DeleteFunc(slices.Clone(pr.Plan.Warnings), func(x plan.Warning) bool {
		return strings.Contains(x.Title+x.Detail, "portico repair") // which this is
	})
	return pr
}

// Drifted reports whether anything of Portico's own is not as plans left it.
func Drifted(s gateway.State) bool {
	return slices.ContainsFunc(s.Drift, func(d gateway.Drift) bool { return d.Kind == gateway.Strange || d.Kind == gateway.Missing })
}
