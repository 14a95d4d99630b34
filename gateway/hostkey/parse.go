package hostkey

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Bounds of what is read: a log is as long as the machine likes.
const (
	maxLog   = 1 << 20 // bytes, of the log's end; Nova itself keeps 100 KiB
	maxLine  = 16 << 10
	maxLines = 256 // of one block; a block with more is not believed
	maxKeys  = 32  // of one block
)

type kind int

const (
	keys kind = iota
	prints
)

// The marks are those of cloud-init's write-ssh-key-fingerprints, which cirros uses as well
// (cirros-status, "=== sshd host keys ==="), for whole keys.
var marks = map[string]struct {
	kind  kind
	begin bool
}{
	"-----BEGIN SSH HOST KEY KEYS-----":         {keys, true},
	"-----END SSH HOST KEY KEYS-----":           {keys, false},
	"-----BEGIN SSH HOST KEY FINGERPRINTS-----": {prints, true},
	"-----END SSH HOST KEY FINGERPRINTS-----":   {prints, false},
}

// block is what stands between two marks.
type block struct {
	kind  kind
	lines []string
	whole bool // its END came, and it kept the bounds
}

// Parse returns the host keys that the last boot in a console log printed.
//
// Only the lines between a BEGIN mark and its END count, and a mark counts only where it is all
// of a line, but for the prefixes that cloud-init, syslog and the kernel put before it. Of several
// boots the last one counts. A block whose END is missing is not believed: the boot is still
// printing it, or the log was cut. Then an older boot is not believed either, because its keys may
// be gone. A boot prints fingerprints before keys, so fingerprints count along with the keys that
// follow them.
func Parse(log string) Set {
	if len(log) > maxLog {
		log = log[len(log)-maxLog:]
		_, log, _ = strings.Cut(log, "\n") // the first line is cut
	}
	blocks := split(log)
	var out Set
	if len(blocks) == 0 {
		return out
	}
	last := len(blocks) - 1
	out.add(blocks[last])
	if last > 0 && blocks[last].kind == keys && blocks[last-1].kind == prints {
		out.add(blocks[last-1])
	}
	return out
}

func (s *Set) add(b block) {
	switch {
	case !b.whole:
	case b.kind == keys:
		s.Keys = readKeys(b.lines)
	default:
		s.Prints = readPrints(b.lines)
	}
}

// split finds the blocks of a log, whole or not. A mark that does not fit ends the block before it.
func split(log string) []block {
	var out []block
	open := false
	for line := range lines(log) {
		mark, marked := marks[line]
		switch {
		case marked && mark.begin:
			out, open = append(out, block{kind: mark.kind}), true
		case !open:
		case marked:
			b := &out[len(out)-1]
			b.whole, open = mark.kind == b.kind && len(b.lines) <= maxLines, false
		default:
			if b := &out[len(out)-1]; len(b.lines) <= maxLines {
				b.lines = append(b.lines, line)
			}
		}
	}
	return out
}

// lines yields the lines of a log as a program wrote them: without terminal control, without the
// prefixes of those who passed them on. A carriage return ends a line, too.
func lines(log string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.FieldsFuncSeq(log, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if len(line) <= maxLine && !yield(plain(line)) {
				return
			}
		}
	}
}

// prefix matches what may stand before a line: a syslog priority, the kernel's clock, a date with or
// without a host name, and the tag of cloud-init, which was ec2 once. Other programs' tags do not
// belong: what they pass on may come from anybody.
var prefix = regexp.MustCompile(`^\s*(?:<\d{1,3}>)?\s*(?:\[\s*\d+\.\d+\]\s*)?` +
	`(?:` + date + `\s+(?:[\w.-]+\s+)?` + tag + `|` + date + `\s+|` + tag + `)?`)

const (
	date = `(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)`
	tag  = `(?:cloud-init|ec2)(?:\[\d+\])?:\s*`
)

func plain(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return -1
		}
		return r
	}, ansi.Strip(strings.ToValidUTF8(line, "?")))
	return strings.TrimSpace(line[len(prefix.FindString(line)):])
}
