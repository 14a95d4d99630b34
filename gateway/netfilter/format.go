package netfilter

import "strconv"

// String is the rule's words on one line, quoted as iptables-save does.
func (r Rule) String() string { return string(r.appendTo(nil)) }

func (r Rule) appendTo(b []byte) []byte {
	option := ""
	for i, w := range r.Args {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendWord(b, option, w)
		if arity(option) == 1 {
			option = "" // w was a value: it names no option for the next word
		} else {
			option = w
		}
	}
	return b
}

// Format is the ruleset as iptables-save prints it, without its comments. With counters
// (iptables-save -c) [Parse] gives back the same ruleset; without, all traffic counters are left
// out or zero, so that equal rules give equal text.
func (r Ruleset) Format(counters bool) string {
	rules := 0
	for _, t := range r.Tables {
		for _, c := range t.Chains {
			rules += 1 + len(c.Rules)
		}
	}
	b := make([]byte, 0, 200*rules)
	for _, t := range r.Tables {
		b = append(append(append(b, '*'), t.Name...), '\n')
		for _, c := range t.Chains {
			b = c.appendDeclaration(b, counters)
		}
		for _, c := range t.Chains {
			for _, rule := range c.Rules {
				if counters {
					b = append(appendCounters(b, rule.Packets, rule.Bytes), ' ')
				}
				b = append(append(b, "-A "...), c.Name...)
				if len(rule.Args) > 0 {
					b = rule.appendTo(append(b, ' '))
				}
				b = append(b, '\n')
			}
		}
		b = append(b, "COMMIT\n"...)
	}
	return string(b)
}

func (c Chain) appendDeclaration(b []byte, counters bool) []byte {
	b = append(append(b, ':'), c.Name...)
	b = append(append(append(b, ' '), c.Policy...), ' ')
	if counters {
		b = appendCounters(b, c.Packets, c.Bytes)
	} else {
		b = appendCounters(b, 0, 0)
	}
	return append(b, '\n')
}

func appendCounters(b []byte, packets, bytes uint64) []byte {
	b = strconv.AppendUint(append(b, '['), packets, 10)
	b = strconv.AppendUint(append(b, ':'), bytes, 10)
	return append(b, ']')
}
