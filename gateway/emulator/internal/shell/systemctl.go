package shell

import (
	"path"
	"slices"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// Where unit files are, the first first; wants is where links to enabled ones are.
var unitDirs = []string{"/etc/systemd/system", "/usr/lib/systemd/system"}

const (
	wants   = "/etc/systemd/system/"
	boot    = "multi-user.target.wants"
	arrow   = " → "
	active  = "active"
	failure = "failed"
)

// unit is a unit file's settings: "Service.ExecStart" -> its lines, in order.
type unit struct {
	name, file string
	settings   map[string][]string
}

func (u unit) get(key string) string {
	if v := u.settings[key]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// systemctl manages the units in the file system.
func systemctl(p *process, args []string) int {
	o := options{short: "qlf", long: map[string]byte{
		"--now": 'N', "--quiet": 'q', "--no-pager": 'l', "--no-block": 'l', "--no-reload": 'l', "--full": 'l', "--force": 'f', "--system": 'l', "--no-ask-password": 'l',
	}}
	g, words, err := o.parse(args)
	now := slices.Contains(args, "--now")
	if err != nil || len(words) == 0 {
		return p.fail("systemctl", "bad usage")
	}
	verb, names := words[0], words[1:]
	switch verb {
	case "daemon-reload", "enable", "disable", "start", "stop", "restart", "reset-failed":
		if p.user != memfs.Root {
			return p.fail("Failed to "+verb, "Interactive authentication is required")
		}
	}
	switch verb {
	case "daemon-reload":
		return 0
	case "reset-failed":
		p.machine.forgetFailed(names)
		return 0
	case "is-system-running":
		p.printf("running\n")
		return 0
	case "list-units", "list-unit-files":
		return 0
	}
	result := 0
	for _, n := range names {
		if !strings.Contains(n, ".") {
			n += ".service"
		}
		if s := p.unitVerb(verb, n, now, g.has('q')); s != 0 {
			result = s
		}
	}
	return result
}

func (p *process) unitVerb(verb, name string, now, quiet bool) int {
	u, ok := p.loadUnit(name)
	switch verb {
	case "is-enabled":
		return p.isEnabled(u, ok, quiet)
	case "is-active", "is-failed", "status":
		return p.unitState(verb, name, ok, quiet)
	}
	if verb == "stop" && p.endService(name) {
		return 0
	}
	if !ok && verb != "disable" {
		if verb == "enable" {
			return p.fail("Failed to enable unit", "Unit file %s does not exist.", name)
		}
		p.errorf("Failed to %s %s: Unit %s not found.\n", verb, name, name)
		return 5
	}
	return p.change(verb, u, ok, now)
}

// change carries out a verb that does something.
func (p *process) change(verb string, u unit, exists, now bool) int {
	switch verb {
	case "enable":
		if s := p.enable(u); s != 0 || !now {
			return s
		}
		return p.start(u)
	case "disable":
		s := p.disable(u.name, exists)
		if now && exists && s == 0 {
			return p.stop(u)
		}
		return s
	case "start":
		if p.machine.unitState(u.name) == active && u.get("Service.RemainAfterExit") == "yes" {
			return 0
		}
		return p.start(u)
	case "stop":
		return p.stop(u)
	case "restart":
		p.stop(u)
		return p.start(u)
	case "cat":
		text, _ := p.machine.FS.Read(memfs.Root, u.file)
		p.printf("# %s\n%s", u.file, text)
		return 0
	}
	return p.fail("Unknown command verb", "'%s'", verb)
}

// loadUnit finds and reads a unit file.
func (p *process) loadUnit(name string) (unit, bool) {
	for _, dir := range unitDirs {
		file := path.Join(dir, name)
		text, err := p.machine.FS.Read(memfs.Root, file)
		if err != nil {
			continue
		}
		u := unit{name: name, file: file, settings: map[string][]string{}}
		section := ""
		for _, line := range lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || line[0] == ';' {
				continue
			}
			if line[0] == '[' {
				section = strings.Trim(line, "[]")
				continue
			}
			key, value, _ := strings.Cut(line, "=")
			key = section + "." + strings.TrimSpace(key)
			u.settings[key] = append(u.settings[key], strings.TrimSpace(value))
		}
		return u, true
	}
	return unit{name: name}, false
}

func (p *process) isEnabled(u unit, exists, quiet bool) int {
	if !exists {
		if !quiet {
			p.errorf("Failed to get unit file state for %s: No such file or directory\n", u.name)
		}
		return 1
	}
	state, status := "static", 0
	if targets := strings.Fields(u.get("Install.WantedBy")); len(targets) > 0 {
		state, status = "disabled", 1
		for _, t := range targets {
			if _, err := p.machine.FS.Stat(wants+t+".wants/"+u.name, false); err == nil {
				state, status = "enabled", 0
			}
		}
	}
	if !quiet {
		p.printf("%s\n", state)
	}
	return status
}

func (p *process) unitState(verb, name string, exists, quiet bool) int {
	state := p.machine.unitState(name)
	if verb == "status" && !exists {
		p.errorf("Unit %s could not be found.\n", name)
		return 4
	}
	if !quiet {
		p.printf("%s\n", state)
	}
	good := state == active
	if verb == "is-failed" {
		good = state == failure
	}
	switch {
	case good:
		return 0
	case verb == "is-failed":
		return 1
	}
	return 3
}

func (m *Machine) unitState(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.units[name]; s != "" {
		return s
	}
	return "inactive"
}

// forgetFailed makes the units named, or all, forget that they failed.
func (m *Machine) forgetFailed(names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, state := range m.units {
		if state == failure && (len(names) == 0 || slices.Contains(names, name) || slices.Contains(names, strings.TrimSuffix(name, ".service"))) {
			delete(m.units, name)
		}
	}
}

func (m *Machine) setUnit(name, state string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.units[name] = state
}

func (p *process) enable(u unit) int {
	targets := strings.Fields(u.get("Install.WantedBy"))
	if len(targets) == 0 {
		p.errorf("The unit files have no installation config (WantedBy=, RequiredBy=, Also=,\nAlias= settings in the [Install] section, and DefaultInstance= for template\nunits). This means they are not meant to be enabled or disabled using systemctl.\n")
		return 0
	}
	for _, t := range targets {
		dir := wants + t + ".wants"
		link := dir + "/" + u.name
		if _, err := p.machine.FS.Stat(link, false); err == nil {
			continue
		}
		err := p.machine.FS.Mkdir(p.user, dir, 0o755, true)
		if err == nil {
			err = p.machine.FS.Symlink(p.user, u.file, link)
		}
		if err != nil {
			return p.fail("Failed to enable unit", "%v", reason(err))
		}
		p.errorf("Created symlink %s%s%s.\n", link, arrow, u.file)
	}
	return 0
}

// disable takes the links away; that of a unit whose file is gone, too.
func (p *process) disable(name string, exists bool) int {
	infos, _ := p.machine.FS.ReadDir(memfs.Root, wants)
	found := false
	for _, dir := range infos {
		link := wants + dir.Name() + "/" + name
		if !strings.HasSuffix(dir.Name(), ".wants") || p.machine.FS.Remove(p.user, link, false) != nil {
			continue
		}
		found = true
		p.errorf("Removed \"%s\".\n", link)
	}
	if !exists && !found {
		return p.fail("Failed to disable unit", "Unit file %s does not exist.", name)
	}
	return 0
}

// start runs a unit's ExecStart lines, as root.
func (p *process) start(u unit) int {
	q := p.machine.init(p.ctx, p.machine.journal())
	for _, line := range slices.Concat(u.settings["Service.ExecStartPre"], u.settings["Service.ExecStart"]) {
		optional := strings.HasPrefix(line, "-")
		if s := q.command(line); s != 0 && !optional {
			p.machine.setUnit(u.name, failure)
			p.errorf("Job for %s failed because the control process exited with error code.\nSee \"systemctl status %s\" and \"journalctl -xeu %s\" for details.\n", u.name, u.name, u.name)
			return 1
		}
	}
	state := active
	if u.get("Service.Type") == "oneshot" && u.get("Service.RemainAfterExit") != "yes" {
		state = "inactive"
	}
	p.machine.setUnit(u.name, state)
	return 0
}

// command runs a command line of a unit file.
func (p *process) command(line string) int {
	words := unitWords(strings.TrimLeft(line, "-+!"))
	if len(words) == 0 {
		return 0
	}
	return p.run(words)
}

func (p *process) stop(u unit) int {
	if p.machine.unitState(u.name) == active {
		q := p.machine.init(p.ctx, p.machine.journal())
		for _, line := range u.settings["Service.ExecStop"] {
			q.command(line)
		}
	}
	p.machine.setUnit(u.name, "inactive")
	return 0
}

// journal is where units print: a file, so that a failed start can be looked into.
func (m *Machine) journal() *output {
	return &output{fs: m.FS, user: memfs.Root, name: "/var/log/journal.log", mode: 0o640}
}
