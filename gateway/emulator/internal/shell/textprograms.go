package shell

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func textPrograms() map[string]program {
	return map[string]program{
		"sed": sed, "grep": grep, "head": head, "tail": tail, "wc": wc, "sort": sortProgram, "uniq": uniq, "cut": cut, "tr": tr,
		"sha256sum": sha256sum, "seq": seq,
	}
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// lines splits text; a newline at its end makes no further line.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func sha256sum(p *process, args []string) int {
	names := args
	if len(names) == 0 {
		names = []string{"-"}
	}
	ok := true
	for _, n := range names {
		text, good := p.read("sha256sum", n)
		if ok = ok && good; good {
			sum := sha256.Sum256([]byte(text))
			p.printf("%s  %s\n", hex.EncodeToString(sum[:]), n)
		}
	}
	return status(ok)
}

// grep knows -q -c -v -F -E -n -x -i -o -s, -e and -f.
func grep(p *process, args []string) int {
	g, rest, err := options{short: "qcvFEnxioshwe:f:", long: map[string]byte{"--quiet": 'q', "--fixed-strings": 'F', "--extended-regexp": 'E'}}.parse(args)
	if err != nil {
		p.fail("grep", "%v", err)
		return 2
	}
	patterns := g['e']
	for _, f := range g['f'] {
		text, ok := p.read("grep", f)
		if !ok {
			return 2
		}
		patterns = append(patterns, lines(text)...)
	}
	if len(g['e'])+len(g['f']) == 0 {
		if len(rest) == 0 {
			p.fail("grep", "no pattern")
			return 2
		}
		patterns, rest = rest[:1], rest[1:]
	}
	match, err := grepMatch(g, patterns)
	if err != nil {
		p.fail("grep", "%v", err)
		return 2
	}
	texts, ok := p.inputs("grep", rest)
	found := p.grepLines(g, match, lines(strings.Join(texts, "")))
	if g.has('c') {
		p.printf("%d\n", found)
	}
	switch {
	case !ok:
		return 2
	case found == 0:
		return 1
	}
	return 0
}

func (p *process) grepLines(g given, match func(string) []int, all []string) (found int) {
	for i, line := range all {
		hit := match(line)
		if (hit != nil) == g.has('v') {
			continue
		}
		found++
		switch {
		case g.has('q') || g.has('c'):
		case g.has('o') && hit != nil:
			p.printf("%s\n", line[hit[0]:hit[1]])
		case g.has('n'):
			p.printf("%d:%s\n", i+1, line)
		default:
			p.printf("%s\n", line)
		}
	}
	return found
}

// grepMatch tells where one of the patterns first occurs in a line. No pattern occurs nowhere.
func grepMatch(g given, patterns []string) (func(line string) []int, error) {
	switch {
	case len(patterns) == 0:
		return func(string) []int { return nil }, nil
	case g.has('F') && g.has('x') && !g.has('i') && !g.has('w'): // a regular expression of thousands of lines is slow
		return wholeLines(patterns), nil
	}
	var parts []string
	for _, list := range patterns {
		for pattern := range strings.SplitSeq(list, "\n") {
			switch {
			case g.has('F'):
				pattern = regexp.QuoteMeta(pattern)
			default:
				pattern = translate(pattern, g.has('E'))
			}
			parts = append(parts, "(?:"+pattern+")")
		}
	}
	all := strings.Join(parts, "|")
	if g.has('x') {
		all = "^(?:" + all + ")$"
	}
	if g.has('w') {
		all = `\b(?:` + all + `)\b`
	}
	if g.has('i') {
		all = "(?i)" + all
	}
	re, err := regexp.Compile(all)
	if err != nil {
		return nil, err
	}
	return re.FindStringIndex, nil
}

func wholeLines(patterns []string) func(line string) []int {
	set := map[string]bool{}
	for _, list := range patterns {
		for pattern := range strings.SplitSeq(list, "\n") {
			set[pattern] = true
		}
	}
	return func(line string) []int {
		if set[line] {
			return []int{0, len(line)}
		}
		return nil
	}
}

