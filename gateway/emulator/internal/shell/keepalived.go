package shell

import (
	"maps"
	"slices"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// keepalived reads its configuration and believes it. What it does is what [Machine.Sharing] tells: it holds
// addresses while a unit runs that starts it, and while the other hosts let it.
func keepalived(p *process, args []string) int {
	file := useFile(args)
	if _, err := p.machine.FS.Read(p.user, file); err != nil {
		p.errorf("(/) Unable to open configuration file %s\n", file)
		return 1
	}
	return 0
}

func useFile(args []string) string {
	if i := slices.Index(args, "--use-file"); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return "/etc/keepalived/keepalived.conf"
}

// Sharing lists what keepalived would give this machine, as "address/bits": the virtual addresses of the
// units that run it. The machine that is active holds them.
func (m *Machine) Sharing() []string {
	m.mu.Lock()
	units := maps.Clone(m.units)
	m.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(units)) {
		p := m.init(m.Lifetime(), m.journal())
		u, ok := p.loadUnit(name)
		start := strings.Fields(u.get("Service.ExecStart"))
		if units[name] != active || !ok || len(start) == 0 || !strings.HasSuffix(start[0], "/keepalived") {
			continue
		}
		text, _ := m.FS.Read(memfs.Root, useFile(start))
		_, list, _ := strings.Cut(string(text), "virtual_ipaddress {")
		list, _, _ = strings.Cut(list, "}")
		for line := range strings.Lines(list) {
			if f := strings.Fields(line); len(f) > 0 {
				out = append(out, f[0])
			}
		}
	}
	return out
}

// sharedHere lists the virtual addresses that this machine holds now.
func (m *Machine) sharedHere() []string {
	list := m.Sharing()
	if len(list) > 0 && m.Elected != nil && !m.Elected() {
		return nil
	}
	return list
}
