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

func readCommand(words []string) (request, *refusal) {
	c := request{table: "filter"}
	var command, rest []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		next := func() string {
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		switch {
		case w == "-t" || w == "--table":
			c.table = next()
		case strings.HasPrefix(w, "--table="):
			c.table = strings.TrimPrefix(w, "--table=")
		case w == "-w" || w == "--wait" || w == "-W" || w == "--wait-interval":
			if i+1 < len(words) && isNumber(words[i+1]) {
				i++
			}
		case w == "-V" || w == "--version":
			c.version = true
		case w == "-n" || w == "--numeric" || w == "-4" || w == "-x":
		case w == "-v" || w == "--verbose":
			c.verbose = true
		case w == "--line-numbers":
			c.numbers = true
		case w == "-S" || w == "--list-rules" || w == "-L" || w == "--list" || w == "-nL" || w == "-vnL" || w == "-nvL":
			c.show = "-L"
			if w == "-S" || w == "--list-rules" {
				c.show = "-S"
			}
			c.verbose = c.verbose || strings.Contains(w, "v")
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
				c.chain = next()
			}
		case slices.Contains(commandNames, w) || longCommands[w] != "":
			command = append(command, w)
			for i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") && words[i+1] != "!" && len(command) < 3 {
				command = append(command, next())
			}
		case w == "--comment" || w == "--log-prefix":
			rest = append(rest, w, next())
		default:
			rest = append(rest, w)
		}
	}
	c.words = append(command, rest...)
	if len(command) == 0 && c.show == "" && !c.version {
		return c, noCommand(rest)
	}
	return c, nil
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
