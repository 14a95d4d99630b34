package door

import (
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
)

// Cost is what a plan takes of one limit. Peak counts what exists meanwhile: new rules are made
// before old ones go.
type Cost struct {
	Name                string
	Before, After, Peak int
	Limit               cloud.Limit
}

// Costs returns what it takes of the project's quotas to have the doors as they should be.
func (k *Keeper) Costs(doors ...*Door) []Cost {
	q := k.Inventory.Quotas
	groups := Cost{Name: "security groups", Before: q.SecurityGroups.Used, Limit: q.SecurityGroups}
	rules := Cost{Name: "security group rules", Before: q.SecurityGroupRules.Used, Limit: q.SecurityGroupRules}
	for _, d := range doors {
		newGroups, newRules, goneGroups, goneRules := d.delta(k.OthersNeed(d))
		groups.Peak += newGroups
		rules.Peak += newRules
		groups.After += newGroups - goneGroups
		rules.After += newRules - goneRules
	}
	for _, c := range []*Cost{&groups, &rules} {
		c.Peak += c.Before
		c.After += c.Before
	}
	return []Cost{groups, rules}
}

// delta counts what the door's steps create and delete.
func (d *Door) delta(others []string) (newGroups, newRules, goneGroups, goneRules int) {
	if d.Needed() && d.Have == nil {
		newGroups, newRules = 1, defaultRules
	}
	for _, r := range d.Want {
		if d.Needed() && !d.has(r) {
			newRules++
		}
	}
	if d.Have != nil && !d.Needed() && len(others) == 0 {
		return newGroups, newRules, 1, len(d.Have.Rules)
	}
	for _, r := range d.standing() {
		if !slices.ContainsFunc(d.Want, func(w Rule) bool { return w.matches(r) }) {
			goneRules++
		}
	}
	return newGroups, newRules, goneGroups, goneRules
}

// TooMany reports whether a limit is exceeded on the way only.
func TooMany(costs []Cost) bool {
	return slices.ContainsFunc(costs, func(c Cost) bool { return c.Limit.Known && c.Limit.Max >= 0 && c.Peak > c.Limit.Max })
}

// CheckQuota refuses a plan that would run into a limit that is known.
func CheckQuota(costs []Cost) error {
	for _, c := range costs {
		if c.Limit.Known && c.Limit.Max >= 0 && c.After > c.Limit.Max && c.After > c.Before {
			return &gateway.Error{
				Op: "open the doors: not enough", Target: c.Name, Kind: gateway.Quota,
				Err:  fmt.Errorf("%d are in use, %d more are needed, the project may have %d", c.Before, c.After-c.Before, c.Limit.Max),
				Next: "delete some that nobody needs, or ask for a larger quota; nothing was changed",
			}
		}
	}
	return nil
}
