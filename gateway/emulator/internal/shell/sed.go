package shell

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sedCommand is one command of a sed script: an address and d, i, p, q or s.
type sedCommand struct {
	line        int  // address by number; 0 is none
	last        bool // address $
	pattern     *regexp.Regexp
	verb        byte
	from        *regexp.Regexp
	to          string // what s puts there, or the lines of i
	everywhere  bool
	printAfter  bool
	exceptMatch bool // address!
}

// sed knows s, d, i, p and q with addresses /re/, N and $, and -n, -e, -E and -i.
func sed(p *process, args []string) int {
	g, rest, err := options{short: "nEre:i", long: map[string]byte{"--quiet": 'n', "--expression": 'e', "--in-place": 'i'}}.parse(args)
	if err != nil {
		return p.fail("sed", "%v", err)
	}
	scripts := g['e']
	if len(scripts) == 0 {
		if len(rest) == 0 {
			return p.fail("sed", "no script specified")
		}
		scripts, rest = rest[:1], rest[1:]
	}
	var commands []sedCommand
	for i, s := range scripts {
		more, err := parseSed(s, g.has('E') || g.has('r'))
		if err != nil {
			return p.fail("sed", "-e expression #%d, %v", i+1, err)
		}
		commands = append(commands, more...)
	}
	if g.has('i') {
		ok := true
		for _, f := range rest {
			text, good := p.read("sed: can't read", f)
			if good {
				good = p.did("sed: couldn't write", f, p.machine.FS.Write(p.user, p.abs(f), []byte(runSed(commands, text, g.has('n'))), 0o644, false))
			}
			ok = ok && good
		}
		return status(ok)
	}
	texts, ok := p.inputs("sed: can't read", rest)
	p.printf("%s", runSed(commands, strings.Join(texts, ""), g.has('n')))
	if !ok {
		return 2
	}
	return 0
}

func runSed(commands []sedCommand, text string, quiet bool) string {
	var b strings.Builder
	all := lines(text)
	for i, line := range all {
		line, keep, quit := sedLine(&b, commands, line, i+1, len(all))
		if keep && !quiet {
			b.WriteString(line)
			if i+1 < len(all) || strings.HasSuffix(text, "\n") {
				b.WriteByte('\n')
			}
		}
		if quit {
			break
		}
	}
	return b.String()
}

// sedLine runs the commands on one line: what it has become, whether it is kept, and whether the
// rest is left out.
func sedLine(b *strings.Builder, commands []sedCommand, line string, number, of int) (after string, keep, quit bool) {
	for _, c := range commands {
		if !c.applies(line, number, of) {
			continue
		}
		switch c.verb {
		case 'd':
			return "", false, false
		case 'q':
			return line, true, true
		case 'i':
			b.WriteString(c.to)
		case 'p':
			b.WriteString(line + "\n")
		case 's':
			replaced, changed := c.substitute(line)
			if line = replaced; changed && c.printAfter {
				b.WriteString(line + "\n")
			}
		}
	}
	return line, true, false
}

func (c sedCommand) applies(line string, number, of int) bool {
	hit := true
	switch {
	case c.pattern != nil:
		hit = c.pattern.MatchString(line)
	case c.last:
		hit = number == of
	case c.line > 0:
		hit = number == c.line
	}
	return hit != c.exceptMatch
}

func (c sedCommand) substitute(line string) (string, bool) {
	if !c.from.MatchString(line) {
		return line, false
	}
	if c.everywhere {
		return c.from.ReplaceAllString(line, c.to), true
	}
	at := c.from.FindStringSubmatchIndex(line)
	return line[:at[0]] + string(c.from.ExpandString(nil, c.to, line, at)) + line[at[1]:], true
}

var errUnterminated = errors.New("unterminated address or `s' command")

