package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
		Use: "ssh-config", Short: "A block for ~/.ssh/config, one Host for each published VM", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, err := a.look(c.Context())
			if err != nil {
				return err
			}
			if !v.knows() { // what is not known to be published would be left out, and lost
				return v.why
			}
			logins, _ := v.publisher.Logins(c.Context(), v.Inventory) // user and key are left out where unknown
			block := sshConfigBlock(publish.Rows(v.Snapshot), logins)
			if !write {
				a.print("%s", block)
				return nil
			}
			path, err := writeSSHConfig(block)
			if err == nil {
				a.note("wrote the block to %s\n", path)
			}
			return err
		},
	}
	c.Flags().BoolVar(&write, "write", false, "put the block into ~/.ssh/config, in place of the one written before")
	return c
}

// sshConfigBlock renders a Host for every instance that is reachable by ssh. Names come from
// outside: only what cannot break out of a Host line is used, else the ID.
func sshConfigBlock(rows []publish.InstanceRow, logins map[string]publish.Login) string {
	count := map[string]int{}
	for _, r := range rows {
		count[hostAlias(r)]++
	}
	var b strings.Builder
	for _, r := range rows {
		f, ok := publish.SSHForward(r)
		if !ok {
			continue
		}
		alias := hostAlias(r)
		if count[alias] > 1 {
			alias = r.Instance.ID
		}
		fmt.Fprintf(&b, "Host %s\n    HostName %s\n    Port %d\n", alias, f.Public.Addr(), f.Public.Port())
		l := logins[r.Instance.ID]
		if plainWord.MatchString(l.User) {
			fmt.Fprintf(&b, "    User %s\n", l.User)
		}
		if l.KeyFile != "" && !strings.ContainsAny(l.KeyFile, "\"\n\r") {
			fmt.Fprintf(&b, "    IdentityFile \"%s\"\n", l.KeyFile)
		}
		// One address carries many machines: each has its own host key.
		fmt.Fprintf(&b, "    HostKeyAlias portico-%s\n\n", r.Instance.ID)
	}
	return b.String()
}

// plainAlias has no dot: an instance must not pass for a host of the internet.
var plainAlias = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

var plainWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func hostAlias(r publish.InstanceRow) string {
	if plainAlias.MatchString(r.Instance.Name) {
		return r.Instance.Name
	}
	return r.Instance.ID
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
