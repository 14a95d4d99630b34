package kernel

import (
	"fmt"
	"strconv"
	"strings"
)

// RestoreOptions are the options of iptables-restore.
type RestoreOptions struct {
	NoFlush  bool   // keep what is not named
	Test     bool   // read everything, change nothing
	Counters bool   // take the counters given
	Table    string // only this table; "" is all
	FailAt   int    // fail at this line, from 1, whatever it says; 0 is none
}

// Restore does what iptables-restore does with that input. Each table is committed at its COMMIT;
// a failure leaves those before it changed and those after it untouched.
func (k *Kernel) Restore(input string, o RestoreOptions) *Failure {
	k.mu.Lock()
	failed := (&restore{kernel: k, options: o, rest: input}).run()
	k.mu.Unlock()
	if !o.Test {
		k.changed()
	}
	return failed
}

// restore is one input on its way through.
type restore struct {
	kernel  *Kernel
	options RestoreOptions
	rest    string
	line    int
	tx      *transaction // nil outside of a table
	todo    []operation  // of this table
	skip    bool         // in a table that was not asked for
}

func (s *restore) run() *Failure {
	for s.rest != "" {
		var text string
		text, s.rest, _ = strings.Cut(s.rest, "\n")
		s.line++
		if s.line == s.options.FailAt {
			return &Failure{Exit: 1, Text: fmt.Sprintf("iptables-restore: line %d failed\n", s.line)}
		}
		if text == "" || text[0] == '#' {
			continue
		}
		if f := s.input(text); f != nil {
			return f
		}
	}
	if s.tx != nil || s.skip {
		return &Failure{Exit: 1, Text: fmt.Sprintf("iptables-restore: COMMIT expected at line %d\n", s.line+1)}
	}
	return nil
}

// input handles one line that is neither empty nor a comment.
func (s *restore) input(text string) *Failure {
	inTable := s.tx != nil || s.skip
	var r *refusal
	switch {
	case inTable && strings.TrimRight(text, " \t") == "COMMIT":
		r = s.end()
	case !inTable && text[0] == '*':
		r = s.begin(text)
	case !inTable:
		return &Failure{Exit: 1, Text: fmt.Sprintf("iptables-restore: line %d failed\n", s.line)}
	case s.skip:
	case text[0] == ':':
		r = s.declare(text[1:])
	default:
		r = s.rule(text)
	}
	if r == nil {
		return nil
	}
	if r.line == 0 {
		r.line = s.line
	}
	return r.inRestore()
}

func (s *restore) begin(text string) *refusal {
	name, _, _ := strings.Cut(strings.TrimLeft(text[1:], " \t"), " ")
	switch {
	case builtin[name] == nil:
		return usage("iptables-restore: line %d table name '%s' invalid", s.line, name)
	case s.options.Table != "" && s.options.Table != name:
		s.skip = true
		return nil
	}
	s.tx, s.todo = s.kernel.begin(name, !s.options.NoFlush), nil
	return nil
}

// end carries out what was read of a table. A test ends where the kernel would be asked.
func (s *restore) end() *refusal {
	tx := s.tx
	s.tx, s.skip = nil, false
	if tx == nil || s.options.Test {
		return nil
	}
	if tx.drop = len(s.todo) == 0; tx.drop && s.options.NoFlush {
		return nil
	}
	for _, o := range s.todo {
		if r := tx.do(o); r != nil {
			switch r.line {
			case 0:
				r.line = o.line
			case atCommit:
				r.line = s.line
			}
			return r
		}
	}
	return s.kernel.commit(tx)
}

func (s *restore) declare(text string) *refusal {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' })
	switch {
	case len(words) == 0:
		return usage("iptables-restore: line %d chain name invalid", s.line)
	case len(words) == 1:
		return usage("iptables-restore: line %d policy invalid", s.line)
	}
	if s.options.Counters && len(words) > 2 {
		if _, _, ok := counters(words[2]); !ok {
			return usage("invalid policy counters for chain '%s'", words[0])
		}
	}
	s.todo = append(s.todo, operation{op: declareOp, chain: words[0], policy: words[1], line: s.line})
	return checkName(words[0])
}

func (s *restore) rule(text string) *refusal {
	packets, bytes := uint64(0), uint64(0)
	if text[0] == '[' {
		head, rest, ok := strings.Cut(text, "]")
		p, b, valid := counters(head + "]")
		if !ok || !valid {
			return usage("Bad line %d: need ]", s.line)
		}
		if s.options.Counters {
			packets, bytes = p, b
		}
		text = rest
	}
	words := split(text)
	for _, w := range words {
		if w == "-t" || strings.HasPrefix(w, "--table") {
			return usage("The -t option cannot be used in iptables-restore.\n")
		}
		if w == "--comment" || w == "--log-prefix" {
			break // what follows may say anything
		}
	}
	o, r := s.tx.read(words, packets, bytes)
	o.line = s.line
	s.todo = append(s.todo, o)
	return r
}

// split takes a line apart as iptables-restore does: words end at blanks; double quotes hold
// blanks, and in them a backslash makes the next character plain. A quote left open ends with
// the line and keeps its newline.
func split(line string) []string {
	var words []string
	var word strings.Builder
	quoted, escaped, open := false, false, false
	flush := func() {
		if open {
			words = append(words, word.String())
			word.Reset()
			open = false
		}
	}
	for _, c := range []byte(line) {
		switch {
		case quoted && escaped:
			word.WriteByte(c)
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case quoted && c == '"':
			quoted = false
			flush()
		case quoted:
			word.WriteByte(c)
		case c == '"':
			quoted, open = true, true
		case c == ' ' || c == '\t':
			flush()
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if quoted {
		word.WriteByte('\n')
	}
	flush()
	return words
}

// counters reads "[packets:bytes]".
func counters(s string) (packets, bytes uint64, ok bool) {
	inner, ok1 := strings.CutPrefix(s, "[")
	inner, ok2 := strings.CutSuffix(inner, "]")
	first, second, ok3 := strings.Cut(inner, ":")
	packets, err1 := strconv.ParseUint(first, 10, 64)
	bytes, err2 := strconv.ParseUint(second, 10, 64)
	return packets, bytes, ok1 && ok2 && ok3 && err1 == nil && err2 == nil
}
