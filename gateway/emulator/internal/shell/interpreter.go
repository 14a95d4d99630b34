package shell

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"portico/gateway/emulator/internal/memfs"
)

// script runs shell text. Only POSIX syntax is taken, as by dash, which is /bin/sh where gateways
// live.
func (p *process) script(text, name string, params []string) (status int) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), name)
	if err != nil {
		p.errorf("sh: Syntax error: %v\n", err)
		return 2
	}
	q := *p
	p = &q
	defer p.begin()()
	ownNumber(file)
	stdin, finish := p.pipeInput()
	defer finish()
	s := &script{process: p, functions: functions(file)}
	root, err := filepath.Abs("/")
	if err != nil {
		p.errorf("sh: %v\n", err)
		return 2
	}
	// The interpreter checks that its directory exists on the real disk before it takes it; the
	// script's own is set by cd, which asks our files.
	r, err := interp.New(
		interp.Dir(root), interp.Env(s.environ()),
		interp.StdIO(stdin, p.stdout, p.stderr), interp.Params(append([]string{"--"}, params...)...),
		interp.CallHandler(s.call), interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.OpenHandler(s.open), interp.StatHandler(s.stat), interp.AccessHandler(s.access), interp.ReadDirHandler2(s.readDir),
	)
	if err != nil {
		p.errorf("sh: %v\n", err)
		return 2
	}
	defer func() {
		if fault := recover(); fault != nil { // the interpreter's, on text nobody has tried yet
			p.errorf("sh: %v\n", fault)
			status = 2
		}
	}()
	return s.inDirectory(r, file)
}

// inDirectory runs the script where the process is.
func (s *script) inDirectory(r *interp.Runner, file *syntax.File) int {
	if s.dir != "/" && s.machine.FS.Access(s.user, s.dir, 1) == nil {
		cd, err := syntax.Quote(s.dir, syntax.LangPOSIX)
		if err == nil {
			if there, err := syntax.NewParser().Parse(strings.NewReader("cd "+cd), ""); err == nil {
				_ = r.Run(s.ctx, there.Stmts[0])
			}
		}
	}
	return statusOf(s.ctx, r.Run(s.ctx, file))
}

// script is one shell at work.
type script struct {
	*process
	functions map[string]bool // that its text defines
}

// environ is the variables a script starts with. TMPDIR keeps the interpreter from making a
// named pipe on the real disk, which it does for <(...) wherever it meets it: it cannot exist.
func (s *script) environ() environ {
	list := append(s.env[:len(s.env):len(s.env)], "TMPDIR=/dev/null/none", "UID=", "EUID=", "GID=")
	return environ{Environ: expand.ListEnviron(list...), pid: s.pid, umask: s.umask}
}

// environ answers "HOME user", by which ~user is expanded, so that the real machine's users stay
// unknown, and variables that no list shows: the shell's number, and its umask until it is set.
type environ struct {
	expand.Environ
	pid   int
	umask fs.FileMode
}

// The hidden variables. That the umask is one lets a subshell have its own.
const (
	pidVariable   = "__pid"
	umaskVariable = "__umask"
)

func (e environ) Get(name string) expand.Variable {
	var text string
	user, isHome := strings.CutPrefix(name, "HOME ")
	switch {
	case name == pidVariable:
		text = strconv.Itoa(e.pid)
	case name == umaskVariable:
		text = fmt.Sprintf("%04o", e.umask)
	case isHome && user == string(memfs.Root):
		text = "/root"
	case isHome:
		text = "/home/" + user
	default:
		return e.Environ.Get(name)
	}
	return expand.Variable{Set: true, Kind: expand.String, Str: text}
}

// ownNumber has $$ stand for the emulated shell's number; the interpreter knows only its own.
func ownNumber(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if e, ok := n.(*syntax.ParamExp); ok && e.Param != nil && e.Param.Value == "$" {
			e.Param.Value = pidVariable
		}
		return true
	})
}

// umaskIn is the umask of the shell whose variables these are.
func umaskIn(env expand.Environ) fs.FileMode {
	mask, _ := octal(env.Get(umaskVariable).Str)
	return mask
}

func functions(file *syntax.File) map[string]bool {
	out := map[string]bool{}
	syntax.Walk(file, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok {
			out[f.Name.Value] = true
		}
		return true
	})
	return out
}

// builtins are dash's. The interpreter has more, and some of these look at the real disk; foreign
// ones are looked for among the programs, where they are not found.
var builtins = []string{
	":", ".", "[", "alias", "break", "cd", "continue", "echo", "eval", "exec", "exit", "export", "false", "getopts", "printf", "pwd",
	"read", "readonly", "return", "set", "shift", "test", "times", "trap", "true", "unalias", "unset", "wait",
}

