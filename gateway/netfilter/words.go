package netfilter

import (
	"errors"
	"strings"
)

// errQuote says that a quotation mark was not closed.
var errQuote = errors.New(`a quotation mark (") is not closed`)

// splitWords takes a rule's line apart as iptables-restore does: words end at blanks; in double
// quotes a backslash makes the next character plain, and the closing quote ends the word.
// Outside of quotes a backslash and ' are characters like any other.
func splitWords(line string) ([]string, error) {
	var words []string
	for i := 0; i < len(line); {
		switch line[i] {
		case ' ', '\t':
			i++
		case '"':
			word, n, err := quotedWord(line[i+1:])
			if err != nil {
				return nil, err
			}
			words = append(words, word)
			i += 1 + n
		default:
			end := strings.IndexAny(line[i:], " \t\"")
			if end < 0 {
				end = len(line) - i
			}
			word := line[i : i+end]
			i += end
			if i < len(line) && line[i] == '"' {
				rest, n, err := quotedWord(line[i+1:])
				if err != nil {
					return nil, err
				}
				word += rest
				i += 1 + n
			}
			words = append(words, word)
		}
	}
	return words, nil
}

// quotedWord reads up to the closing quote and returns how many bytes that took.
func quotedWord(s string) (word string, n int, err error) {
	if end := strings.IndexAny(s, `"\`); end >= 0 && s[end] == '"' {
		return s[:end], end + 1, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i == len(s) {
				return "", 0, errQuote
			}
		case '"':
			return b.String(), i + 1, nil
		}
		b.WriteByte(s[i])
	}
	return "", 0, errQuote
}

// How iptables-save prints the value of an option.
type quoting int

const (
	bare    quoting = iota // as it is
	careful                // quoted unless letters, digits, - and _ only; " \ ' escaped
	always                 // quoted whatever it holds; " and \ escaped
)

// quotingOf follows what the extensions call to print: xtables_save_string, or quotes of their own.
func quotingOf(option string) quoting {
	switch option {
	case "--comment", "--log-prefix", "--nflog-prefix", "--ulog-prefix", "--path", "--idletimer-label":
		return careful
	case "--string", "--hex-string", "--u32", "--bytecode":
		return always
	}
	return bare
}

// appendWord adds one word, quoted as iptables-save quotes the value of that option.
func appendWord(b []byte, option, word string) []byte {
	how := quotingOf(option)
	switch {
	case how == always:
		return appendQuoted(b, word, `"\`)
	case how == careful && !isPlain(word):
		return appendQuoted(b, word, `"\'`)
	case word == "" || strings.ContainsAny(word, " \t\n\""):
		return appendQuoted(b, word, `"\'`)
	}
	return append(b, word...)
}

func appendQuoted(b []byte, word, escape string) []byte {
	b = append(b, '"')
	if !strings.ContainsAny(word, escape) {
		return append(append(b, word...), '"')
	}
	for i := range len(word) {
		if strings.IndexByte(escape, word[i]) >= 0 {
			b = append(b, '\\')
		}
		b = append(b, word[i])
	}
	return append(b, '"')
}

func isPlain(word string) bool {
	for i := range len(word) {
		switch c := word[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return word != ""
}

// arity is how many words after the option are its values, for the options whose value could
// look like an option itself.
func arity(option string) int {
	if quotingOf(option) != bare {
		return 1
	}
	return 0
}
