package netfilter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// Parse reads what iptables-save or iptables-save -c printed, of the legacy or the nft back end.
// Text that stops short (a table without COMMIT) is an error, so that a cut connection never
// looks like a gateway without rules. Errors are of kind Invalid and name the line.
func Parse(text string) (Ruleset, error) {
	p := parser{text: text, tables: map[string]bool{}}
	for {
		line, ok := p.next()
		if !ok {
			break
		}
		if err := p.line(line); err != nil {
			return Ruleset{}, p.fail(line, err)
		}
	}
	if p.table != nil {
		return Ruleset{}, p.fail("", fmt.Errorf("the text ends before the COMMIT of table %s", p.table.Name))
	}
	return p.out, nil
}

type parser struct {
	text   string
	number int // of the line last read, from 1
	out    Ruleset
	tables map[string]bool // those begun
	table  *Table          // the one being read; nil between tables
	chains map[string]int  // its chains, by name
}

// next returns the next line without its newline.
func (p *parser) next() (string, bool) {
	if p.text == "" {
		return "", false
	}
	p.number++
	line, rest, _ := strings.Cut(p.text, "\n")
	p.text = rest
	return line, true
}

func (p *parser) fail(line string, err error) error {
	target := fmt.Sprintf("line %d", p.number)
	if line = cloud.Clean(line); line != "" {
		target += fmt.Sprintf(" (%.120s)", line)
	}
	return &gateway.Error{
		Op: "read the output of iptables-save,", Target: target, Kind: gateway.Invalid, Err: errors.New(cloud.Clean(err.Error())),
		Next: "run iptables-save on the gateway and look at that line",
	}
}

func (p *parser) line(line string) error {
	if strings.TrimSpace(line) == "" || line[0] == '#' {
		return nil
	}
	switch {
	case line[0] == '*':
		return p.startTable(strings.TrimSpace(line[1:]))
	case p.table == nil:
		return fmt.Errorf("this stands outside of a table")
	case strings.TrimSpace(line) == "COMMIT":
		p.table = nil
		return nil
	case line[0] == ':':
		return p.declare(strings.Fields(line[1:]))
	}
	return p.rule(line)
}

func (p *parser) startTable(name string) error {
	if p.table != nil {
		return fmt.Errorf("table %s has no COMMIT", p.table.Name)
	}
	if name == "" || strings.ContainsAny(name, " \t") {
		return fmt.Errorf("a table's name was expected")
	}
	if p.tables[name] {
		return fmt.Errorf("table %s appears twice", name)
	}
	p.tables[name] = true
	p.out.Tables = append(p.out.Tables, Table{Name: name})
	p.table = &p.out.Tables[len(p.out.Tables)-1]
	p.chains = map[string]int{}
	return nil
}

func (p *parser) declare(words []string) error {
	if len(words) < 2 || len(words) > 3 {
		return fmt.Errorf("a chain's declaration was expected: ':NAME POLICY [packets:bytes]'")
	}
	c := Chain{Name: words[0], Policy: words[1]}
	if _, seen := p.chains[c.Name]; seen {
		return fmt.Errorf("chain %s is declared twice", c.Name)
	}
	if len(words) == 3 {
		var err error
		if c.Packets, c.Bytes, err = counters(words[2]); err != nil {
			return err
		}
	}
	p.chains[c.Name] = len(p.table.Chains)
	p.table.Chains = append(p.table.Chains, c)
	return nil
}

func (p *parser) rule(line string) error {
	var rule Rule
	if line[0] == '[' {
		head, rest, _ := strings.Cut(line, " ")
		var err error
		if rule.Packets, rule.Bytes, err = counters(head); err != nil {
			return err
		}
		line = rest
	}
	rest, ok := strings.CutPrefix(line, "-A ")
	if !ok {
		return fmt.Errorf("a rule was expected: '-A CHAIN ...'")
	}
	name, rest, _ := strings.Cut(rest, " ")
	i, ok := p.chains[name]
	if !ok {
		return fmt.Errorf("chain %s is not declared in table %s", name, p.table.Name)
	}
	var err error
	if rule.Args, err = p.words(rest); err != nil {
		return err
	}
	p.table.Chains[i].Rules = append(p.table.Chains[i].Rules, rule)
	return nil
}

// maxContinued is how many lines a rule may go on for: the kernel keeps 256 bytes of a comment.
const maxContinued = 256

// words splits a rule. iptables-save prints a newline inside a comment as it is, so a quote that
// is open at the end of the line goes on in the next.
func (p *parser) words(line string) ([]string, error) {
	start, rest := p.number, p.text
	for range maxContinued {
		words, err := splitWords(line)
		if err == nil {
			return words, nil
		}
		more, ok := p.next()
		if !ok {
			break
		}
		line += "\n" + more
	}
	p.number, p.text = start, rest
	return nil, errQuote
}

// counters reads "[packets:bytes]".
func counters(s string) (packets, bytes uint64, err error) {
	first, second, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"), ":")
	if ok && strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		var err1, err2 error
		packets, err1 = strconv.ParseUint(first, 10, 64)
		bytes, err2 = strconv.ParseUint(second, 10, 64)
		if err1 == nil && err2 == nil {
			return packets, bytes, nil
		}
	}
	return 0, 0, fmt.Errorf("counters were expected: '[packets:bytes]', not %q", s)
}
