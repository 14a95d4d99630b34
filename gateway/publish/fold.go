package publish

import (
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// Fold is forwards of a subnet that no instance uses yet, and that differ in their address alone: what
// lists show as one line.
type Fold struct {
	Action      plan.Action
	First, Last gateway.Forward // by private address
	Count       int
	Name        string // "subnet lan"
}

// Public is "203.0.113.10:30002-30254": all the public ports lie within, but need not be all of these.
func (f Fold) Public() string {
	if f.Count == 1 {
		return f.First.PublicText()
	}
	return fmt.Sprintf("%s-%d", f.First.Public, f.Last.PublicLast())
}

// Private is "10.20.0.2-10.20.0.254 port 22".
func (f Fold) Private() string {
	a, b := f.First.Private, f.Last.Private
	if f.Count == 1 {
		return f.First.PrivateText()
	}
	if a.Port() != b.Port() { // each has the port that it has outside
		return fmt.Sprintf("%s-%s", a.Addr(), b.Addr())
	}
	return fmt.Sprintf("%s-%s port %s", a.Addr(), b.Addr(), gateway.PortText(a.Port(), f.First.Ports()))
}

// Who is "239 addresses of subnet lan without a VM".
func (f Fold) Who() string {
	what := "addresses"
	if f.Count == 1 {
		what = "address"
	}
	return fmt.Sprintf("%d %s of %s without a VM", f.Count, what, f.Name)
}

// Folded parts items into those that lists show one by one, and those that are shown together.
func Folded(items []Item) (shown []Item, folds []Fold) {
	type key struct {
		action           plan.Action
		subnet, service  string
		protocol, source string
	}
	index := map[key]int{}
	for _, i := range items {
		f := i.Forward
		if f.Subnet == "" || f.Instance != "" {
			shown = append(shown, i)
			continue
		}
		k := key{i.Action, f.Subnet, f.Service.Name, string(f.Service.Protocol), fmt.Sprint(f.Sources)}
		n, known := index[k]
		if !known {
			index[k] = len(folds)
			folds = append(folds, Fold{Action: i.Action, First: f, Last: f, Count: 1, Name: i.Instance})
			continue
		}
		fold := &folds[n]
		fold.Count++
		if f.Private.Addr().Less(fold.First.Private.Addr()) {
			fold.First = f
		}
		if fold.Last.Private.Addr().Less(f.Private.Addr()) {
			fold.Last = f
		}
	}
	slices.SortStableFunc(folds, func(a, b Fold) int { return a.First.Public.Compare(b.First.Public) })
	return shown, folds
}

// FoldedForwards is [Folded] for what stands.
func FoldedForwards(inv cloud.Inventory, fs []gateway.Forward) (shown []gateway.Forward, folds []Fold) {
	items := make([]Item, len(fs))
	for i, f := range fs {
		if items[i].Forward = f; f.Subnet != "" {
			items[i].Instance = "subnet " + SubnetName(inv, f.Subnet)
		}
	}
	rest, folds := Folded(items)
	shown = make([]gateway.Forward, len(rest))
	for i, item := range rest {
		shown[i] = item.Forward
	}
	return shown, folds
}
