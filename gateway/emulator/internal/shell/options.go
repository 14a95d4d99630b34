package shell

import (
	"fmt"
	"slices"
	"strings"
)

// options reads a program's options as getopt_long does. short is as in getopt(3): "w:n". long
// maps a long option to its letter. Options may stand between other words unless strict.
type options struct {
	short  string
	long   map[string]byte
	strict bool // the first other word ends the options: it is a command
	number bool // "-5" is "-n 5"
}

// given are the options found: values by letter, in order.
type given map[byte][]string

func (g given) has(letter byte) bool { return len(g[letter]) > 0 }

func (g given) last(letter byte, otherwise string) string {
	if v := g[letter]; len(v) > 0 {
		return v[len(v)-1]
	}
	return otherwise
}

func (o options) parse(args []string) (given, []string, error) {
	g, rest := given{}, []string(nil)
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return g, append(rest, args[i+1:]...), nil
		case a == "-" || !strings.HasPrefix(a, "-"):
			if o.strict {
				return g, args[i:], nil
			}
			rest = append(rest, a)
		case strings.HasPrefix(a, "--"):
			used, err := o.takeLong(g, a, args[i+1:])
			if err != nil {
				return nil, nil, err
			}
			i += used
		case o.number && len(a) > 1 && a[1] >= '0' && a[1] <= '9':
			g['n'] = append(g['n'], a[1:])
		default:
			used, err := o.takeShort(g, a[1:], args[i+1:])
			if err != nil {
				return nil, nil, err
			}
			i += used
		}
	}
	return g, rest, nil
}

func (o options) takesValue(letter byte) (known, value bool) {
	i := strings.IndexByte(o.short, letter)
	if i < 0 || letter == ':' {
		return false, false
	}
	return true, i+1 < len(o.short) && o.short[i+1] == ':'
}

func (o options) takeLong(g given, word string, rest []string) (int, error) {
	name, value, hasValue := strings.Cut(word, "=")
	letter, ok := o.long[name]
	if !ok {
		return 0, fmt.Errorf("unrecognized option '%s'", word)
	}
	_, wants := o.takesValue(letter)
	switch {
	case !wants || hasValue:
		g[letter] = append(g[letter], value)
		return 0, nil
	case len(rest) == 0:
		return 0, fmt.Errorf("option '%s' requires an argument", word)
	}
	g[letter] = append(g[letter], rest[0])
	return 1, nil
}

func (o options) takeShort(g given, letters string, rest []string) (int, error) {
	for i := range len(letters) {
		letter := letters[i]
		known, wants := o.takesValue(letter)
		switch {
		case !known:
			return 0, fmt.Errorf("invalid option -- '%c'", letter)
		case !wants:
			g[letter] = append(g[letter], "")
			continue
		case i+1 < len(letters):
			g[letter] = append(g[letter], letters[i+1:])
			return 0, nil
		case len(rest) == 0:
			return 0, fmt.Errorf("option requires an argument -- '%c'", letter)
		}
		g[letter] = append(g[letter], rest[0])
		return 1, nil
	}
	return 0, nil
}

// without drops an option with an optional value, which getopt's description cannot say:
// iptables' "-w [seconds]".
func without(args []string, names ...string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		name, _, _ := strings.Cut(args[i], "=")
		if !slices.Contains(names, name) {
			out = append(out, args[i])
			continue
		}
		if i+1 < len(args) && strings.Trim(args[i+1], "0123456789") == "" {
			i++
		}
	}
	return out
}
