package kernel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portico/gateway/netfilter"
)

// Command does what iptables does with these words (without its name) and returns what it
// prints on standard output.
func (k *Kernel) Command(words []string) (string, *Failure) {
	c, r := readCommand(words)
	if r != nil {
		return "", r.inCommand()
	}
	if c.version {
		return "iptables " + Version + "\n", nil
	}
	if builtin[c.table] == nil {
		return "", (&refusal{exit: 3, reason: fmt.Sprintf("table '%s' does not exist", c.table)}).inCommand()
	}
	if c.show != "" {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.list(c)
	}
	k.mu.Lock()
	tx := k.begin(c.table, false)
	o, r := tx.read(c.words, 0, 0)
	if r == nil {
		r = tx.do(o)
	}
	if r == nil && o.op != "-C" {
		r = k.commit(tx)
	}
	k.mu.Unlock()
	if r != nil {
		return "", r.inCommand()
	}
	k.changed()
	return "", nil
}

// request is a command line of iptables with its general options taken out.
type request struct {
	table   string
	words   []string // the command and what belongs to it, in the order given
	show    string   // "-S" or "-L"
	chain   string   // to show; "" is all
	verbose bool
	numbers bool
	version bool
}

// general are iptables' options that stand for themselves, by what they do.
var general = map[string]func(c *request){
	"-V": (*request).setVersion, "--version": (*request).setVersion,
	"-v": (*request).setVerbose, "--verbose": (*request).setVerbose,
	"-n": (*request).ignore, "--numeric": (*request).ignore, "-4": (*request).ignore, "-x": (*request).ignore,
	"--line-numbers": func(c *request) { c.numbers = true },
}

func (c *request) setVersion() { c.version = true }
func (c *request) setVerbose() { c.verbose = true }
func (c *request) ignore()     {}

// shows are the options that list rules; the others of -L may be written in one word with it.
var shows = map[string]string{"-S": "-S", "--list-rules": "-S", "-L": "-L", "--list": "-L", "-nL": "-L", "-vnL": "-L", "-nvL": "-L"}

// reader is a command line of iptables under way.
type reader struct {
	request
	words         []string // that are left
	command, rest []string // the command with its chain and number; all that is of the rule
}

func readCommand(words []string) (request, *refusal) {
	c := reader{request: request{table: "filter"}, words: words}
	for len(c.words) > 0 {
		c.option(c.next())
	}
	c.request.words = append(c.command, c.rest...)
	if len(c.command) == 0 && c.show == "" && !c.version {
		return c.request, noCommand(c.rest)
	}
	return c.request, nil
}

// next takes a word; there is an empty one after the last.
func (c *reader) next() string {
	if len(c.words) == 0 {
		return ""
	}
	w := c.words[0]
	c.words = c.words[1:]
	return w
}

func (c *reader) option(w string) {
	switch {
	case general[w] != nil:
		general[w](&c.request)
	case w == "-t" || w == "--table":
		c.table = c.next()
	case w == "--comment" || w == "--log-prefix": // the value may look like anything
		c.rest = append(c.rest, w, c.next())
	case slices.Contains(waits, w):
		if len(c.words) > 0 && isNumber(c.words[0]) {
			c.next()
		}
	case shows[w] != "":
		c.show, c.verbose = shows[w], c.verbose || strings.Contains(w, "v")
		if len(plain(c.words, 1)) > 0 {
			c.chain = c.next()
		}
	case slices.Contains(commandNames, w) || longCommands[w] != "":
		c.command = append(c.command, w)
		for range plain(c.words, 2) {
			c.command = append(c.command, c.next())
		}
	default:
		c.rest = append(c.rest, w)
	}
}

// waits are options whose number may be left out.
var waits = []string{"-w", "--wait", "-W", "--wait-interval"}

// plain is the first words that are no options, at most n.
func plain(words []string, n int) []string {
	for i, w := range words {
		if i == n || strings.HasPrefix(w, "-") || w == "!" {
			return words[:i]
		}
	}
	return words[:min(n, len(words))]
}

func noCommand(rest []string) *refusal {
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return usage("Bad argument `%s'", rest[0])
	}
	return usage("no command specified")
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// list is -S or -L.
func (k *Kernel) list(c request) (string, *Failure) {
	t := k.tables[c.table]
	if t == nil {
		t = newTable(c.table)
	}
	if c.chain != "" && t[c.chain] == nil {
		return "", &Failure{Exit: 1, Text: fmt.Sprintf("iptables %s: chain `%s' in table `%s' is incompatible, use 'nft' tool.\n", Version, c.chain, c.table)}
	}
	var b strings.Builder
	chains := t.export(c.table).Chains
	if c.show == "-S" {
		for _, ch := range chains {
			if c.chain != "" && ch.Name != c.chain {
				continue
			}
			if ch.Policy == "-" {
				fmt.Fprintf(&b, "-N %s\n", ch.Name)
			} else {
				fmt.Fprintf(&b, "-P %s %s\n", ch.Name, ch.Policy)
			}
		}
	}
	first := true
	for _, ch := range chains {
		if c.chain != "" && ch.Name != c.chain {
			continue
		}
		if c.show == "-S" {
			for _, r := range ch.Rules {
				fmt.Fprintf(&b, "-A %s %s\n", ch.Name, r)
			}
			continue
		}
		if !first {
			b.WriteByte('\n')
		}
		first = false
		listChain(&b, ch, t.references(ch.Name), c)
	}
	return b.String(), nil
}

// listChain is one chain of iptables -L, in columns.
func listChain(b *strings.Builder, ch netfilter.Chain, references int, c request) {
	if ch.Policy == "-" {
		fmt.Fprintf(b, "Chain %s (%d references)\n", ch.Name, references)
	} else {
		fmt.Fprintf(b, "Chain %s (policy %s)\n", ch.Name, ch.Policy)
	}
	if c.numbers {
		b.WriteString("num  ")
	}
	if c.verbose {
		b.WriteString(" pkts bytes target     prot opt in     out     source               destination         \n")
	} else {
		b.WriteString("target     prot opt source               destination         \n")
	}
	for i, r := range ch.Rules {
		if c.numbers {
			fmt.Fprintf(b, "%-5d", i+1)
		}
		listRule(b, r, c.verbose)
	}
}

func listRule(b *strings.Builder, r netfilter.Rule, verbose bool) {
	col := map[string]string{"-s": "0.0.0.0/0", "-d": "0.0.0.0/0", "-i": "*", "-o": "*", "-p": "0"}
	var extra []string
	not := ""
	for i := 0; i < len(r.Args); i++ {
		w := r.Args[i]
		_, column := col[w]
		switch {
		case w == "!":
			not = "!"
			continue
		case column && i+1 < len(r.Args):
			i++
			col[w] = not + strings.TrimSuffix(r.Args[i], "/32")
		case (w == "-j" || w == "-g") && i+1 < len(r.Args):
			i++
		default:
			extra = append(extra, not+w)
		}
		not = ""
	}
	target, _ := r.Target()
	if verbose {
		fmt.Fprintf(b, "%5d %5d ", r.Packets, r.Bytes)
	}
	fmt.Fprintf(b, "%-9s  %-4s --  ", target, col["-p"])
	if verbose {
		fmt.Fprintf(b, "%-6s %-6s  ", col["-i"], col["-o"])
	}
	fmt.Fprintf(b, "%-19s  %-19s  %s\n", col["-s"], col["-d"], strings.Join(extra, " "))
}
