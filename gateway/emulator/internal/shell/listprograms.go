package shell

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// ls lists names, one a line; -l with mode, owner and size.
func ls(p *process, args []string) int {
	g, files, err := options{short: "la1AdRtrFh"}.parse(args)
	if err != nil {
		p.fail("ls", "%v", err)
		return 2
	}
	if len(files) == 0 {
		files = []string{p.dir}
	}
	result := 0
	for _, f := range files {
		info, err := p.machine.FS.Stat(p.abs(f), !g.has('d') && !g.has('l'))
		if err == nil && (g.has('d') || !info.IsDir()) {
			p.list(info, f, g.has('l'))
			continue
		}
		var infos []memfs.Info
		if err == nil {
			infos, err = p.machine.FS.ReadDir(p.user, p.abs(f))
		}
		if !p.cannot("ls", "access", f, err) {
			result = 2
			continue
		}
		if len(files) > 1 {
			p.printf("%s:\n", f)
		}
		for _, i := range infos {
			if !strings.HasPrefix(i.Name(), ".") || g.has('a') || g.has('A') {
				p.list(i, i.Name(), g.has('l'))
			}
		}
	}
	return result
}

func (p *process) list(info memfs.Info, name string, long bool) {
	if !long {
		p.printf("%s\n", name)
		return
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		name += " -> " + info.Link()
	}
	p.printf("%s 1 %s %s %6d %s %s\n", unixMode(info.Mode()), info.Owner(), info.Owner(), info.Size(), info.ModTime().UTC().Format("Jan _2 15:04"), name)
}

// unixMode is a mode as ls prints it: "-rw-r--r--".
func unixMode(m fs.FileMode) string {
	kind := "-"
	switch {
	case m.IsDir():
		kind = "d"
	case m&fs.ModeSymlink != 0:
		kind = "l"
	}
	return kind + m.Perm().String()[1:]
}

func statProgram(p *process, args []string) int {
	g, files, err := options{short: "c:L", long: map[string]byte{"--format": 'c'}}.parse(args)
	if err != nil || len(files) == 0 {
		return p.fail("stat", "missing operand")
	}
	ok := true
	for _, f := range files {
		info, err := p.machine.FS.Stat(p.abs(f), g.has('L'))
		if err != nil {
			p.errorf("stat: cannot statx '%s': %v\n", f, reason(err))
			ok = false
			continue
		}
		p.printf("%s\n", strings.NewReplacer(
			"%a", fmt.Sprintf("%o", info.Mode().Perm()), "%s", fmt.Sprint(info.Size()), "%U", string(info.Owner()), "%n", f,
			"%Y", formatInt(info.ModTime().Unix()), "%A", unixMode(info.Mode()),
		).Replace(g.last('c', "%n %s %a %U")))
	}
	return status(ok)
}

func ln(p *process, args []string) int {
	g, rest, err := options{short: "sfnT"}.parse(args)
	if err != nil || len(rest) != 2 || !g.has('s') {
		return p.fail("ln", "only symbolic links are possible here")
	}
	to := p.into(rest[1], rest[0])
	if g.has('f') {
		_ = p.machine.FS.Remove(p.user, to, false)
	}
	err = p.machine.FS.Symlink(p.user, rest[0], to)
	if err != nil {
		p.errorf("ln: failed to create symbolic link '%s': %v\n", rest[1], reason(err))
	}
	return status(err == nil)
}

func readlink(p *process, args []string) int {
	g, rest, err := options{short: "fen"}.parse(args)
	if err != nil || len(rest) == 0 {
		return p.fail("readlink", "missing operand")
	}
	name := p.abs(rest[0])
	to, err := p.machine.FS.Readlink(name)
	if err == nil && g.has('f') && !strings.HasPrefix(to, "/") {
		to = path.Join(path.Dir(name), to)
	}
	if err != nil && g.has('f') {
		to, err = path.Clean(name), nil
	}
	if err == nil {
		p.printf("%s\n", to)
	}
	return status(err == nil)
}

func mktemp(p *process, args []string) int {
	g, rest, err := options{short: "dp:q"}.parse(args)
	if err != nil {
		return p.fail("mktemp", "%v", err)
	}
	template := "/tmp/tmp.XXXXXXXXXX"
	if len(rest) > 0 {
		template = p.abs(rest[0])
	}
	stem := strings.TrimRight(template, "X")
	name := stem + rand.Text()[:max(len(template)-len(stem), 3)]
	if g.has('d') {
		err = p.machine.FS.Mkdir(p.user, name, 0o700, false)
	} else {
		err = p.machine.FS.Touch(p.user, name, 0o600)
	}
	if err != nil {
		p.errorf("mktemp: failed to create file via template '%s': %v\n", template, reason(err))
		return 1
	}
	p.printf("%s\n", name)
	return 0
}

func basename(p *process, args []string) int {
	if len(args) == 0 {
		return p.fail("basename", "missing operand")
	}
	name := path.Base(args[0])
	if len(args) > 1 && name != args[1] {
		name = strings.TrimSuffix(name, args[1])
	}
	p.printf("%s\n", name)
	return 0
}

func dirname(p *process, args []string) int {
	if len(args) == 0 {
		return p.fail("dirname", "missing operand")
	}
	p.printf("%s\n", path.Dir(args[0]))
	return 0
}