// own marks a word that exec takes for one of the shell's own commands of ours.
const own = "\x00"

// call sees each simple command before it is run and sends those which would look at the real
// disk to ours.
func (s *script) call(ctx context.Context, args []string) ([]string, error) {
	name := args[0]
	if s.functions[name] || !interp.IsBuiltin(name) {
		return args, nil
	}
	switch {
	case name == "command" && len(args) > 1 && args[1] != "-v" && args[1] != "-V":
		rest := args[1:]
		if rest[0] == "-p" || rest[0] == "--" {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return []string{"true"}, nil
		}
		return s.call(ctx, rest)
	case name == "umask" && len(args) > 1:
		if mask, ok := octal(args[1]); ok {
			return []string{"eval", fmt.Sprintf("%s=%04o", umaskVariable, mask)}, nil
		}
		return []string{own + "unsupported", name}, nil
	case s.machine.own[name] != nil:
		return append([]string{own + name}, args[1:]...), nil
	case !slices.Contains(builtins, name):
		return append([]string{own + own + name}, args[1:]...), nil
	}
	return harmless(args, slashed(interp.HandlerCtx(ctx).Dir)), nil
}

// harmless changes those words of a builtin by which the interpreter would look at the real disk.
func harmless(args []string, dir string) []string {
	switch name := args[0]; {
	case name == "pwd":
		return []string{"pwd"} // -P resolves links there
	case name == "." && len(args) > 1 && !strings.HasPrefix(args[1], "/"):
		return append([]string{".", path.Join(dir, args[1])}, args[2:]...)
	case (name == "test" || name == "[") && slices.ContainsFunc(args, func(a string) bool { return a == "-O" || a == "-G" || a == "-N" }):
		return []string{own + "unsupported", name}
	}
	return args
}

// exec runs what is neither function nor builtin.
func (s *script) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	p := *s.process
	p.ctx, p.stdout, p.stderr, p.dir, p.line = ctx, hc.Stdout, hc.Stderr, slashed(hc.Dir), hc.Pos.Line()
	p.stdin = hc.Stdin
	p.env, p.umask = exported(hc.Env), umaskIn(hc.Env)
	p.builtin = func(args []string) int { return statusOf(ctx, hc.Builtin(ctx, args)) }
	var status int
	if name, ok := strings.CutPrefix(args[0], own); ok && p.machine.own[name] != nil {
		status = p.written(name, p.machine.own[name](&script{process: &p, functions: s.functions}, args[1:]))
	} else {
		args = append([]string{strings.TrimLeft(args[0], own)}, args[1:]...)
		status = p.run(args)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if status != 0 {
		return interp.ExitStatus(uint8(status)) //nolint:gosec // an exit status has eight bits
	}
	return nil
}

func exported(env expand.Environ) []string {
	var out []string
	env.Each(func(name string, v expand.Variable) bool {
		if v.Exported && v.Kind == expand.String && name != "TMPDIR" && name != umaskVariable {
			out = append(out, name+"="+v.Str)
		}
		return true
	})
	return out
}

// slashed is a path of the interpreter's, which on Windows has a drive and backslashes.
func slashed(name string) string {
	name = filepath.ToSlash(strings.TrimPrefix(name, filepath.VolumeName(name)))
	return path.Clean("/" + strings.TrimPrefix(name, "/"))
}

func (s *script) stat(_ context.Context, name string, follow bool) (fs.FileInfo, error) {
	info, err := s.machine.FS.Stat(slashed(name), follow)
	if err != nil {
		return nil, err
	}
	return info, nil
}

func (s *script) access(_ context.Context, name string, mode interp.AccessMode) error {
	return s.machine.FS.Access(s.user, slashed(name), fs.FileMode(mode))
}

func (s *script) readDir(_ context.Context, name string) ([]fs.DirEntry, error) {
	infos, err := s.machine.FS.ReadDir(s.user, slashed(name))
	out := make([]fs.DirEntry, len(infos))
	for i, info := range infos {
		out[i] = info
	}
	return out, err
}

// pipeInput gives the interpreter standard input as a pipe that ends with the script, whoever
// still writes into it.
func (p *process) pipeInput() (*os.File, func()) {
	if f, ok := p.stdin.(*os.File); ok || p.stdin == nil {
		return f, func() {}
	}
	r, err := pipeFrom(p.stdin)
	if err != nil {
		return nil, func() {}
	}
	return r, func() { _ = r.Close() }
}
