package publish

import "portico/cloud"

// directory finds in an inventory what a plan for thousands of instances asks for again and again.
type directory struct {
	inv   cloud.Inventory
	home  home
	byID  map[string]cloud.Instance
	named map[string]int // how many instances have a name
	ids   map[string]string
	ports map[string][]cloud.Port
}

func newDirectory(s Snapshot) *directory {
	inv := s.Inventory
	d := &directory{
		inv: inv, home: homeOf(inv, s.Gateway), byID: make(map[string]cloud.Instance, len(inv.Instances)),
		named: make(map[string]int, len(inv.Instances)), ids: make(map[string]string, len(inv.Instances)), ports: portsByInstance(inv.Ports),
	}
	for _, i := range inv.Instances {
		d.byID[i.ID] = i
		d.named[i.Name]++
		d.ids[i.Name] = i.ID
	}
	return d
}

// resolve finds an instance by ID or by its exact name.
func (d *directory) resolve(want string) (cloud.Instance, error) {
	if i, ok := d.byID[want]; ok {
		return i, nil
	}
	if d.named[want] == 1 {
		return d.byID[d.ids[want]], nil
	}
	return resolveInstance(d.inv, want) // which says what is wrong
}

// name is an instance's name; one that is gone is named by its ID.
func (d *directory) name(id string) string {
	if i, ok := d.byID[id]; ok {
		return i.Name
	}
	return id
}
