package shell

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"mvdan.cc/sh/v3/interp"

	"portico/gateway/emulator/internal/memfs"
)

// open serves the shell's redirections. An error reads as dash's: "sh: 1: cannot create FILE: ...".
func (s *script) open(ctx context.Context, name string, flags int, _ os.FileMode) (io.ReadWriteCloser, error) {
	hc := interp.HandlerCtx(ctx)
	full := slashed(name)
	if !strings.HasPrefix(name, "/") && !filepath.IsAbs(name) {
		full = slashed(hc.Dir) + "/" + name
	}
	line := max(hc.Pos.Line(), 1)
	if flags&(os.O_WRONLY|os.O_RDWR) == 0 {
		data, err := s.machine.FS.Read(s.user, full)
		if err != nil {
			return nil, &os.PathError{Op: fmt.Sprintf("sh: %d: cannot open", line), Path: name, Err: reason(err)}
		}
		// A pipe and not the bytes: the interpreter would make one itself, and not close it.
		return pipeFrom(strings.NewReader(string(data)))
	}
	mode := 0o666 &^ umaskIn(hc.Env)
	err := s.machine.FS.Touch(s.user, full, mode)
	if err == nil && flags&os.O_TRUNC != 0 {
		err = s.machine.FS.Write(s.user, full, nil, mode, false)
	}
	if err != nil {
		return nil, &os.PathError{Op: fmt.Sprintf("sh: %d: cannot create", line), Path: name, Err: reason(err)}
	}
	return &output{fs: s.machine.FS, user: s.user, name: full, mode: mode}, nil
}

// output is a file open for writing at its end.
type output struct {
	fs   *memfs.FS
	user memfs.Who
	name string
	mode fs.FileMode

	failed atomic.Bool // something could not be written since this was last asked
}

func (o *output) Read([]byte) (int, error) { return 0, os.ErrInvalid }
func (o *output) Close() error             { return nil }

func (o *output) Write(b []byte) (int, error) {
	if err := o.fs.Write(memfs.Root, o.name, b, o.mode, true); err != nil { // the right to it was checked at open
		o.failed.Store(true)
		return 0, err
	}
	return len(b), nil
}

// pipeFrom is a pipe that a goroutine fills from r until r ends or the pipe is closed.
func pipeFrom(r io.Reader) (*os.File, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = io.Copy(in, r)
		_ = in.Close()
	}()
	return out, nil
}
