package shell

import (
	"slices"
	"strings"

	"portico/gateway/emulator/internal/memfs"
)

// enabledUnits are those that start at boot, each after those that its After= and their Before=
// name, else by name. A link that leads nowhere starts nothing.
func (p *process) enabledUnits() []string {
	infos, _ := p.machine.FS.ReadDir(memfs.Root, wants+boot)
	var units []unit
	for _, info := range infos {
		if u, ok := p.loadUnit(info.Name()); ok {
			units = append(units, u)
		}
	}
	return inOrder(units)
}

func inOrder(units []unit) []string {
	var out []string
	for len(units) > 0 {
		first := slices.IndexFunc(units, func(u unit) bool {
			return !slices.ContainsFunc(units, func(other unit) bool { return other.before(u) })
		})
		first = max(first, 0) // a circle is broken somewhere
		out = append(out, units[first].name)
		units = slices.Delete(units, first, first+1)
	}
	return out
}

// before reports whether u has to be started before other.
func (u unit) before(other unit) bool {
	return u.name != other.name && (u.lists("Unit.Before", other.name) || other.lists("Unit.After", u.name))
}

func (u unit) lists(key, name string) bool {
	return slices.ContainsFunc(u.settings[key], func(v string) bool { return slices.Contains(strings.Fields(v), name) })
}

// unitWords takes a command line of a unit file apart, as systemd.service(5) says: words end at
// blanks, quotes hold blanks, a backslash escapes, "$$" and "%%" stand for one. There is no shell,
// and no variable is known.
func unitWords(line string) []string {
	var words []string
	var word strings.Builder
	open, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteString(unescaped(line[i]))
			open = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			i += plain(&word, line[i:])
		case c == '"' || c == '\'':
			quote, open = c, true
		case c == ' ' || c == '\t':
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			i += plain(&word, line[i:])
			open = true
		}
	}
	if open {
		words = append(words, word.String())
	}
	return words
}

// plain adds the first character of s, and returns how many more it took.
func plain(b *strings.Builder, s string) int {
	b.WriteByte(s[0])
	if strings.HasPrefix(s, "$$") || strings.HasPrefix(s, "%%") {
		return 1
	}
	return 0
}

func unescaped(c byte) string {
	if i := strings.IndexByte("ntrs", c); i >= 0 {
		return "\n\t\r "[i : i+1]
	}
	return string(c)
}
