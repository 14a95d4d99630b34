package publish

import (
	"net/netip"
	"slices"

	"portico/gateway"
)

// owner is what has one forward at most: a service of an instance, or, where a whole subnet is
// published, of an address.
type owner struct {
	instance, service string
	protocol          gateway.Protocol
}

func ownerOf(f gateway.Forward) owner {
	if f.Subnet != "" {
		return owner{f.Private.Addr().String(), f.Service.Name, f.Service.Protocol}
	}
	return owner{f.Instance, f.Service.Name, f.Service.Protocol}
}

// forwardSet is forwards in the order in which they were added, found by whose they are and by
// their public port without looking through all of them.
type forwardSet struct {
	list    []gateway.Forward
	gone    []bool
	byOwner map[owner][]int
	byKey   map[gateway.Key][]int
	of      map[string][]int // by instance or subnet
}

func newForwardSet(fs []gateway.Forward) *forwardSet {
	s := &forwardSet{
		list: make([]gateway.Forward, 0, len(fs)), byOwner: make(map[owner][]int, len(fs)),
		byKey: make(map[gateway.Key][]int, len(fs)), of: map[string][]int{},
	}
	for _, f := range fs {
		s.add(f)
	}
	return s
}

func (s *forwardSet) add(f gateway.Forward) {
	n := len(s.list)
	s.list, s.gone = append(s.list, f), append(s.gone, false)
	s.byOwner[ownerOf(f)] = append(s.byOwner[ownerOf(f)], n)
	for _, k := range f.Keys() {
		s.byKey[k] = append(s.byKey[k], n)
	}
	s.of[f.Owner().ID] = append(s.of[f.Owner().ID], n)
}

// forwards are those that are left, in order.
func (s *forwardSet) forwards() []gateway.Forward {
	out := make([]gateway.Forward, 0, len(s.list))
	for n, f := range s.list {
		if !s.gone[n] {
			out = append(out, f)
		}
	}
	return out
}

// stands finds the forward that a service of an instance has at an address.
func (s *forwardSet) stands(o owner, addr netip.Addr) (gateway.Forward, bool) {
	for _, n := range s.byOwner[o] {
		if !s.gone[n] && s.list[n].Private.Addr() == addr {
			return s.list[n], true
		}
	}
	return gateway.Forward{}, false
}

// rivals are the places of what a forward may have to replace: what has its public port, and what
// its owner has now.
func (s *forwardSet) rivals(f gateway.Forward) []int {
	places := slices.Clone(s.byOwner[ownerOf(f)])
	for _, k := range f.Keys() {
		places = append(places, s.byKey[k]...)
	}
	slices.Sort(places)
	return s.left(slices.Compact(places))
}

// meeting are the places of what has one of a forward's public ports.
func (s *forwardSet) meeting(f gateway.Forward) []int {
	var places []int
	for _, k := range f.Keys() {
		places = append(places, s.byKey[k]...)
	}
	slices.Sort(places)
	return s.left(slices.Compact(places))
}

// ofOwner are the places of the forwards of an instance or a subnet.
func (s *forwardSet) ofOwner(id string) []int { return s.left(slices.Clone(s.of[id])) }

func (s *forwardSet) left(places []int) []int {
	return slices.DeleteFunc(places, func(n int) bool { return s.gone[n] })
}
