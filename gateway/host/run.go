package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// errNotSent says that a command never reached the host, so that sending it again is safe.
var errNotSent = errors.New("the connection was lost before the command was sent")

var errRefused = errors.New("its SSH server refuses to run commands")

// Run runs a command on the host as root, by sudo unless the login user is root. When ctx ends, Run returns
// its error at once and the command is ended, too: its signal is TERM. A connection found lost before anything was
// sent is made anew, once; one lost later is an Unreachable error, and what became of the command is unknown.
func (s *SSH) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	if err := checkArgs(s.name, c); err != nil {
		return gateway.Result{}, err
	}
	prefix, err := s.identity.prefix(ctx, s.name, s.User(), s.runLine)
	if err != nil {
		return gateway.Result{}, err
	}
	res, err := s.runLine(ctx, gateway.Quote(append(slices.Clone(prefix), c.Args...)...), c.Stdin)
	if err == nil && len(prefix) > 0 {
		err = sudoError(s.name, s.User(), c.Args[0], res)
	}
	return res, err
}

func checkArgs(target string, c gateway.Command) error {
	e := &gateway.Error{Op: "run a command on", Target: target, Kind: gateway.Invalid}
	switch {
	case len(c.Args) == 0 || c.Args[0] == "":
		e.Err = errors.New("there is no command")
	case slices.ContainsFunc(c.Args, func(a string) bool { return strings.ContainsRune(a, 0) }):
		e.Err = errors.New("an argument contains a NUL byte")
	default:
		return nil
	}
	return e
}

// runLine runs one line in the login shell of the user.
func (s *SSH) runLine(ctx context.Context, line string, stdin []byte) (gateway.Result, error) {
	select {
	case s.sessions <- struct{}{}:
		defer func() { <-s.sessions }()
	case <-ctx.Done():
		return gateway.Result{}, s.stopped(ctx)
	}
	for again := true; ; again = false {
		l, err := s.live(ctx)
		if err == nil {
			var res gateway.Result
			if res, err = s.once(ctx, l, line, stdin); err == nil || !errors.Is(err, errNotSent) || !again {
				return res, err
			}
			continue
		}
		if ctx.Err() != nil {
			err = s.stopped(ctx)
		}
		return gateway.Result{}, err
	}
}

// once runs a line over one link.
func (s *SSH) once(ctx context.Context, l *link, line string, stdin []byte) (gateway.Result, error) {
	opened := make(chan opening, 1)
	go func() {
		sess, err := l.target.NewSession()
		opened <- opening{sess, err}
	}()
	select {
	case o := <-opened:
		if o.err == nil {
			return s.session(ctx, l, o.sess, line, stdin)
		}
		if !isRejection(o.err) {
			l.close(o.err)
			return gateway.Result{}, s.lost("run a command on", fmt.Errorf("%w (%w)", errNotSent, l.reason(o.err)))
		}
		return gateway.Result{}, s.refused(o.err)
	case <-l.done:
		// Package ssh tells nobody who asks for a session just as the connection ends.
		go abandon(opened)
		return gateway.Result{}, s.lost("run a command on", fmt.Errorf("%w (%w)", errNotSent, l.reason(io.EOF)))
	case <-ctx.Done():
		go abandon(opened)
		return gateway.Result{}, s.stopped(ctx)
	}
}

// abandon closes a session that nobody waits for any more.
func abandon(opened <-chan opening) {
	if o := <-opened; o.sess != nil {
		_ = o.sess.Close()
	}
}

func (s *SSH) refused(err error) error {
	return &gateway.Error{Op: "run a command on", Target: s.name, Kind: gateway.Permission, Err: cleaned(err),
		Next: "check that the user may run commands there (sshd_config: MaxSessions, ForceCommand)"}
}

type opening struct {
	sess *ssh.Session
	err  error
}

// session runs a line in a session and sees to its end.
func (s *SSH) session(ctx context.Context, l *link, sess *ssh.Session, line string, stdin []byte) (gateway.Result, error) {
	out := newCapture(s.limit)
	sess.Stdout, sess.Stderr = out.stdout(), out.stderr()
	ended := make(chan error, 1)
	go func() { ended <- drive(sess, line, stdin) }()
	select {
	case err := <-ended:
		_ = sess.Close()
		if out.exceeded() {
			return gateway.Result{}, out.tooMuch(s.name)
		}
		exit, err := exitOf(err)
		if errors.Is(err, errRefused) {
			return gateway.Result{}, s.refused(err)
		}
		if err != nil {
			return out.result(0), s.lost("run a command on", l.reason(err))
		}
		return out.result(exit), nil
	case <-out.full:
		go end(sess)
		return gateway.Result{}, out.tooMuch(s.name)
	case <-ctx.Done():
		go end(sess)
		return gateway.Result{}, s.stopped(ctx)
	}
}

// drive starts the line, feeds it and waits. Messages are asked for in English, which is what
// they are searched for; a server that does not take the variable is none the worse.
func drive(sess *ssh.Session, line string, stdin []byte) error {
	in, err := sess.StdinPipe()
	if err != nil {
		return err
	}
	_, _ = sess.SendRequest("env", false, ssh.Marshal(struct{ Name, Value string }{"LC_ALL", "C"}))
	if err := sess.Start(line); err != nil {
		if strings.HasPrefix(err.Error(), "ssh: command ") { // the server's no; all else is a broken connection
			return errRefused
		}
		return err
	}
	// A command that ends without reading all of its input is no failure: how it ended is what counts.
	go func() {
		_, _ = in.Write(stdin)
		_ = in.Close()
	}()
	return sess.Wait()
}

// end asks the command to terminate and closes its session. It can block on a stalled connection.
func end(sess *ssh.Session) {
	_ = sess.Signal(ssh.SIGTERM)
	_ = sess.Close()
}

// exitOf turns what Wait returned into an exit status. A command ended by a signal counts as 128+n, as in a shell.
func exitOf(err error) (int, error) {
	var exit *ssh.ExitError
	var missing *ssh.ExitMissingError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitStatus(), nil
	case errors.As(err, &missing), errors.Is(err, io.EOF):
		return 0, errLost
	}
	return 0, err
}

func isRejection(err error) bool {
	var rejected *ssh.OpenChannelError
	return errors.As(err, &rejected)
}

// stopped is the error of a command that was given up because ctx ended.
func (s *SSH) stopped(ctx context.Context) error { return stopped(ctx, s.name) }

func stopped(ctx context.Context, target string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &gateway.Error{Op: "run a command on", Target: target, Kind: gateway.Unreachable,
			Err: fmt.Errorf("it did not end in time: %w", ctx.Err()), Next: "check what the host is busy with, then try again"}
	}
	return fmt.Errorf("running a command on %s: %w", target, ctx.Err())
}
