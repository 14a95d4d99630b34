package shell

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/interp"

	"portico/gateway/emulator/internal/memfs"
)

// programs are all there are, by name.
func programs() map[string]program {
	all := map[string]program{
		"sh": shProgram, "sudo": sudo, "env": env, "nohup": nohup, "setsid": setsid, "timeout": timeout, "flock": flock, "sleep": sleep,
		"kill": kill,
		"true": builtinOr("true"), "false": builtinOr("false"), "echo": builtinOr("echo"), "printf": builtinOr("printf"),
		"test": builtinOr("test"), "[": builtinOr("["),
		"id": id, "whoami": whoami, "hostname": hostname, "uname": uname, "date": date, "nproc": nproc, "sync": nothing,
	}
	maps.Copy(all, filePrograms())
	maps.Copy(all, textPrograms())
	maps.Copy(all, netPrograms())
	all["systemctl"], all["systemd-run"] = systemctl, systemdRun
	return all
}

// administrators' programs are in /usr/sbin.
var inSbin = []string{"iptables", "iptables-save", "iptables-restore", "sysctl", "conntrack", "keepalived"}

// install puts the programs and the files of a cloud image on the disk.
func (m *Machine) install() {
	must := func(err error) {
		if err != nil {
			panic(err) // an empty file system takes what is written here
		}
	}
	dirs := []string{
		"/usr/bin", "/usr/sbin", "/usr/lib/systemd/system", "/usr/local/bin", "/etc/sysctl.d", "/etc/iptables",
		"/etc/systemd/system/multi-user.target.wants", "/var/lib", "/var/log", "/root", "/home",
		"/proc/sys/net/ipv4", "/proc/sys/kernel/random", "/dev", "/tmp",
	}
	for _, d := range dirs {
		must(m.FS.Mkdir(memfs.Root, d, 0o755, true))
	}
	must(m.FS.Chmod(memfs.Root, "/tmp", 0o777))
	must(m.FS.Chmod(memfs.Root, "/root", 0o700))
	for link, to := range map[string]string{"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/var/run": "/run"} {
		must(m.FS.Symlink(memfs.Root, to, link))
	}
	for name := range m.programs {
		dir := "/usr/bin/"
		if slices.Contains(inSbin, name) {
			dir = "/usr/sbin/"
		}
		must(m.FS.Write(memfs.Root, dir+name, []byte(elf+name), 0o755, false))
	}
	for _, f := range []struct{ name, text string }{
		{"/etc/hostname", m.Hostname + "\n"},
		{"/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"},
		{"/etc/sysctl.conf", "# /etc/sysctl.conf - Configuration file for setting system variables\n"},
		{"/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndebian:x:1000:1000:Debian:/home/debian:/bin/bash\n"},
	} {
		must(m.FS.Write(memfs.Root, f.name, []byte(f.text), 0o644, false))
	}
	must(m.FS.Special("/dev/null", 0o666, memfs.Special{Read: func() string { return "" }, Write: func(string) bool { return true }}))
	must(m.FS.Special("/proc/uptime", 0o444, memfs.Special{Read: m.uptime}))
	must(m.FS.Special("/proc/sys/kernel/random/boot_id", 0o444, memfs.Special{Read: m.bootID}))
	for name := range m.Kernel.Sysctls() {
		file := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
		must(m.FS.Mkdir(memfs.Root, file[:strings.LastIndexByte(file, '/')], 0o555, true))
		must(m.FS.Special(file, 0o644, memfs.Special{
			Read: func() string {
				v, _ := m.Kernel.Sysctl(name)
				return v + "\n"
			},
			Write: func(text string) bool { return m.Kernel.SetSysctl(name, text) },
		}))
	}
}

// AddUser makes a login user with a home directory.
func (m *Machine) AddUser(name string) error {
	if name == string(memfs.Root) {
		return nil
	}
	home := "/home/" + name
	if err := m.FS.Mkdir(memfs.Root, home, 0o755, true); err != nil {
		return fmt.Errorf("making %s's home: %w", name, err)
	}
	return m.FS.Chown(memfs.Root, home, memfs.Who(name))
}

// ownCommands are the builtins that are ours in place of the interpreter's.
func ownCommands() map[string]func(*script, []string) int {
	return map[string]func(*script, []string) int{
		"command": commandV, "type": typeOf, "hash": hash,
		"umask":       func(s *script, _ []string) int { s.printf("%04o\n", s.umask); return 0 },
		"kill":        func(s *script, args []string) int { return kill(s.process, args) },
		"echo":        func(s *script, args []string) int { return s.builtin(append([]string{"echo"}, args...)) },
		"printf":      func(s *script, args []string) int { return s.builtin(append([]string{"printf"}, args...)) },
		"ulimit":      func(s *script, _ []string) int { s.printf("unlimited\n"); return 0 },
		"unsupported": func(s *script, args []string) int { s.fail("sh", "%s: unknown operator", args[0]); return 2 },
	}
}

// commandV is "command -v NAME...".
func commandV(s *script, args []string) int {
	status := 0
	for _, name := range args {
		if strings.HasPrefix(name, "-") {
			continue
		}
		if where, ok := s.whereIs(name); ok {
			s.printf("%s\n", where)
		} else {
			status = 127
		}
	}
	return status
}

// hash remembers nothing, but says what is not there.
func hash(s *script, args []string) int {
	for _, name := range args {
		if _, ok := s.whereIs(name); !ok && !strings.HasPrefix(name, "-") {
			return s.fail("sh", "hash: %s: not found", name)
		}
	}
	return 0
}

func typeOf(s *script, args []string) int {
	status := 0
	for _, name := range args {
		where, ok := s.whereIs(name)
		switch {
		case !ok:
			s.printf("%s: not found\n", name)
			status = 127
		case where == name:
			s.printf("%s is a shell builtin\n", name)
		default:
			s.printf("%s is %s\n", name, where)
		}
	}
	return status
}

func (s *script) whereIs(name string) (string, bool) {
	if s.functions[name] || slices.Contains(builtins, name) || s.machine.own[name] != nil && interp.IsBuiltin(name) {
		return name, true
	}
	file, status := s.lookPath(name)
	return file, status == 0
}

func nothing(*process, []string) int { return 0 }

// builtinOr is the program of which the shell has a builtin, too: called by sudo or a path.
func builtinOr(name string) program {
	return func(p *process, args []string) int {
		if p.builtin == nil {
			return p.script(name+` "$@"`, "sh", args)
		}
		return p.builtin(append([]string{name}, args...))
	}
}
