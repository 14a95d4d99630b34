package gateway

import (
	"slices"
	"strings"
)

// Quote joins words into one line that a POSIX shell splits into exactly these words again (POSIX
// Shell Command Language, 2.2.2). It is the only place where text becomes part of a shell
// command. A word must not contain NUL: no program can get one.
func Quote(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if w != "" && strings.IndexFunc(w, needsQuote) < 0 && !slices.Contains(reserved, w) {
			out[i] = w
			continue
		}
		out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(out, " ")
}

// reserved are the words of letters that begin something else than a simple command (2.4, and
// what bash adds).
var reserved = []string{
	"case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then", "time", "until", "while",
}

// plain are the characters that no POSIX shell gives a meaning anywhere in a word, beside letters
// and digits. The equals sign is not one: a first word with it would be an assignment.
const plain = "@+:,./_-"

func needsQuote(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	digit := r >= '0' && r <= '9'
	return !letter && !digit && !strings.ContainsRune(plain, r)
}
