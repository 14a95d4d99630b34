package history_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

var at = time.Date(2026, 11, 21, 12, 22, 11, 0, time.UTC)

func record(n int) history.Record {
	when := at.Add(time.Duration(n) * time.Minute)
	return history.Record{
		Version: 1, ID: history.NewID(when, fmt.Sprintf("plan%d", n)), By: "debian@console", At: when, Ended: when.Add(2 * time.Second),
		Project: "metagenomics", Gateway: "gw-1", GatewayID: "7d1f", Title: "publish assembly-02: ssh", Instances: []string{"id-assembly-02"},
		Changes: []plan.Change{
			{ID: "nat", Target: "gw-1 iptables nat", Title: "forward 30011", Action: plan.Update, Before: []string{"-A A"}, After: []string{"-A B", "-A C"}},
			{ID: "rule", Target: "security group", Title: "allow tcp 30011", Action: plan.Create, After: []string{"tcp 30011"}},
		},
		Result: history.Applied,
	}
}

func TestRecordComesBackAsItWas(t *testing.T) {
	r := record(1)
	text, err := history.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := history.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
}

func TestCommandsAreNotKept(t *testing.T) {
	r := record(1)
	r.Changes[0].Shell, r.Changes[0].Cleanup = []string{"iptables-restore <<END secret"}, []string{"undo secret"}
	text, err := history.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("secret")) {
		t.Errorf("commands are in the record:\n%s", text)
	}
	if r.Changes[0].Shell == nil {
		t.Error("encoding took the plan's own commands away")
	}
}

func TestDecodeIsStrictAndTolerant(t *testing.T) {
	good, err := history.Encode(record(1))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, repl string) []byte {
		out := bytes.Replace(good, []byte(old), []byte(repl), 1)
		if bytes.Equal(out, good) {
			t.Fatalf("%q is not in the record", old)
		}
		return out
	}
	cases := []struct {
		name string
		text []byte
		ok   bool
	}{
		{"a field of later", edit(`"version": 1`, `"version": 1, "mood": {"good": true}`), true},
		{"a result of later", edit(`"applied"`, `"postponed"`), true},
		{"a later version", edit(`"version": 1`, `"version": 2`), false},
		{"no version", edit(`"version": 1,`, ``), false},
		{"an ID that leaves the folder", edit(`"20261121T122311Z-plan1"`, `"20261121T122311Z-/../x"`), false},
		{"no ID", edit(`"id": "20261121T122311Z-plan1",`, ``), false},
		{"no time", edit(`"at": "2026-11-21T12:23:11Z",`, ``), false},
		{"an unknown action", edit(`"action": "~"`, `"action": "!"`), false},
		{"half of it", good[:len(good)/2], false},
		{"nothing", nil, false},
		{"too much", append(bytes.Clone(good), bytes.Repeat([]byte(" "), history.MaxSize)...), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := history.Decode(c.text)
			if (err == nil) != c.ok {
				t.Errorf("ok = %t, want %t: %v", err == nil, c.ok, err)
			}
			var e *gateway.Error
			if err != nil && (!errors.As(err, &e) || e.Kind != gateway.Invalid) {
				t.Errorf("the error is no Invalid one: %v", err)
			}
		})
	}
}

func TestTextOfOthersIsCleanAndBounded(t *testing.T) {
	const evil = "a\x1b]0;owned\x07b\u202ec\nd"
	r := record(1)
	r.By, r.Project, r.Gateway, r.GatewayID, r.Title, r.Error, r.Result = evil, evil, evil, evil, evil, evil, evil
	r.Instances, r.Left = []string{evil}, []string{evil}
	r.Changes = []plan.Change{{ID: evil, Target: evil, Title: evil, Host: evil, Action: plan.Create, Before: []string{evil}, After: []string{strings.Repeat("ü", 9000)}}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := history.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\x1b", "\x07", "\u202e", "\n", "owned"} {
		if s := fmt.Sprintf("%+v", got); strings.Contains(s, bad) {
			t.Errorf("%q is left in %s", bad, s)
		}
	}
	if line := got.Changes[0].After[0]; len(line) > 4096 || !strings.HasSuffix(line, "ü…") {
		t.Errorf("a line of %d bytes ends with %q", len(line), line[len(line)-8:])
	}
}

