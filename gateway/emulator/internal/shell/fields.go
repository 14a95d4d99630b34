package shell

import (
	"strconv"
	"strings"
)

// cut picks fields (-f, -d) or characters (-c) of each line.
func cut(p *process, args []string) int {
	g, rest, err := options{short: "d:f:c:s"}.parse(args)
	if err != nil || !g.has('f') && !g.has('c') {
		return p.fail("cut", "you must specify a list of bytes, characters, or fields")
	}
	texts, ok := p.inputs("cut", rest)
	delimiter := g.last('d', "\t")
	for _, t := range texts {
		for _, line := range lines(t) {
			var parts []string
			join := ""
			switch {
			case g.has('c'):
				parts = strings.Split(line, "")
			case !strings.Contains(line, delimiter):
				if !g.has('s') {
					p.printf("%s\n", line)
				}
				continue
			default:
				parts, join = strings.Split(line, delimiter), delimiter
			}
			p.printf("%s\n", strings.Join(pick(parts, g.last('f', g.last('c', ""))), join))
		}
	}
	return status(ok)
}

// pick takes the parts that a list names: "1,3-5,7-".
func pick(parts []string, list string) []string {
	var out []string
	for i, part := range parts {
		for item := range strings.SplitSeq(list, ",") {
			first, last, isRange := strings.Cut(item, "-")
			low, high := 1, len(parts)
			if n, err := strconv.Atoi(first); err == nil {
				low = n
			}
			if n, err := strconv.Atoi(last); err == nil {
				high = n
			}
			if !isRange {
				high = low
			}
			if i+1 >= low && i+1 <= high {
				out = append(out, part)
				break
			}
		}
	}
	return out
}

// tr translates or deletes (-d) characters, or squeezes repeats (-s).
func tr(p *process, args []string) int {
	g, sets, err := options{short: "dsc"}.parse(args)
	if err != nil || len(sets) == 0 {
		return p.fail("tr", "missing operand")
	}
	from := characters(sets[0])
	var to []rune
	if len(sets) > 1 {
		to = characters(sets[1])
	}
	var b strings.Builder
	last := rune(-1)
	for _, r := range string(p.input()) {
		i := indexRune(from, r)
		in := (i >= 0) != g.has('c')
		switch {
		case in && g.has('d'):
			continue
		case in && len(to) > 0:
			r = to[min(max(i, 0), len(to)-1)]
		}
		if g.has('s') && r == last && in {
			continue
		}
		last = r
		b.WriteRune(r)
	}
	p.printf("%s", b.String())
	return 0
}

func indexRune(set []rune, r rune) int {
	for i, c := range set {
		if c == r {
			return i
		}
	}
	return -1
}

var classes = map[string]string{
	"[:upper:]": "A-Z", "[:lower:]": "a-z", "[:digit:]": "0-9", "[:alnum:]": "A-Za-z0-9", "[:space:]": " \t\n\r", "[:blank:]": " \t",
}

// characters expands "a-z", "\n" and the classes.
func characters(set string) []rune {
	for name, chars := range classes {
		set = strings.ReplaceAll(set, name, chars)
	}
	set = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", `\\`, `\`).Replace(set)
	in := []rune(set)
	var out []rune
	for i := 0; i < len(in); i++ {
		if i+2 < len(in) && in[i+1] == '-' && in[i] <= in[i+2] {
			for r := in[i]; r <= in[i+2]; r++ {
				out = append(out, r)
			}
			i += 2
			continue
		}
		out = append(out, in[i])
	}
	return out
}
