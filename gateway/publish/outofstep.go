package publish

import (
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
)

// OutOfStep counts what a sync would have to do, from the snapshot alone and without a plan: cheap enough
// for every refresh.
func OutOfStep(s Snapshot) InStep {
	var step InStep
	if s.Inventory.Unknown("ports") {
		return step
	}
	w := whereaboutsOf(s.Inventory)
	for _, d := range s.Drift() {
		switch {
		case d.Kind == gateway.Reused:
			step.Wrong++
		case d.Kind == gateway.Gone && w.there[d.Forward.Instance] && len(w.has[d.Forward.Instance]) > 0:
			step.Moved++
		case d.Kind == gateway.Gone:
			step.Gone++
		}
	}
	if s.State != nil && len(s.State.Covers) > 0 {
		step.New, step.Doors = unserved(s, w)
	}
	return step
}

// served is one service of an instance that has a forward.
type served struct{ instance, service string }

// unserved counts the instances of published subnets that lack a forward of their own, or an open door.
func unserved(s Snapshot, w whereabouts) (fresh, shut int) {
	own, whole := servedNow(s.State.Forwards)
	door := privateGroup(s)
	isFresh, isShut := map[string]bool{}, map[string]bool{}
	for _, p := range s.Inventory.Ports {
		if !w.there[p.DeviceID] || p.DeviceID == s.Gateway.InstanceID || s.Gateway.IsMember(p.DeviceID) {
			continue
		}
		for _, c := range s.State.Covers {
			if !within(p, c.Subnet) {
				continue
			}
			for _, svc := range c.Services {
				k := served{p.DeviceID, svc.Name}
				isFresh[p.DeviceID] = isFresh[p.DeviceID] || !c.Whole && !own[k]
				isShut[p.DeviceID] = isShut[p.DeviceID] || c.Whole && whole[k] && p.PortSecurity && !slices.Contains(p.Groups, door)
			}
		}
	}
	return countTrue(isFresh), countTrue(isShut)
}

// servedNow is what is served by forwards of the instances' own, and by those of whole subnets.
func servedNow(fs []gateway.Forward) (own, whole map[served]bool) {
	own, whole = map[served]bool{}, map[served]bool{}
	for _, f := range fs {
		if f.Subnet != "" {
			whole[served{f.Instance, f.Service.Name}] = true
		} else {
			own[served{f.Instance, f.Service.Name}] = true
		}
	}
	return own, whole
}

// within reports whether a port has an address of IPv4 in a subnet.
func within(p cloud.Port, subnet string) bool {
	return slices.ContainsFunc(p.FixedIPs, func(ip cloud.FixedIP) bool { return ip.SubnetID == subnet && ip.Addr.Is4() })
}

// privateGroup is the group that published instances of the gateway carry; "" is none yet.
func privateGroup(s Snapshot) string {
	for _, g := range s.Inventory.SecurityGroups {
		if g.Description == fmt.Sprintf("portico v1 gateway=%s role=private", s.Gateway.ID()) {
			return g.ID
		}
	}
	return ""
}

func countTrue(m map[string]bool) int {
	n := 0
	for _, yes := range m {
		if yes {
			n++
		}
	}
	return n
}
