package memfs_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"portico/gateway/emulator/internal/memfs"
)

const anna = memfs.Who("anna")

func newFS(t *testing.T) *memfs.FS {
	t.Helper()
	f := memfs.New(func() time.Time { return time.Unix(0, 0) })
	for _, err := range []error{
		f.Mkdir(memfs.Root, "/etc/deep/er", 0o755, true),
		f.Mkdir(memfs.Root, "/home/anna", 0o755, true),
		f.Chown(memfs.Root, "/home/anna", anna),
		f.Write(memfs.Root, "/etc/secret", []byte("s"), 0o600, false),
		f.Write(memfs.Root, "/etc/open", []byte("o"), 0o644, false),
		f.Symlink(memfs.Root, "/etc", "/link"),
		f.Symlink(memfs.Root, "loop2", "/loop1"),
		f.Symlink(memfs.Root, "loop1", "/loop2"),
		f.Symlink(memfs.Root, "../open", "/etc/deep/up"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestRead(t *testing.T) {
	f := newFS(t)
	for _, c := range []struct {
		who  memfs.Who
		name string
		want string
		err  error
	}{
		{anna, "/etc/open", "o", nil},
		{anna, "/link/open", "o", nil},
		{anna, "/etc/deep/up", "o", nil},
		{anna, "/etc/../../etc/./open", "o", nil},
		{anna, "/etc/secret", "", memfs.Permission},
		{memfs.Root, "/etc/secret", "s", nil},
		{anna, "/etc/none", "", memfs.NotExist},
		{anna, "/none/none", "", memfs.NotExist},
		{anna, "/etc/open/x", "", memfs.NotDir},
		{anna, "/etc", "", memfs.IsDir},
		{anna, "/", "", memfs.IsDir},
		{anna, "/loop1", "", memfs.Loop},
	} {
		got, err := f.Read(c.who, c.name)
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s reads %s: %q, %v; want %q, %v", c.who, c.name, got, err, c.want, c.err)
		}
	}
}

func TestChange(t *testing.T) {
	f := newFS(t)
	for _, c := range []struct {
		name string
		do   func() error
		want error
	}{
		{"write into one's home", func() error { return f.Write(anna, "/home/anna/a", []byte("1"), 0o644, false) }, nil},
		{"append", func() error { return f.Write(anna, "/home/anna/a", []byte("2"), 0o644, true) }, nil},
		{"write elsewhere", func() error { return f.Write(anna, "/etc/a", nil, 0o644, false) }, memfs.Permission},
		{"overwrite elsewhere", func() error { return f.Write(anna, "/etc/open", nil, 0o644, false) }, memfs.Permission},
		{"write to a directory", func() error { return f.Write(memfs.Root, "/etc", nil, 0o644, false) }, memfs.IsDir},
		{"make again", func() error { return f.Mkdir(memfs.Root, "/etc", 0o755, false) }, memfs.Exists},
		{"make all again", func() error { return f.Mkdir(memfs.Root, "/link/deep", 0o755, true) }, nil},
		{"make below a file", func() error { return f.Mkdir(memfs.Root, "/etc/open/x", 0o755, true) }, memfs.Exists},
		{"remove with something in it", func() error { return f.Remove(memfs.Root, "/etc", false) }, memfs.NotEmpty},
		{"remove another's", func() error { return f.Remove(anna, "/etc/open", false) }, memfs.Permission},
		{"remove the root", func() error { return f.Remove(memfs.Root, "/", true) }, memfs.Permission},
		{"rename into itself", func() error { return f.Rename(memfs.Root, "/etc", "/etc/deep/etc") }, memfs.Invalid},
		{"rename over", func() error { return f.Rename(memfs.Root, "/etc/open", "/home/anna/a") }, nil},
		{"rename what is gone", func() error { return f.Rename(memfs.Root, "/etc/open", "/x") }, memfs.NotExist},
		{"chown by another", func() error { return f.Chown(anna, "/home/anna/a", anna) }, memfs.Permission},
		{"chmod by another", func() error { return f.Chmod(anna, "/etc/secret", 0o777) }, memfs.Permission},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if got, _ := f.Read(memfs.Root, "/home/anna/a"); string(got) != "o" {
		t.Errorf("renamed over: %q", got)
	}
	if _, err := f.Stat("/etc/none", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is not fs.ErrNotExist but %v", err)
	}
}

func TestSpecial(t *testing.T) {
	f := newFS(t)
	value := "0"
	err := f.Special("/etc/switch", 0o644, memfs.Special{
		Read:  func() string { return value + "\n" },
		Write: func(s string) bool { value = s; return s == "1" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(memfs.Root, "/etc/switch", []byte("1\n"), 0, true); err != nil {
		t.Error(err)
	}
	if got, _ := f.Read(anna, "/etc/switch"); string(got) != "1\n" {
		t.Errorf("%q", got)
	}
	if err := f.Write(memfs.Root, "/etc/switch", []byte("x"), 0, true); !errors.Is(err, memfs.Invalid) {
		t.Errorf("a bad value: %v", err)
	}
	if err := f.Write(anna, "/etc/switch", []byte("1"), 0, true); !errors.Is(err, memfs.Permission) {
		t.Errorf("by a user: %v", err)
	}
}

func TestDisk(t *testing.T) {
	f := newFS(t)
	f.Tmpfs("/run")
	write := func(name, text string, appending bool) error {
		return f.Write(memfs.Root, name, []byte(text), 0o644, appending)
	}
	full := func(err error) bool { return errors.Is(err, memfs.NoSpace) }
	f.Limit(10)
	for _, c := range []struct {
		what string
		err  error
		full bool
	}{
		{"within the room", write("/etc/a", "12345678", false), false},
		{"beyond it", write("/etc/b", "12345", false), true},
		{"nothing at all", write("/etc/c", "", false), false},
		{"appending", write("/etc/a", "9", true), true},
		{"a directory", f.Mkdir(memfs.Root, "/etc/d", 0o755, false), true},
		{"renaming", f.Rename(memfs.Root, "/etc/c", "/etc/e"), false},
		{"not on the disk", write("/run/a", "1234567890", false), false},
		{"in place of what is there", write("/etc/a", "12345", false), false},
		{"the room that left", write("/etc/c", "123", false), false},
		{"removing", f.Remove(memfs.Root, "/etc/b", false), false},
		{"the room that gave", write("/etc/c", "45", true), false},
	} {
		if full(c.err) != c.full || c.err != nil && !c.full {
			t.Errorf("%s: %v", c.what, c.err)
		}
	}
	f.Unlimit()
	before := f.Writes()
	f.FullAt(2)
	if err := write("/etc/a", "1", true); err != nil {
		t.Error("the first write:", err)
	}
	for range 2 {
		if err := write("/etc/a", "2", true); !full(err) {
			t.Error("a later write:", err)
		}
	}
	if n := f.Writes() - before; n != 3 {
		t.Errorf("%d writes were counted", n)
	}
	f.Unlimit()
	if err := write("/etc/a", "3", true); err != nil {
		t.Error("with room again:", err)
	}
	if text, _ := f.Read(memfs.Root, "/etc/a"); string(text) != "1234513" {
		t.Errorf("the file holds %q", text)
	}
}
