package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/publish"
)

func (a *app) sshCommand() *cobra.Command {
	var only bool
	var as string
	c := &cobra.Command{
		Use: "ssh VM [-- ARGS]", Short: "Log in to a published VM", Args: needs("VM", anyNumber),
		Long: "Log in to a published VM with ssh. A host key that is not known yet is compared with the one that the VM printed on its\n" +
			"console, which the cloud shows: if they are the same it is remembered and ssh asks nothing, if they differ ssh is not run.\n" +
			"--as prints what else there is to take along: " + strings.Join(publish.CopyKinds(), ", ") + ".",
		Example: "portico ssh assembly-02\nportico ssh assembly-02 -- -L 8888:localhost:8888\nportico ssh --print assembly-02\nportico ssh --print assembly-02 --as known-hosts >> ~/.ssh/known_hosts",
		RunE: func(c *cobra.Command, args []string) error {
			if as != "" && as != publish.AsSSH {
				return a.printCopy(c.Context(), args, as)
			}
			only = only || as != ""
			target, err := a.findSSH(c.Context(), args[0])
			if err != nil {
				return err
			}
			// ssh takes options before the host, and a command after it.
			words := append(target.way.Words(), args[1:]...)
			switch {
			case !only:
				return a.runSSH(c.Context(), target, words)
			case a.flags.json:
				return a.printJSON(map[string]any{"command": expanded(words), "text": publish.CommandLine(words)})
			}
			a.print("%s\n", publish.CommandLine(words))
			return nil
		},
	}
	c.Flags().BoolVar(&only, "print", false, "only print the command")
	c.Flags().StringVar(&as, "as", "", "print this form of it: "+strings.Join(publish.CopyKinds(), ", "))
	_ = c.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(publish.CopyKinds(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) findSSH(ctx context.Context, name string) (sshTarget, error) {
	v, err := a.look(ctx)
	if err != nil {
		return sshTarget{}, err
	}
	row, err := publish.FindRow(v.Snapshot, name)
	if err != nil {
		return sshTarget{}, err
	}
	logins, _ := v.publisher.Logins(ctx, v.Inventory) // ssh can find user and key by itself
	way, ok := v.config.way(row, logins[row.Instance.ID])
	switch {
	case ok:
		return sshTarget{v, row, way}, nil
	case !v.knows():
		return sshTarget{}, v.why
	}
	return sshTarget{}, &gateway.Error{
		Op: "log in to", Target: row.Instance.Name, Kind: gateway.NotFound, Err: errors.New("its ssh is not published"), Next: "portico publish " + gateway.Quote(row.Instance.Name) + " --service ssh",
	}
}

// runSSH hands the terminal to ssh and ends as it does.
func (a *app) runSSH(ctx context.Context, target sshTarget, words []string) error {
	path, err := exec.LookPath(words[0])
	if err != nil {
		return &gateway.Error{Op: "run ssh", Kind: gateway.NotFound, Err: err, Next: "install the OpenSSH client, or use the command: " + publish.CommandLine(words)}
	}
	if err := a.settleHostKey(ctx, target); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, expanded(words)[1:]...) // #nosec G204 -- our own words, no shell
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = a.in, os.Stdout, os.Stderr, withoutSecrets(os.Environ())
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitError{max(exit.ExitCode(), 1)}
	}
	return err
}

// expanded is words as a program gets them that no shell starts.
func expanded(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = expandHome(w)
	}
	return out
}

func expandHome(word string) string {
	home, err := os.UserHomeDir()
	if err != nil || len(word) < 2 || word[:2] != "~/" {
		return word
	}
	return home + word[1:]
}
