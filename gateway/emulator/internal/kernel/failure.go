package kernel

import (
	"fmt"
	"strings"
)

// Failure is a refusal by iptables: what it prints on standard error, and its exit status
// (1 the request cannot be met, 2 it is wrong, 3 no such table, 4 the kernel said no).
type Failure struct {
	Exit int
	Text string
}

func (f *Failure) Error() string { return f.Text }

// refusal is a failure before it is known which program reports it.
type refusal struct {
	exit   int
	reason string
	line   int // of the restore input, from 1
}

// sentence is exit 1: one of iptables' fixed sentences.
func sentence(reason string) *refusal { return &refusal{exit: 1, reason: reason} }

// usage is exit 2: the words are wrong.
func usage(format string, args ...any) *refusal {
	return &refusal{exit: 2, reason: fmt.Sprintf(format, args...)}
}

// denied is exit 4: the kernel refuses at commit.
func denied(call, errno, what string) *refusal {
	return &refusal{exit: 4, reason: fmt.Sprintf("%s failed (%s): %s", call, errno, what)}
}

const (
	noChain     = "No chain/target/match by that name"
	noRule      = "Bad rule (does a matching rule exist in that chain?)"
	chainExists = "Chain already exists"
	badPolicy   = "Bad policy name"
	notBuiltin  = "Bad built-in chain name"
	deleteIndex = "Index of deletion too big"
	insertIndex = "Index of insertion too big"
	busy        = "Device or resource busy"
	invalid     = "Invalid argument"
	tooDeep     = "Too many links"
)

// inRestore is the refusal in the words of iptables-restore.
func (r *refusal) inRestore() *Failure {
	var text string
	switch r.exit {
	case 1:
		text = fmt.Sprintf("iptables-restore: line %d failed: %s.\n", r.line, r.reason)
	case 4:
		text = fmt.Sprintf("iptables-restore %s: \nline %d: %s\n", Version, r.line, r.reason)
	default:
		text = fmt.Sprintf("%s%s\nError occurred at line: %d\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n", r.program("iptables-restore"), r.reason, r.line)
	}
	return &Failure{Exit: r.exit, Text: text}
}

// inCommand is the refusal in the words of iptables.
func (r *refusal) inCommand() *Failure {
	var text string
	switch r.exit {
	case 1:
		text = fmt.Sprintf("iptables: %s.\n", r.reason)
	case 3:
		text = fmt.Sprintf("iptables %s: %s\nPerhaps iptables or your kernel needs to be upgraded.\n", Version, r.reason)
	case 4:
		text = fmt.Sprintf("iptables %s:  %s\n", Version, r.reason)
	default:
		text = fmt.Sprintf("%s%s\nTry `iptables -h' or 'iptables --help' for more information.\n", r.program("iptables"), r.reason)
	}
	return &Failure{Exit: r.exit, Text: text}
}

// program begins a usage message; a bad argument is complained of without it.
func (r *refusal) program(name string) string {
	if strings.HasPrefix(r.reason, "Bad argument") {
		return ""
	}
	return name + " " + Version + ": "
}
