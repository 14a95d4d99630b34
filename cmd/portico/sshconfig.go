package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"portico/gateway"
	"portico/gateway/publish"
)

// The marks between which ssh-config --write keeps its own.
const (
	beginMark = "# BEGIN portico"
	endMark   = "# END portico"
)

func (a *app) sshConfigCommand() *cobra.Command {
	var write bool
	c := &cobra.Command{
		Use: "ssh-config", Short: "A block for ~/.ssh/config, one Host for each published VM", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, err := a.look(c.Context())
			if err != nil {
				return err
			}
			if !v.knows() { // what is not known to be published would be left out, and lost
				return v.why
			}
			logins, _ := v.publisher.Logins(c.Context(), v.Inventory) // user and key are left out where unknown
			hosts := publish.SSHHosts(publish.Rows(v.Snapshot), logins, v.config.way, ownHosts())
			out := sshConfigJSON{Hosts: hosts}
			switch {
			case write:
				path, err := writeSSHConfig(publish.SSHConfig(hosts))
				if err != nil {
					return err
				}
				a.note("wrote the block to %s\n", path)
				out.Written = path
			case !a.flags.json:
				a.print("%s", publish.SSHConfig(hosts))
			}
			if a.flags.json {
				return a.printJSON(out)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&write, "write", false, "put the block into ~/.ssh/config, in place of the one written before")
	return c
}

// sshConfigJSON is what ssh-config prints with --json.
type sshConfigJSON struct {
	Hosts   []publish.SSHHost `json:"hosts"`
	Written string            `json:"written,omitempty"` // the file, with --write
}

// ownHosts are the names that the user's own ssh configuration explains, outside of our block, and
// that of this machine.
func ownHosts() map[string]bool {
	out := map[string]bool{"localhost": true}
	home, err := os.UserHomeDir()
	if err != nil {
		return out
	}
	text, err := os.ReadFile(filepath.Join(home, ".ssh", "config")) // #nosec G304 -- the user's own ssh configuration
	if err != nil {
		return out
	}
	before, rest, _ := strings.Cut(string(text), beginMark+"\n")
	_, after, _ := strings.Cut(rest, endMark+"\n")
	for line := range strings.Lines(before + after) {
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n=\"", r) })
		if len(words) > 1 && strings.EqualFold(words[0], "Host") {
			for _, w := range words[1:] {
				out[strings.ToLower(w)] = true
			}
		}
	}
	return out
}

// writeSSHConfig puts the block between our marks in ~/.ssh/config and leaves the rest as it is.
// The block goes first: ssh takes the first value it finds, and a "Host *" often stands last.
func writeSSHConfig(block string) (string, error) {
	fail := func(path string, err error) error {
		return &gateway.Error{Op: "write", Target: path, Kind: gateway.Permission, Err: err, Next: "put the output of 'portico ssh-config' there by hand"}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fail("~/.ssh/config", err)
	}
	path := filepath.Join(home, ".ssh", "config")
	old, err := os.ReadFile(path) // #nosec G304 -- the user's own ssh configuration
	if err != nil && !os.IsNotExist(err) {
		return path, fail(path, err)
	}
	text, err := replaceBlock(old, block)
	if err != nil {
		return path, fail(path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return path, fail(path, err)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := os.WriteFile(path+".portico-new", text, 0o600); err != nil {
		return path, fail(path, err)
	}
	if err := os.Rename(path+".portico-new", path); err != nil {
		return path, fail(path, err)
	}
	return path, nil
}

func replaceBlock(old []byte, block string) ([]byte, error) {
	// What follows must not become part of our last Host.
	ours := beginMark + "\n" + block + "Match all\n" + endMark + "\n"
	begin := bytes.Index(old, []byte(beginMark+"\n"))
	if begin < 0 {
		return append([]byte(ours), old...), nil
	}
	end := bytes.Index(old[begin:], []byte(endMark+"\n"))
	if end < 0 {
		return nil, fmt.Errorf("%q has no %q after it", beginMark, endMark)
	}
	rest := old[begin+end+len(endMark)+1:]
	return append(append(append([]byte{}, old[:begin]...), ours...), rest...), nil
}
