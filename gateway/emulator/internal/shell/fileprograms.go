package shell

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

func filePrograms() map[string]program {
	return map[string]program{
		"cat": cat, "tee": tee, "mkdir": mkdir, "rm": rm, "rmdir": rmdir, "mv": mv, "cp": cp, "chmod": chmod, "chown": chown,
		"install": install, "ls": ls, "touch": touch, "ln": ln, "readlink": readlink, "mktemp": mktemp,
		"basename": basename, "dirname": dirname, "stat": statProgram, "find": find,
	}
}

func cat(p *process, args []string) int {
	texts, ok := p.inputs("cat", args)
	for _, t := range texts {
		p.printf("%s", t)
	}
	return status(ok)
}

func status(ok bool) int {
	if ok {
		return 0
	}
	return 1
}

func tee(p *process, args []string) int {
	g, files, err := options{short: "a", long: map[string]byte{"--append": 'a'}}.parse(args)
	if err != nil {
		return p.fail("tee", "%v", err)
	}
	data := p.input()
	ok := true
	for _, f := range files {
		ok = p.did("tee", f, p.machine.FS.Write(p.user, p.abs(f), data, p.perm(0o666), g.has('a'))) && ok
	}
	p.printf("%s", data)
	return status(ok)
}

// did reports an error about a file, if there is one.
func (p *process) did(name, file string, err error) bool {
	if err != nil {
		p.errorf("%s: %s: %v\n", name, file, reason(err))
	}
	return err == nil
}

// cannot is did in the words of the file utilities: "rm: cannot remove 'x': ...".
func (p *process) cannot(name, verb, file string, err error) bool {
	if err != nil {
		p.errorf("%s: cannot %s '%s': %v\n", name, verb, file, reason(err))
	}
	return err == nil
}

func mkdir(p *process, args []string) int {
	g, dirs, err := options{short: "pm:v", long: map[string]byte{"--parents": 'p', "--mode": 'm'}}.parse(args)
	mode, ok := octal(g.last('m', "755"))
	if err != nil || !ok || len(dirs) == 0 {
		return p.fail("mkdir", "bad usage")
	}
	if !g.has('m') {
		mode = p.perm(0o777)
	}
	for _, d := range dirs {
		err := p.machine.FS.Mkdir(p.user, p.abs(d), mode, g.has('p'))
		ok = p.cannot("mkdir", "create directory", d, err) && ok
	}
	return status(ok)
}

func octal(s string) (fs.FileMode, bool) {
	n, err := strconv.ParseUint(s, 8, 12)
	return fs.FileMode(n), err == nil
}

func rm(p *process, args []string) int {
	g, files, err := options{short: "frRvd", long: map[string]byte{"--force": 'f', "--recursive": 'r'}}.parse(args)
	if err != nil {
		return p.fail("rm", "%v", err)
	}
	ok := true
	for _, f := range files {
		recursive := g.has('r') || g.has('R')
		info, err := p.machine.FS.Stat(p.abs(f), false)
		switch {
		case errors.Is(err, fs.ErrNotExist) && g.has('f'):
			continue
		case err == nil && info.IsDir() && !recursive:
			err = memfs.IsDir
		case err == nil:
			err = p.machine.FS.Remove(p.user, p.abs(f), recursive)
		}
		ok = p.cannot("rm", "remove", f, err) && ok
	}
	return status(ok)
}

func rmdir(p *process, args []string) int {
	ok := true
	for _, f := range args {
		info, err := p.machine.FS.Stat(p.abs(f), false)
		if err == nil && !info.IsDir() {
			err = memfs.NotDir
		}
		if err == nil {
			err = p.machine.FS.Remove(p.user, p.abs(f), false)
		}
		if err != nil {
			ok = false
			p.errorf("rmdir: failed to remove '%s': %v\n", f, reason(err))
		}
	}
	return status(ok)
}

// into is where a file goes: itself, or a place in it if it is a directory.
func (p *process) into(to, from string) string {
	to = p.abs(to)
	if info, err := p.machine.FS.Stat(to, true); err == nil && info.IsDir() {
		return path.Join(to, path.Base(from))
	}
	return to
}

func mv(p *process, args []string) int {
	_, files, err := options{short: "fnvT"}.parse(args)
	if err != nil || len(files) < 2 {
		return p.fail("mv", "missing file operand")
	}
	to, ok := files[len(files)-1], true
	for _, f := range files[:len(files)-1] {
		ok = p.cannot("mv", "move", f, p.machine.FS.Rename(p.user, p.abs(f), p.into(to, f))) && ok
	}
	return status(ok)
}

func cp(p *process, args []string) int {
	g, files, err := options{short: "fapvT"}.parse(args)
	if err != nil || len(files) < 2 {
		return p.fail("cp", "missing file operand")
	}
	to, ok := files[len(files)-1], true
	for _, f := range files[:len(files)-1] {
		ok = p.copy(f, p.into(to, f), g.has('p') || g.has('a')) && ok
	}
	return status(ok)
}

