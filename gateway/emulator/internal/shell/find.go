package shell

import (
	"io/fs"
	"path"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// test is one of find's conditions.
type test func(memfs.Info) bool

// find knows "find PATH... [-name PATTERN] [-type f|d|l] [-perm /MODE|-MODE|MODE] [-print]".
func find(p *process, args []string) int {
	var roots []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		roots, args = append(roots, args[0]), args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	var tests []test
	for len(args) > 0 {
		if args[0] == "-print" {
			args = args[1:]
			continue
		}
		if len(args) < 2 {
			return p.fail("find", "missing argument to `%s'", args[0])
		}
		t := condition(args[0], args[1])
		if t == nil {
			return p.fail("find", "unknown predicate or argument `%s %s'", args[0], args[1])
		}
		tests, args = append(tests, t), args[2:]
	}
	ok := true
	for _, r := range roots {
		ok = p.walk(r, tests) && ok
	}
	return status(ok)
}

// condition is nil for one that is not known here.
func condition(name, value string) test {
	switch name {
	case "-name":
		if _, err := path.Match(value, ""); err == nil {
			return func(i memfs.Info) bool { ok, _ := path.Match(value, i.Name()); return ok }
		}
	case "-type":
		if len(value) == 1 && strings.Contains("dl-f", value) {
			return func(i memfs.Info) bool { return strings.Replace(unixMode(i.Mode())[:1], "-", "f", 1) == value }
		}
	case "-perm":
		mode, ok := octal(strings.TrimLeft(value, "/-"))
		switch {
		case !ok:
		case value[0] == '/':
			return func(i memfs.Info) bool { return mode == 0 || i.Mode().Perm()&mode != 0 }
		case value[0] == '-':
			return func(i memfs.Info) bool { return i.Mode().Perm()&mode == mode }
		default:
			return func(i memfs.Info) bool { return i.Mode().Perm() == mode }
		}
	}
	return nil
}

func (p *process) walk(name string, tests []test) bool {
	info, err := p.machine.FS.Stat(p.abs(name), false)
	if err != nil {
		p.errorf("find: '%s': %v\n", name, reason(err))
		return false
	}
	fits := true
	for _, t := range tests {
		fits = fits && t(info)
	}
	if fits {
		p.printf("%s\n", name)
	}
	if info.Mode()&fs.ModeSymlink != 0 || !info.IsDir() {
		return true
	}
	infos, err := p.machine.FS.ReadDir(p.user, p.abs(name))
	if err != nil {
		p.errorf("find: '%s': %v\n", name, reason(err))
		return false
	}
	ok := true
	for _, i := range infos {
		ok = p.walk(strings.TrimSuffix(name, "/")+"/"+i.Name(), tests) && ok
	}
	return ok
}
