package netfilter

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

var trailingCounters = regexp.MustCompile(` \[[0-9]*:[0-9]*\]$`)

// Fingerprint is a digest of one table in text printed by iptables-save without -c: comments and
// the policies' counters do not count, every rule does, ours and foreign. For the text of that
// table alone it equals
//
//	iptables-save -t TABLE | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//' | sha256sum
//
// so that a gateway can check it by itself. Tables of other names in the text are skipped. A
// table that is not in the text counts as an empty one, which is what that command prints for it.
func Fingerprint(text, table string) string {
	h := sha256.New()
	skip, found := false, false
	for line := range strings.Lines(text) {
		if line[0] == '#' {
			continue
		}
		body, newline := strings.CutSuffix(line, "\n")
		if name, ok := strings.CutPrefix(body, "*"); ok {
			skip = name != table
			found = found || !skip
		}
		if skip {
			continue
		}
		if strings.HasSuffix(body, "]") {
			body = trailingCounters.ReplaceAllString(body, "")
		}
		h.Write([]byte(body))
		if newline {
			h.Write([]byte{'\n'})
		}
	}
	if _, ok := builtinChains[table]; ok && !found {
		return Ruleset{}.Fingerprint(table)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fingerprint is the same digest, of the table as [Ruleset.Format] renders it.
func (r Ruleset) Fingerprint(table string) string {
	t, ok := r.Table(table)
	if !ok {
		t = emptyTable(table)
	}
	return Fingerprint(Ruleset{Tables: []Table{t}}.Format(false), table)
}
