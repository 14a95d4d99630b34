package main

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/publish"
)

func (a *app) sshCommand() *cobra.Command {
	var only bool
	c := &cobra.Command{
		Use: "ssh VM [-- ARGS]", Short: "Log in to a published VM", Args: cobra.MinimumNArgs(1),
		Example: "portico ssh assembly-02\nportico ssh assembly-02 -- -L 8888:localhost:8888\nportico ssh --print assembly-02",
		RunE: func(c *cobra.Command, args []string) error {
			f, login, err := a.sshTarget(c.Context(), args[0])
			if err != nil {
				return err
			}
			words := publish.SSHArgs(f, login)
			// ssh takes options before the host, and a command after it.
			extra := args[1:]
			if only {
				a.print("%s\n", publish.CommandLine(append(words, extra...)))
				return nil
			}
			return a.runSSH(c.Context(), append(words, extra...))
		},
	}
	c.Flags().BoolVar(&only, "print", false, "only print the command")
	return c
}

func (a *app) sshTarget(ctx context.Context, name string) (gateway.Forward, publish.Login, error) {
	v, err := a.look(ctx)
	if err != nil {
		return gateway.Forward{}, publish.Login{}, err
	}
	row, err := publish.FindRow(v.Snapshot, name)
	if err != nil {
		return gateway.Forward{}, publish.Login{}, err
	}
	f, ok := publish.SSHForward(row)
	switch {
	case !ok && !v.knows():
		return f, publish.Login{}, v.why
	case !ok:
		return f, publish.Login{}, &gateway.Error{
			Op: "log in to", Target: row.Instance.Name, Kind: gateway.NotFound, Err: errors.New("its ssh is not published"), Next: "portico publish " + gateway.Quote(row.Instance.Name) + " --service ssh",
		}
	}
	logins, _ := v.publisher.Logins(ctx, v.Inventory) // ssh can find user and key by itself
	return f, logins[row.Instance.ID], nil
}

// runSSH hands the terminal to ssh and ends as it does.
func (a *app) runSSH(ctx context.Context, words []string) error {
	path, err := exec.LookPath(words[0])
	if err != nil {
		return &gateway.Error{Op: "run ssh", Kind: gateway.NotFound, Err: err, Next: "install the OpenSSH client, or use the command: " + publish.CommandLine(words)}
	}
	for i, w := range words {
		words[i] = expandHome(w)
	}
	cmd := exec.CommandContext(ctx, path, words[1:]...) // #nosec G204 -- our own words, no shell
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitError{max(exit.ExitCode(), 1)}
	}
	return err
}

func expandHome(word string) string {
	home, err := os.UserHomeDir()
	if err != nil || len(word) < 2 || word[:2] != "~/" {
		return word
	}
	return home + word[1:]
}
