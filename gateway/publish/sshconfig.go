package publish

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"portico/cloud"
)

// SSHHost is one Host of the block. What is empty is left to ssh.
type SSHHost struct {
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

// SSHHosts lists the instances that are reachable by ssh. Names come from outside: only what
// cannot break out of a Host line is used, else the ID.
// taken are the names that lead elsewhere already, in lower case: whoever may name an instance must
// not get the operator's logins to another machine.
func SSHHosts(rows []InstanceRow, logins map[string]Login, way func(InstanceRow, Login) (Way, bool), taken map[string]bool) []SSHHost {
	count := map[string]int{}
	for _, r := range rows {
		count[r.Instance.Name]++
		count[r.Instance.ID] += 2 // a name that is another's ID leads to that one only
	}
	out := []SSHHost{}
	for _, r := range rows {
		w, ok := way(r, logins[r.Instance.ID])
		if !ok || !plainAlias.MatchString(r.Instance.ID) {
			continue
		}
		h := SSHHost{
			Host: r.Instance.Name, InstanceID: r.Instance.ID, Instance: r.Instance.Name, HostName: w.Host, Port: w.Port,
			HostKeyAlias: w.HostKeyAlias, alias: w.Alias,
		}
		if count[h.Host] > 1 || !plainAlias.MatchString(h.Host) || taken[strings.ToLower(h.Host)] && !h.alias {
			h.Host = r.Instance.ID
		}
		if plainWord.MatchString(w.User) {
			h.User = w.User
		}
		if path := filepath.ToSlash(w.Identity); !breaksOut(path) {
			h.Identity = path
		}
		if path := filepath.ToSlash(w.KnownHosts); !breaksOut(path) {
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

// SSHConfig renders a Host for each.
func SSHConfig(hosts []SSHHost) string {
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

// hostWord is what ssh gets as a host. It can't be taken for an option, nor end its line.
var hostWord = regexp.MustCompile(`^[A-Za-z0-9_:\[][A-Za-z0-9_.:%\[\]-]*$`)