func head(p *process, args []string) int {
	return p.ends("head", args, func(all []string, n string) []string {
		k, _ := strconv.Atoi(n)
		if k < 0 {
			return all[:max(0, len(all)+k)]
		}
		return all[:min(k, len(all))]
	})
}

func tail(p *process, args []string) int {
	return p.ends("tail", args, func(all []string, n string) []string {
		k, _ := strconv.Atoi(strings.TrimLeft(n, "+-"))
		if strings.HasPrefix(n, "+") {
			return all[min(max(k-1, 0), len(all)):]
		}
		return all[max(0, len(all)-k):]
	})
}

func (p *process) ends(name string, args []string, pick func([]string, string) []string) int {
	g, rest, err := options{short: "n:q", long: map[string]byte{"--lines": 'n'}, number: true}.parse(args)
	if err != nil {
		return p.fail(name, "%v", err)
	}
	texts, ok := p.inputs(name, rest)
	for _, t := range texts {
		for _, line := range pick(lines(t), g.last('n', "10")) {
			p.printf("%s\n", line)
		}
	}
	return status(ok)
}

func wc(p *process, args []string) int {
	g, rest, err := options{short: "lwcm", long: map[string]byte{"--lines": 'l'}}.parse(args)
	if err != nil {
		return p.fail("wc", "%v", err)
	}
	texts, ok := p.inputs("wc", rest)
	text := strings.Join(texts, "")
	var out []string
	for _, c := range []struct {
		letter byte
		n      int
	}{{'l', strings.Count(text, "\n")}, {'w', len(strings.Fields(text))}, {'c', len(text)}} {
		if g.has(c.letter) || len(g) == 0 {
			out = append(out, strconv.Itoa(c.n))
		}
	}
	p.printf("%s\n", strings.Join(append(out, rest...), " "))
	return status(ok)
}

func sortProgram(p *process, args []string) int {
	g, rest, err := options{short: "urnfVk:t:"}.parse(args)
	if err != nil {
		return p.fail("sort", "%v", err)
	}
	texts, ok := p.inputs("sort", rest)
	var all []string
	for _, t := range texts {
		all = append(all, lines(t)...)
	}
	slices.SortStableFunc(all, func(a, b string) int {
		if g.has('n') {
			return cmp.Or(cmp.Compare(leadingNumber(a), leadingNumber(b)), strings.Compare(a, b))
		}
		return strings.Compare(a, b)
	})
	if g.has('r') {
		slices.Reverse(all)
	}
	if g.has('u') {
		all = slices.Compact(all)
	}
	for _, line := range all {
		p.printf("%s\n", line)
	}
	return status(ok)
}

func leadingNumber(s string) float64 {
	s = strings.TrimSpace(s)
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("-0123456789.", r) })
	if end >= 0 {
		s = s[:end]
	}
	n, _ := strconv.ParseFloat(s, 64)
	return n
}

func uniq(p *process, args []string) int {
	g, rest, err := options{short: "cd"}.parse(args)
	if err != nil {
		return p.fail("uniq", "%v", err)
	}
	texts, ok := p.inputs("uniq", rest)
	all := lines(strings.Join(texts, ""))
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		switch {
		case g.has('c'):
			p.printf("%7d %s\n", n, all[i])
		case !g.has('d') || n > 1:
			p.printf("%s\n", all[i])
		}
		i += n
	}
	return status(ok)
}

func seq(p *process, args []string) int {
	if len(args) == 1 {
		args = []string{"1", args[0]}
	}
	if len(args) != 2 {
		return p.fail("seq", "one or two operands")
	}
	first, err := strconv.Atoi(args[0])
	last, err2 := strconv.Atoi(args[1])
	if err != nil || err2 != nil {
		return p.fail("seq", "invalid argument")
	}
	for i := first; i <= last && p.ctx.Err() == nil; i++ {
		p.printf("%d\n", i)
	}
	return 0
}
