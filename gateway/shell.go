package gateway

import "strings"

// Quote joins words into one POSIX shell command line in which each stays one word, whatever it
// holds. It is the only place where text becomes part of a shell command.
func Quote(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if w != "" && strings.IndexFunc(w, needsQuote) < 0 {
			out[i] = w
			continue
		}
		out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(out, " ")
}

// plain are the characters that no POSIX shell gives a meaning, beside letters and digits.
const plain = "@%+=:,./_-"

func needsQuote(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	digit := r >= '0' && r <= '9'
	return !letter && !digit && !strings.ContainsRune(plain, r)
}
