package host

import "strings"

// Quote joins args to one line that a POSIX shell splits into exactly these words again. Words of
// harmless characters stay as they are; all others are put in single quotes (POSIX
// Shell Command Language, 2.2.2). An argument must not contain NUL: no program can get one.
func Quote(args ...string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		quoteWord(&b, arg)
	}
	return b.String()
}

func quoteWord(b *strings.Builder, word string) {
	if word != "" && strings.IndexFunc(word, special) < 0 {
		b.WriteString(word)
		return
	}
	b.WriteByte('\'')
	b.WriteString(strings.ReplaceAll(word, "'", `'\''`))
	b.WriteByte('\'')
}

// special reports whether some shell may give r a meaning anywhere in a word. The equals
// sign is one: a first word with it would be an assignment.
func special(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("_-./:,@+", r)
}
