package kernel

import (
	"slices"
	"strings"
)

// spec is a rule taken apart, on its way to canonical words.
type spec struct {
	table    string
	head     map[string]setting // -s -d -i -o -p
	matches  []*loaded
	target   *loaded // with an extension, or with only a name for a chain
	name     string  // of the target
	goTo     bool
	protocol string
}

// loaded is one use of an extension with what was set of it.
type loaded struct {
	ext *extension
	set map[string]setting
}

// setting is one option given: its words, and whether "!" stood before it.
type setting struct {
	not   bool
	words []string
}

var (
	headOptions = []string{"-s", "-d", "-i", "-o", "-p"}
	longOptions = map[string]string{
		"--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--in-interface": "-i", "--out-interface": "-o",
		"--protocol": "-p", "--proto": "-p", "--match": "-m", "--jump": "-j", "--goto": "-g",
	}
)

// parseRule turns a rule's words into those iptables-save prints.
func parseRule(tableName, chain string, words []string) (args []string, refused *refusal) {
	s := &spec{table: tableName, head: map[string]setting{}}
	for i := 0; i < len(words); {
		not := false
		if words[i] == "!" {
			if not, i = true, i+1; i == len(words) {
				return nil, usage("Bad argument `!'")
			}
		}
		used, r := s.word(words[i], words[i+1:], not)
		if r != nil {
			return nil, r
		}
		i += 1 + used
	}
	if r := s.check(chain); r != nil {
		return nil, r
	}
	return s.args(), nil
}

// word takes one option and returns how many of the words after it were its own.
func (s *spec) word(word string, rest []string, not bool) (int, *refusal) {
	if short, ok := longOptions[word]; ok {
		word = short
	}
	switch {
	case !strings.HasPrefix(word, "-"):
		return 0, usage("Bad argument `%s'", word)
	case slices.Contains(headOptions, word), word == "-m", word == "-j", word == "-g":
		if len(rest) == 0 {
			return 0, usage("option \"%s\" requires an argument", word)
		}
		return 1, s.base(word, rest[0], not)
	}
	where, o := s.findOption(word)
	if o == nil {
		return 0, usage("unknown option \"%s\"", word)
	}
	if len(rest) < o.words {
		return 0, usage("option \"%s\" requires an argument", word)
	}
	given := slices.Clone(rest[:o.words])
	if o.norm != nil {
		for i := range given {
			var r *refusal
			if given[i], r = o.norm(given[i]); r != nil {
				return 0, r
			}
		}
	}
	name := o.name
	if name == "--syn" {
		name, given = "--tcp-flags", []string{"FIN,SYN,RST,ACK", "SYN"}
	}
	where.set[name] = setting{not, given}
	return o.words, nil
}

func (s *spec) base(option, value string, not bool) (r *refusal) {
	switch option {
	case "-m":
		return s.load(value)
	case "-j", "-g":
		if s.name != "" {
			return usage("multiple -%s flags not allowed", option[1:])
		}
		s.name, s.goTo = value, option == "-g"
		s.target = &loaded{ext: targets[value], set: map[string]setting{}}
		return nil
	case "-s", "-d":
		value, r = network(value)
	case "-p":
		value, r = protocol(value)
		if !not {
			s.protocol = value
		}
	}
	s.head[option] = setting{not, []string{value}}
	return r
}

func (s *spec) load(name string) *refusal {
	ext := matches[name]
	if ext == nil {
		return usage("Couldn't load match `%s':No such file or directory\n", name)
	}
	s.matches = append(s.matches, &loaded{ext: ext, set: map[string]setting{}})
	return nil
}

// findOption looks in the matches, the last one first, then in the target, then in the match
// that the protocol implies, which is loaded by that.
func (s *spec) findOption(word string) (*loaded, *option) {
	for _, m := range slices.Backward(s.matches) {
		if o := m.ext.find(word); o != nil {
			return m, o
		}
	}
	if s.target != nil && s.target.ext != nil {
		if o := s.target.ext.find(word); o != nil {
			return s.target, o
		}
	}
	implied := matches[s.protocol]
	isLoaded := slices.ContainsFunc(s.matches, func(m *loaded) bool { return m.ext == implied })
	if implied == nil || isLoaded || !slices.Contains([]string{"tcp", "udp", "icmp"}, s.protocol) {
		return nil, nil
	}
	if o := implied.find(word); o != nil {
		m := &loaded{ext: implied, set: map[string]setting{}}
		s.matches = append(s.matches, m)
		return m, o
	}
	return nil, nil
}

// check is what iptables verifies once it has read the whole rule.
func (s *spec) check(chain string) *refusal {
	_, in := s.head["-i"]
	_, out := s.head["-o"]
	if in && (chain == "OUTPUT" || chain == "POSTROUTING") {
		return usage("Can't use -i with %s\n", chain)
	}
	if out && (chain == "INPUT" || chain == "PREROUTING") {
		return usage("Can't use -o with %s\n", chain)
	}
	all := s.matches
	if s.target != nil && s.target.ext != nil {
		all = append(all[:len(all):len(all)], s.target)
		if s.table == "nat" && s.name == "DROP" {
			return usage("\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n")
		}
	}
	for _, l := range all {
		if r := s.checkExtension(l, chain); r != nil {
			return r
		}
	}
	return nil
}

func (s *spec) checkExtension(l *loaded, chain string) *refusal {
	if req := l.ext.required; req != "" && l.set[req].words == nil {
		return usage("%s: option \"%s\" must be specified\n", l.ext.name, req)
	}
	for _, to := range []string{"--to-destination", "--to-source", "--to-ports"} {
		if w := l.set[to].words; len(w) == 1 && (to == "--to-ports" || strings.Contains(w[0], ":")) && !hasPorts(s.protocol) {
			return usage("Need TCP, UDP, SCTP or DCCP with port specification")
		}
	}
	if (l.ext.name == "tcp" || l.ext.name == "udp") && s.protocol != l.ext.name {
		return denied("RULE_APPEND", invalid, "rule in chain "+chain)
	}
	return nil
}

func hasPorts(protocol string) bool {
	return slices.Contains([]string{"tcp", "udp", "sctp", "dccp"}, protocol)
}

// args are the rule's words in iptables' own order.
func (s *spec) args() []string {
	out := make([]string, 0, 16)
	for _, name := range headOptions {
		v, given := s.head[name]
		switch {
		case !given, !v.not && (name == "-s" || name == "-d") && v.words[0] == "0.0.0.0/0", name == "-p" && v.words[0] == "all":
			continue
		}
		out = appendSetting(out, name, v)
	}
	for _, m := range s.matches {
		out = append(out, "-m", m.ext.name)
		out = m.appendTo(out)
	}
	if s.target == nil {
		return out
	}
	jump := "-j"
	if s.goTo {
		jump = "-g"
	}
	out = append(out, jump, s.name)
	if s.target.ext == nil {
		return out
	}
	if len(s.target.set) == 0 {
		return append(out, s.target.ext.implied...)
	}
	return s.target.appendTo(out)
}

func (l *loaded) appendTo(out []string) []string {
	for _, o := range l.ext.options {
		if v, given := l.set[o.name]; given {
			out = appendSetting(out, o.name, v)
		}
	}
	return out
}

func appendSetting(out []string, name string, v setting) []string {
	if v.not {
		out = append(out, "!")
	}
	return append(append(out, name), v.words...)
}
