package shell

import "slices"

// ip knows "ip -o -4 addr show": the machine's own addresses, one a line.
func ip(p *process, args []string) int {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "show" || a == "list" })
	if !slices.Equal(args, []string{"-o", "-4", "addr"}) {
		return p.fail("ip", "only 'ip -o -4 addr show' is known here")
	}
	p.printf("1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n")
	if a := p.machine.Address; a.IsValid() {
		p.printf("2: %s    inet %s/24 metric 100 scope global dynamic %[1]s\\       valid_lft 85929sec preferred_lft 85929sec\n", p.machine.Device, a)
	}
	for _, a := range p.machine.sharedHere() {
		p.printf("2: %s    inet %s scope global %[1]s\\       valid_lft forever preferred_lft forever\n", p.machine.Device, a)
	}
	return 0
}