// copy copies a file; what is kept is its mode and, for root, its owner.
func (p *process) copy(from, to string, keep bool) bool {
	data, err := p.machine.FS.Read(p.user, p.abs(from))
	if err != nil {
		return p.cannot("cp", "stat", from, err)
	}
	info, err := p.machine.FS.Stat(p.abs(from), true)
	if err == nil {
		err = p.machine.FS.Write(p.user, to, data, p.perm(info.Mode().Perm()), false)
	}
	if errors.Is(err, memfs.NoSpace) {
		return p.cannot("cp", "write", to, err)
	}
	if err == nil && keep {
		err = p.machine.FS.Chmod(p.user, to, info.Mode())
		if p.user == memfs.Root && err == nil {
			err = p.machine.FS.Chown(p.user, to, info.Owner())
		}
	}
	return p.cannot("cp", "create regular file", to, err)
}

// install copies a file, "/dev/stdin" too, or makes directories, with modes.
func install(p *process, args []string) int {
	g, files, err := options{short: "m:o:g:dDCT", long: map[string]byte{"--mode": 'm', "--directory": 'd'}}.parse(args)
	mode, ok := octal(g.last('m', "755"))
	if err != nil || !ok {
		return p.fail("install", "bad usage")
	}
	if g.has('d') {
		return mkdir(p, append([]string{"-p", "-m", g.last('m', "755"), "--"}, files...))
	}
	if len(files) != 2 {
		return p.fail("install", "missing file operand")
	}
	to := p.into(files[1], files[0])
	if g.has('D') {
		_ = p.machine.FS.Mkdir(p.user, path.Dir(to), 0o755, true)
	}
	var data []byte
	if files[0] == "/dev/stdin" || files[0] == "-" {
		data = p.input()
	} else if data, err = p.machine.FS.Read(p.user, p.abs(files[0])); err != nil {
		return status(p.cannot("install", "stat", files[0], err))
	}
	err = p.machine.FS.Write(p.user, to, data, mode, false)
	if err == nil {
		err = p.machine.FS.Chmod(p.user, to, mode)
	}
	return status(p.cannot("install", "create regular file", to, err))
}

func chmod(p *process, args []string) int {
	_, rest, err := options{short: "Rvf"}.parse(args)
	if len(rest) > 0 && err != nil || len(rest) < 2 {
		if len(args) < 2 || !strings.HasPrefix(args[0], "-") && !strings.HasPrefix(args[0], "+") {
			return p.fail("chmod", "missing operand")
		}
		rest = args
	}
	ok := true
	for _, f := range rest[1:] {
		mode, valid := octal(rest[0])
		if !valid {
			if mode, valid = p.symbolic(rest[0], f); !valid {
				return p.fail("chmod", "invalid mode: '%s'", rest[0])
			}
		}
		ok = p.cannot("chmod", "access", f, p.machine.FS.Chmod(p.user, p.abs(f), mode)) && ok
	}
	return status(ok)
}

// symbolic reads "+x", "u+w", "go-r".
func (p *process) symbolic(spec, file string) (fs.FileMode, bool) {
	info, err := p.machine.FS.Stat(p.abs(file), true)
	i := strings.IndexAny(spec, "+-=")
	if i < 0 {
		return 0, false
	}
	if err != nil {
		return 0, true // chmod itself says what is wrong
	}
	who, bits := spec[:i], fs.FileMode(0)
	for _, c := range spec[i+1:] {
		b := map[rune]fs.FileMode{'r': 4, 'w': 2, 'x': 1}[c]
		for letter, shift := range map[string]int{"u": 6, "g": 3, "o": 0} {
			if who == "" || strings.Contains(who, letter) || strings.Contains(who, "a") {
				bits |= b << shift
			}
		}
	}
	switch spec[i] {
	case '+':
		return info.Mode().Perm() | bits, true
	case '-':
		return info.Mode().Perm() &^ bits, true
	}
	return bits, true
}

func chown(p *process, args []string) int {
	_, rest, err := options{short: "Rhv"}.parse(args)
	if err != nil || len(rest) < 2 {
		return p.fail("chown", "missing operand")
	}
	owner, _, _ := strings.Cut(rest[0], ":")
	ok := true
	for _, f := range rest[1:] {
		err := p.machine.FS.Chown(p.user, p.abs(f), memfs.Who(owner))
		if err != nil {
			p.errorf("chown: changing ownership of '%s': %v\n", f, reason(err))
			ok = false
		}
	}
	return status(ok)
}

func touch(p *process, args []string) int {
	ok := true
	for _, f := range args {
		err := p.machine.FS.Touch(p.user, p.abs(f), p.perm(0o666))
		if err != nil {
			p.errorf("touch: cannot touch '%s': %v\n", f, reason(err))
			ok = false
		}
	}
	return status(ok)
}
