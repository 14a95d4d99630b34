package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// version is the form of records that this package reads and writes.
const version = 1

// The largest record, and the longest single text in one, in bytes. A plan for a whole subnet has
// tens of thousands of lines; what does not fit is left out and counted.
const (
	MaxSize = 1 << 20
	maxText = 4 << 10
)

// validID is what an ID may be, which is also a file's name here and on the gateway.
var validID = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9A-Za-z_-]{1,64}$`)

// Encode writes a record as indented JSON of at most MaxSize bytes. Lines of a large change are
// left out where it would be longer. The error is of Kind Invalid.
func Encode(r Record) ([]byte, error) {
	r.Version = version
	r = tidy(r)
	if err := check(r); err != nil {
		return nil, invalid("write", r.ID, err)
	}
	for keep := longest(r); ; keep /= 2 {
		text, err := json.MarshalIndent(shorten(r, keep), "", "  ")
		switch {
		case err != nil:
			return nil, invalid("write", r.ID, err)
		case len(text) < MaxSize:
			return append(text, '\n'), nil
		case keep == 0:
			return nil, invalid("write", r.ID, fmt.Errorf("it has %d changes, which are more than %d bytes", len(r.Changes), MaxSize))
		}
	}
}

// Decode reads a record that anybody may have written: its size is bounded and its text cleaned.
// Fields that it does not know are skipped; a version that it does not know is an error of Kind
// Invalid, as is everything else that makes no record.
func Decode(text []byte) (Record, error) {
	var r Record
	if len(text) > MaxSize {
		return Record{}, invalid("read", "", fmt.Errorf("it is larger than %d bytes", MaxSize))
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, invalid("read", "", err)
	}
	if err := check(r); err != nil {
		return Record{}, invalid("read", "", err)
	}
	return tidy(r), nil
}

func invalid(op, id string, err error) error {
	if id != "" {
		id = " " + cloud.Clean(id)
	}
	return &gateway.Error{Op: op, Target: "history record" + id, Kind: gateway.Invalid, Err: err}
}

func check(r Record) error {
	switch {
	case r.Version != version:
		return fmt.Errorf("it is of version %d; this program knows version %d", r.Version, version)
	case !validID.MatchString(r.ID):
		return fmt.Errorf("%q is not the ID of a record", r.ID)
	case r.At.IsZero():
		return errors.New("it does not say when")
	}
	return nil
}

// Slim returns the changes without the commands that make them and take them back.
func Slim(changes []plan.Change) []plan.Change {
	out := slices.Clone(changes)
	for i := range out {
		out[i].Shell, out[i].Cleanup = nil, nil
	}
	return out
}

// tidy is the record with every text clean and of bounded length, and without commands.
func tidy(r Record) Record {
	for _, s := range []*string{&r.ID, &r.By, &r.Project, &r.ProjectID, &r.Gateway, &r.GatewayID, &r.Title, (*string)(&r.Result), &r.Error} {
		*s = text(*s)
	}
	r.Instances, r.Left = texts(r.Instances), texts(r.Left)
	r.Changes = Slim(r.Changes)
	for i := range r.Changes {
		c := &r.Changes[i]
		c.ID, c.Target, c.Title, c.Host = text(c.ID), text(c.Target), text(c.Title), text(c.Host)
		c.Before, c.After = texts(c.Before), texts(c.After)
		if c.Action == 0 {
			c.Action = plan.Update
		}
	}
	return r
}

func texts(in []string) []string {
	out := slices.Clone(in)
	for i, s := range out {
		out[i] = text(s)
	}
	return out
}

func text(s string) string {
	s = cloud.Clean(s)
	if len(s) <= maxText {
		return s
	}
	end := maxText - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// longest is the length of a record's longest list of lines.
func longest(r Record) int {
	n := max(len(r.Instances), len(r.Left))
	for _, c := range r.Changes {
		n = max(n, len(c.Before), len(c.After))
	}
	return n
}

// shorten keeps at most so many lines of each list, and says of how many more there were.
func shorten(r Record, keep int) Record {
	r.Instances, r.Left = head(r.Instances, keep), head(r.Left, keep)
	r.Changes = slices.Clone(r.Changes)
	for i := range r.Changes {
		c := &r.Changes[i]
		c.Before, c.After = head(c.Before, keep), head(c.After, keep)
	}
	return r
}

func head(lines []string, keep int) []string {
	if len(lines) <= keep {
		return lines
	}
	return append(slices.Clone(lines[:keep]), fmt.Sprintf("… and %d more", len(lines)-keep))
}
