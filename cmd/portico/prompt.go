package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"portico/cloud"
	"portico/gateway"
)

// terminalPrompter asks on the terminal, for the commands.
type terminalPrompter struct {
	in    *os.File
	out   interface{ Write([]byte) (int, error) }
	lines *lineReader // where others read from the same place; else nil
}

var _ gateway.Prompter = terminalPrompter{}

// HostKey asks as ssh(1) does: only a typed "yes" accepts.
func (p terminalPrompter) HostKey(ctx context.Context, q gateway.HostKeyQuestion) (bool, error) {
	addr, key := cloud.Clean(q.Addr), q.Type+" "+q.Fingerprint
	if q.Known != "" {
		_ = fprint(p.out, "The host key of %s has changed.\n  now:    %s\n  before: %s\nThe cloud vouches for the new one: the VM's console log names it. The VM was probably rebuilt, or another one had this address before.\n"+
			"Forget the old key? (yes/no) ", addr, key, cloud.Clean(q.Known))
	} else {
		unverified := ""
		if q.Unverified != "" {
			unverified = "It could not be verified by the cloud: " + cloud.Clean(q.Unverified) + ".\n"
		}
		_ = fprint(p.out, "The host key of %s is not known.\n  %s\n%sIs it the right one? Compare it with what the machine's console shows. (yes/no) ", addr, key, unverified)
	}
	answer, err := p.line(ctx)
	return strings.EqualFold(answer, "yes"), err
}

// Passphrase asks without showing what is typed.
func (p terminalPrompter) Passphrase(ctx context.Context, file string) ([]byte, error) {
	_ = fprint(p.out, "Passphrase of %s: ", cloud.Clean(file))
	defer func() { _ = fprint(p.out, "\n") }()
	fd := int(p.in.Fd())
	if p.lines != nil && !term.IsTerminal(fd) {
		line, err := p.lines.line(ctx) // nothing shows what is typed where there is no terminal
		return []byte(line), err
	}
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	secret, err := waitFor(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if ctx.Err() != nil {
		_ = term.Restore(fd, state) // the read goes on, but the terminal is shown again
	}
	return secret, err
}

func (p terminalPrompter) line(ctx context.Context) (string, error) {
	if p.lines != nil {
		return p.lines.line(ctx)
	}
	return waitFor(ctx, func() (string, error) {
		line, err := bufio.NewReader(p.in).ReadString('\n')
		if err != nil && line == "" {
			return "", fmt.Errorf("no answer: %w", err)
		}
		return strings.TrimSpace(line), nil
	})
}

// waitFor reads until ctx ends: reading from a terminal knows no end by itself.
func waitFor[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := read()
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (a *app) asker() terminalPrompter {
	return terminalPrompter{in: a.in, out: a.err, lines: a.lines}
}

// prompter is nil where nobody can be asked.
func (a *app) prompter() gateway.Prompter {
	if !a.interactive() {
		return nil
	}
	return a.asker()
}

// confirm asks before a change. Without a terminal it refuses unless --yes was given.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.flags.yes {
		return nil
	}
	if !a.interactive() {
		return wrongUse("ask whether to go on", errors.New("there is no terminal to ask on"), "say --yes to go on without being asked")
	}
	a.note("%s (yes/no) ", question)
	answer, err := a.asker().line(ctx)
	if err != nil {
		return err
	}
	if !saysYes(answer) {
		a.note("Nothing was changed.\n")
		return exitError{exitFailed}
	}
	return nil
}

func saysYes(answer string) bool {
	return strings.EqualFold(answer, "yes") || strings.EqualFold(answer, "y")
}