func TestLargePlanIsShortened(t *testing.T) {
	r := record(1)
	for n := range 40000 {
		r.Changes[0].After = append(r.Changes[0].After, fmt.Sprintf("-A PORTICO-PREROUTING -p tcp --dport %d -j DNAT --to-destination 10.0.0.1:22", n))
		r.Instances = append(r.Instances, fmt.Sprintf("id-%d", n))
	}
	text, err := history.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := history.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	after := got.Changes[0].After
	if last := after[len(after)-1]; len(after) < 2000 || last != fmt.Sprintf("… and %d more", 40002-(len(after)-1)) {
		t.Errorf("%d lines are left, the last %q", len(after), last)
	}
	if diff := cmp.Diff(r.Changes[1], got.Changes[1]); diff != "" {
		t.Errorf("a small change lost something: %s", diff)
	}
}

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "history")
	s := history.Open(dir)
	if got, err := s.List(); err != nil || len(got) != 0 {
		t.Fatalf("an empty store has %d records, %v", len(got), err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatal("reading made the folder")
	}
	running := record(2)
	running.Result, running.Ended = history.Applying, time.Time{}
	for _, r := range []history.Record{record(1), running, record(3), record(2)} {
		if err := s.Save(r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]history.Record{record(3), record(2), record(1)}, got); diff != "" {
		t.Error(diff)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, filepath.Join(dir, record(1).ID+".json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestTwoOfOneSecond(t *testing.T) {
	first, second := record(1), record(1)
	first.ID, second.ID = history.NewID(at, "zz"), history.NewID(at, "aa")
	second.At = first.At.Add(time.Millisecond)
	s := history.Open(t.TempDir())
	for _, r := range []history.Record{first, second} {
		if err := s.Save(r); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range [][]history.Record{listed, history.Merge([]history.Record{first}, []history.Record{second})} {
		if len(got) != 2 || got[0].ID != second.ID {
			t.Errorf("the newest is not first: %+v", got)
		}
	}
}

func TestWhatCannotBeReadIsCounted(t *testing.T) {
	dir := t.TempDir()
	s := history.Open(dir)
	for n := range 3 {
		if err := s.Save(record(n)); err != nil {
			t.Fatal(err)
		}
	}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other, err := history.Encode(record(9))
	if err != nil {
		t.Fatal(err)
	}
	put(record(1).ID+".json", "{")
	put(record(2).ID+".json", string(other)) // the record of another name
	put("notes.json", "mine")
	put(record(7).ID+".json.bak", "mine")
	got, err := s.List()
	var e *gateway.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "2 of 3 cannot be read") {
		t.Errorf("error: %v", err)
	}
	if len(got) != 1 || got[0].ID != record(0).ID {
		t.Errorf("read %+v", got)
	}
}

func TestOldRecordsGo(t *testing.T) {
	dir := t.TempDir()
	text, err := history.Encode(record(0))
	if err != nil {
		t.Fatal(err)
	}
	for n := range history.Keep + 4 {
		body := bytes.Replace(text, []byte(record(0).ID), []byte(record(n).ID), 1)
		if err := os.WriteFile(filepath.Join(dir, record(n).ID+".json"), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := history.Open(dir)
	if err := s.Save(record(history.Keep + 4)); err != nil {
		t.Fatal(err)
	}
	got, err := s.List()
	if err != nil || len(got) != history.Keep {
		t.Fatalf("%d records, %v", len(got), err)
	}
	if newest, oldest := got[0].ID, got[len(got)-1].ID; newest != record(history.Keep+4).ID || oldest != record(5).ID {
		t.Errorf("from %s to %s", newest, oldest)
	}
}

func TestStoreThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := history.Open(filepath.Join(file, "history")).Save(record(1)); err == nil {
		t.Error("saving below a file worked")
	}
	if err := (*history.Store)(nil).Save(record(1)); err != nil {
		t.Errorf("no store: %v", err)
	}
}

func TestMerge(t *testing.T) {
	with := func(n int, result history.Result, ended int, left ...string) history.Record {
		r := record(n)
		r.Result, r.Ended, r.Left = result, time.Time{}, left
		if ended > 0 {
			r.Ended = r.At.Add(time.Duration(ended) * time.Second)
		}
		return r
	}
	type list = []history.Record
	cases := []struct {
		name                string
		local, remote, want list
	}{
		{"of different applies, newest first", list{record(1), record(3)}, list{record(2)}, list{record(3), record(2), record(1)}},
		{"only the console knows the end", list{with(1, history.Applied, 5)}, list{with(1, history.Applying, 0)}, list{with(1, history.Applied, 5)}},
		{"only the gateway knows the end", list{with(1, history.Applying, 0)}, list{with(1, history.Applied, 5)}, list{with(1, history.Applied, 5)}},
		{"the later end", list{with(1, history.Applied, 5)}, list{with(1, history.Undone, 9)}, list{with(1, history.Undone, 9)}},
		{"rolled back after the console died", list{with(1, history.Applying, 0)}, list{with(1, history.RolledBack, 60)}, list{with(1, history.RolledBack, 60)}},
		{"rolled back though the console went on", list{with(1, history.Applied, 70)}, list{with(1, history.RolledBack, 60)}, list{with(1, history.RolledBack, 60)}},
		{"rolled back, but not what is elsewhere", list{with(1, history.Partly, 5, "group")}, list{with(1, history.RolledBack, 60)}, list{with(1, history.RolledBack, 60, "group")}},
		{"undone whole, and rolled back", list{with(1, history.Undone, 5)}, list{with(1, history.RolledBack, 60)}, list{with(1, history.Undone, 5)}},
		{"nothing", nil, nil, list{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, history.Merge(c.local, c.remote)); diff != "" {
				t.Error(diff)
			}
		})
	}
	bare := with(1, history.RolledBack, 60)
	bare.Changes = nil
	if got := history.Merge(list{record(1)}, list{bare}); len(got[0].Changes) != 2 {
		t.Errorf("the changes that only the console knows are gone: %+v", got)
	}
}

func FuzzDecode(f *testing.F) {
	text, err := history.Encode(record(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := history.Decode(text)
		if err != nil {
			return
		}
		again, err := history.Encode(r)
		if err != nil {
			return // too many changes for one record
		}
		if _, err := history.Decode(again); err != nil {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}
