package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kevinburke/ssh_config"

	"portico/gateway"
)

// sshConfig is what the user's and the machine's ssh_config(5) files say, the user's first.
type sshConfig struct{ files []*ssh_config.Config }

// readSSHConfig reads the files that ssh(1) would read, or only the given one as with ssh -F.
//
// A machine-wide file that can't be understood is passed over: distributions use Match
// criteria in it that only ssh(1) itself can judge.
func readSSHConfig(path string) (*sshConfig, error) {
	f := &sshConfig{}
	if strings.EqualFold(path, "none") {
		return f, nil
	}
	user := first(path, inHome("config"))
	c, err := parseSSHConfig(user)
	switch {
	case err == nil:
		f.files = append(f.files, c)
	case errors.Is(err, fs.ErrNotExist) && path == "":
	default:
		return nil, &gateway.Error{Op: "read", Target: short(user), Kind: gateway.Invalid, Err: cleaned(err),
			Next: "correct it, or set ssh_config: none and give host, user and key in Portico's configuration"}
	}
	if path == "" {
		if c, err := parseSSHConfig("/etc/ssh/ssh_config"); err == nil {
			f.files = append(f.files, c)
		}
	}
	return f, nil
}

func parseSSHConfig(path string) (*ssh_config.Config, error) {
	text, err := os.ReadFile(path) // #nosec G304 -- the user's own choice of file
	if err != nil {
		return nil, err
	}
	return ssh_config.DecodeBytes([]byte(plainMatches(string(text))))
}

// plainMatches rewrites the Match blocks that are Host blocks in other words, and leaves out those that depend
// on more than the host's name: they count as not matching. The parser would give up on them.
func plainMatches(text string) string {
	var out strings.Builder
	skip := false
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.Replace(line, "=", " ", 1))
		switch {
		case len(words) == 0:
		case strings.EqualFold(words[0], "host"):
			skip = false
		case strings.EqualFold(words[0], "match"):
			line, skip = hostLine(words[1:])
		}
		if !skip {
			out.WriteString(line)
		}
	}
	return out.String()
}

func hostLine(criteria []string) (line string, skip bool) {
	switch {
	case len(criteria) == 1 && strings.EqualFold(criteria[0], "all"):
		return "Host *\n", false
	case len(criteria) == 2 && (strings.EqualFold(criteria[0], "host") || strings.EqualFold(criteria[0], "originalhost")):
		return "Host " + strings.ReplaceAll(criteria[1], ",", " ") + "\n", false
	}
	return "", true
}

// get returns the first value of a keyword for this host, "" if none is given.
func (f *sshConfig) get(alias, key string) string {
	for _, c := range f.files {
		if v, err := c.Get(alias, key); err == nil && v != "" {
			return v
		}
	}
	return ""
}

// all returns every value of a keyword that may be repeated.
func (f *sshConfig) all(alias, key string) []string {
	var out []string
	for _, c := range f.files {
		if v, err := c.GetAll(alias, key); err == nil {
			out = append(out, v...)
		}
	}
	return out
}

// defaultIdentities are the key files that ssh(1) tries when none is named.
var defaultIdentities = []string{"id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"}

// fillFiles sets what refers to files and sockets: identities, known_hosts, agent.
func (f *sshConfig) fillFiles(h *hop, cfg Config) {
	files := cfg.IdentityFiles
	if len(files) == 0 {
		files = f.all(h.alias, "IdentityFile")
	}
	h.explicit = len(files) > 0
	files = append(slices.Clone(files), cfg.FallbackIdentities...)
	if !h.explicit {
		for _, name := range defaultIdentities {
			files = append(files, inHome(name))
		}
	}
	for _, file := range files {
		if path := expand(file, h); !none(file) && !slices.Contains(h.identities, path) {
			h.identities = append(h.identities, path)
		}
	}
	h.knownHosts = cfg.KnownHosts
	if len(h.knownHosts) == 0 {
		user := first(f.get(h.alias, "UserKnownHostsFile"), "~/.ssh/known_hosts")
		global := first(f.get(h.alias, "GlobalKnownHostsFile"), "/etc/ssh/ssh_known_hosts")
		for _, file := range append(strings.Fields(user), strings.Fields(global)...) {
			if !none(file) {
				h.knownHosts = append(h.knownHosts, expand(file, h))
			}
		}
	}
	h.agent = agentSocket(first(cfg.AgentSocket, expand(f.get(h.alias, "IdentityAgent"), h)))
	if cfg.NoAgent {
		h.agent = ""
	}
}

var variable = regexp.MustCompile(`\$\{[^}]+\}`)

// expand replaces a leading tilde, ${VARIABLES} and the tokens of ssh_config(5) that concern files.
func expand(path string, h *hop) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = filepath.Join(home(), path[1:])
	}
	path = variable.ReplaceAllStringFunc(path, func(v string) string { return os.Getenv(v[2 : len(v)-1]) })
	local, _ := os.Hostname()
	label, _, _ := strings.Cut(local, ".")
	return strings.NewReplacer("%%", "%", "%d", home(), "%h", h.host, "%n", h.alias, "%p", h.port,
		"%r", h.user, "%u", localUser(), "%l", local, "%L", label, "%k", first(h.keyAlias, h.alias)).Replace(path)
}
