package cloud

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of failure an [Error] is. Callers decide by Kind, never by text.
type Kind int

// The kinds of failure. Internal is the zero value: something nobody foresaw.
const (
	Internal    Kind = iota
	Unreachable      // no answer: network, DNS, time-out, service down
	Auth             // the credentials were refused
	HostKey          // an SSH host key is unknown and was not accepted, or has changed
	Permission       // known who you are, not allowed to do this
	NotFound         // the thing named does not exist, or is not visible in this project
	Conflict         // the present state forbids it: port taken, address in use
	Stale            // what the plan was made from has changed since
	Quota            // a limit of the project would be exceeded
	Invalid          // the input is wrong; nothing was tried
	Partial          // some of it was done and could not be undone
	Transient        // overloaded or busy; the same call may succeed later
)

var kinds = [...]struct{ name, next string }{
	Internal:    {"internal error", "run again with --debug and report what it prints"},
	Unreachable: {"unreachable", "check the address and your network, then try again"},
	Auth:        {"not authorised", "check user, password or key, and that they are still valid"},
	HostKey:     {"host key not trusted", "compare the fingerprint with the one the machine itself shows"},
	Permission:  {"not permitted", "ask the project's administrator for the right to do this"},
	NotFound:    {"not found", "check the spelling and the project: 'portico list' shows what is there"},
	Conflict:    {"conflict", "look at what is in the way, then plan again"},
	Stale:       {"out of date", "plan again: something changed in the meantime"},
	Quota:       {"quota exceeded", "free something or ask for a larger quota"},
	Invalid:     {"invalid", "correct the input; nothing was changed"},
	Partial:     {"partly done", "look at what is left and clean it up as listed"},
	Transient:   {"temporarily unavailable", "try again in a moment"},
}

// String names the kind in a few words: "not found".
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kinds) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kinds[k].name
}

// Error is a failure a user can act on.
//
// Op is a verb phrase that reads on from "could not": "list instances of". Target is what it
// was done to. Err is the cause and may be nil. Next, where given, replaces the kind's general
// advice by the exact thing to do.
type Error struct {
	Op, Target string
	Kind       Kind
	Err        error
	Next       string
}

// Error is one line: what could not be done, the kind, and the cause.
func (e *Error) Error() string {
	s := "could not " + e.Op
	if e.Target != "" {
		s += " " + e.Target
	}
	if e.Err == nil {
		return s + ": " + e.Kind.String()
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost [Error] in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Explanation is an error in the three sentences a user gets.
type Explanation struct{ What, Why, Next string }

// Explain turns any error into what happened, why, and what to do next. The text is cleaned.
func Explain(err error) Explanation {
	if err == nil {
		return Explanation{}
	}
	var e *Error
	if !errors.As(err, &e) {
		return Explanation{What: Clean(err.Error()), Why: Internal.String(), Next: kinds[Internal].next}
	}
	x := Explanation{What: strings.TrimSpace("could not " + e.Op + " " + e.Target), Why: e.Kind.String(), Next: e.Next}
	if e.Err != nil {
		x.Why = e.Err.Error()
		var inner *Error
		if x.Next == "" && errors.As(e.Err, &inner) {
			x.Next = inner.Next
		}
	}
	if x.Next == "" && int(e.Kind) < len(kinds) {
		x.Next = kinds[e.Kind].next
	}
	return Explanation{What: Clean(x.What), Why: Clean(x.Why), Next: Clean(x.Next)}
}
