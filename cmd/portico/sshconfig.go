package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
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
			hosts := sshHosts(publish.Rows(v.Snapshot), logins, v.config, ownHosts())
			out := sshConfigJSON{Hosts: hosts}
			switch {
			case write:
				path, err := writeSSHConfig(sshConfigBlock(hosts))
				if err != nil {
					return err
				}
				a.note("wrote the block to %s\n", path)
				out.Written = path
			case !a.flags.json:
				a.print("%s", sshConfigBlock(hosts))
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
	Hosts   []sshHost `json:"hosts"`
	Written string    `json:"written,omitempty"` // the file, with --write
}

// sshHost is one Host of the block. What is empty is left to ssh.
type sshHost struct {
	Host         string `json:"host"`
	InstanceID   string `json:"instance_id"`
	Instance     string `json:"instance"`
	HostName     string `json:"hostname"`
	Port         uint16 `json:"port"` // 0: what ssh's configuration says
	User         string `json:"user"`
	Identity     string `json:"identity"`
	HostKeyAlias string `json:"host_key_alias"`
	KnownHosts   string `json:"known_hosts"`

	alias bool // HostName is explained by the user's own configuration, which a Host cannot refer to
}

// sshHosts lists the instances that are reachable by ssh. Names come from outside: only what
// cannot break out of a Host line is used, else the ID.
// taken are the names that lead elsewhere already, in lower case: whoever may name an instance must
// not get the operator's logins to another machine.
func sshHosts(rows []publish.InstanceRow, logins map[string]publish.Login, cfg config, taken map[string]bool) []sshHost {
	count := map[string]int{}
	for _, r := range rows {
		count[r.Instance.Name]++
		count[r.Instance.ID] += 2 // a name that is another's ID leads to that one only
	}
	out := []sshHost{}
	for _, r := range rows {
		w, ok := cfg.way(r, logins[r.Instance.ID])
		if !ok || !plainAlias.MatchString(r.Instance.ID) {
			continue
		}
		h := sshHost{
			Host: r.Instance.Name, InstanceID: r.Instance.ID, Instance: r.Instance.Name, HostName: w.host, Port: w.port,
			HostKeyAlias: w.hostKeyAlias, alias: w.leaveToSSHConfig,
		}
		if count[h.Host] > 1 || !plainAlias.MatchString(h.Host) || taken[strings.ToLower(h.Host)] && !h.alias {
			h.Host = r.Instance.ID
		}
		if plainWord.MatchString(w.user) {
			h.User = w.user
		}
		if path := filepath.ToSlash(w.identity); !breaksOut(path) {
			h.Identity = path
		}
		if path := filepath.ToSlash(w.knownHosts); !breaksOut(path) {
			h.KnownHosts = path
		}
		out = append(out, h)
	}
	return out
}

// breaksOut reports whether a word means something else in ssh_config, even between quotation
// marks: its escapes, and the variables that ssh replaces.
func breaksOut(word string) bool {
	return strings.ContainsAny(word, `"\`) || strings.Contains(word, "${") || cloud.Clean(word) != word
}

// percent writes the tokens that ssh would replace, such as %h, so that they stay what they are.
func percent(word string) string { return strings.ReplaceAll(word, "%", "%%") }

// sshConfigBlock renders a Host for each.
func sshConfigBlock(hosts []sshHost) string {
	var b strings.Builder
	line := func(key, format string, value any) {
		if value != "" && value != uint16(0) {
			fmt.Fprintf(&b, "    "+key+" "+format+"\n", value)
		}
	}
	for _, h := range hosts {
		if !hostWord.MatchString(h.HostName) {
			continue
		}
		if h.alias {
			fmt.Fprintf(&b, "# %s: your own Host %s leads there\n\n", h.Host, h.HostName)
			continue
		}
		fmt.Fprintf(&b, "Host %s\n", h.Host)
		line("HostName", "%s", percent(h.HostName))
		line("Port", "%d", h.Port)
		line("User", "%s", h.User)
		line("IdentityFile", `"%s"`, percent(h.Identity))
		line("UserKnownHostsFile", `"%s"`, percent(h.KnownHosts))
		line("HostKeyAlias", "%s", h.HostKeyAlias)
		b.WriteByte('\n')
	}
	return b.String()
}

// plainAlias has no dot: an instance must not pass for a host of the internet.
var plainAlias = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

var plainWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

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