func parseSed(text string, extended bool) ([]sedCommand, error) {
	var out []sedCommand
	for {
		text = strings.TrimLeft(text, " \t\n;")
		if text == "" {
			return out, nil
		}
		var c sedCommand
		var err error
		if text, err = c.address(text, extended); err != nil {
			return nil, err
		}
		if text == "" {
			return nil, errors.New("missing command")
		}
		c.verb = text[0]
		text = text[1:]
		switch c.verb {
		case 'd', 'p', 'q':
		case 'i':
			if c.to, text, err = inserted(text); err != nil {
				return nil, err
			}
		case 's':
			if text, err = c.substitution(text, extended); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("unknown command: `%c'", c.verb)
		}
		out = append(out, c)
	}
}

// inserted takes the lines that follow "i\": all but the last end with a backslash.
func inserted(text string) (lines, rest string, err error) {
	text, ok := strings.CutPrefix(text, "\\\n")
	if !ok {
		return "", "", errors.New("expected \\ after `a', `c' or `i'")
	}
	for line := range strings.Lines(text) {
		text = text[len(line):]
		line, more := strings.CutSuffix(strings.TrimSuffix(line, "\n"), `\`)
		lines += line + "\n"
		if !more {
			break
		}
	}
	return lines, text, nil
}

func (c *sedCommand) address(text string, extended bool) (string, error) {
	switch {
	case text[0] == '/':
		re, rest, ok := delimited(text[1:], '/')
		if !ok {
			return "", errUnterminated
		}
		var err error
		if c.pattern, err = regexp.Compile(translate(re, extended)); err != nil {
			return "", err
		}
		text = rest
	case text[0] == '$':
		c.last, text = true, text[1:]
	case text[0] >= '0' && text[0] <= '9':
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		c.line, _ = strconv.Atoi(text[:digits])
		text = text[digits:]
	}
	text = strings.TrimLeft(text, " ")
	if rest, not := strings.CutPrefix(text, "!"); not {
		c.exceptMatch, text = true, rest
	}
	return text, nil
}

func (c *sedCommand) substitution(text string, extended bool) (string, error) {
	if text == "" {
		return "", errUnterminated
	}
	re, rest, ok := delimited(text[1:], text[0])
	to, rest, ok2 := delimited(rest, text[0])
	if !ok || !ok2 {
		return "", errUnterminated
	}
	var err error
	if c.from, err = regexp.Compile(translate(re, extended)); err != nil {
		return "", err
	}
	c.to = replacement(to)
	for rest != "" && strings.ContainsRune("gp", rune(rest[0])) {
		c.everywhere = c.everywhere || rest[0] == 'g'
		c.printAfter = c.printAfter || rest[0] == 'p'
		rest = rest[1:]
	}
	return rest, nil
}

// delimited cuts at the next delimiter that no backslash and no bracket protects.
func delimited(s string, end byte) (part, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == end:
			i++
			b.WriteByte(end)
		case s[i] == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		case s[i] == end:
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

// replacement rewrites "\1", "&" for package regexp.
func replacement(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			switch {
			case s[i] >= '0' && s[i] <= '9':
				b.WriteString("${" + s[i:i+1] + "}")
			case s[i] == 'n':
				b.WriteByte('\n')
			default:
				b.WriteByte(s[i])
			}
		case c == '&':
			b.WriteString("${0}")
		case c == '$':
			b.WriteString("$$")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// translate rewrites a POSIX regular expression, basic or extended, for package regexp: in a
// basic one ( ) { } | + ? are plain and mean something after a backslash; in brackets a backslash
// is plain.
func translate(re string, extended bool) string {
	var b strings.Builder
	for i := 0; i < len(re); i++ {
		switch c := re[i]; {
		case c == '[':
			set, n := bracket(re[i:])
			b.WriteString(set)
			i += n - 1
		case c == '\\' && i+1 < len(re):
			i++
			if !extended && strings.IndexByte("(){}|+?", re[i]) >= 0 {
				b.WriteByte(re[i])
				continue
			}
			b.WriteByte('\\')
			b.WriteByte(re[i])
		case !extended && strings.IndexByte("(){}|+?", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// bracket copies "[...]" with its backslashes made plain and returns its length.
func bracket(s string) (string, int) {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for i < len(s) && s[i] != ']' {
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				i += end + 1
			}
		}
		i++
	}
	end := min(i+1, len(s))
	return strings.ReplaceAll(s[:end], `\`, `\\`), end
}
