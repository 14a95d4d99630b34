//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

func TestDebugFile(t *testing.T) {
	old := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(old) })
	dir := t.TempDir()
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("before\n"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	dangling := filepath.Join(dir, "dangling")
	pipe := filepath.Join(dir, "pipe")
	for _, err := range []error{os.Symlink(file("target", 0o600), link), os.Symlink(filepath.Join(dir, "nowhere"), dangling), syscall.Mkfifo(pipe, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, path string
		ok         bool
	}{
		{"new", filepath.Join(dir, "new"), true},
		{"private", file("private", 0o600), true},
		{"readable by the group", file("group", 0o640), false},
		{"readable by all", file("all", 0o604), false},
		{"writable by all", file("writable", 0o602), false},
		{"a link", link, false},
		{"a link to nothing", dangling, false},
		{"a pipe", pipe, false},
		{"a folder", dir, false},
		{"a device", os.DevNull, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := openDebug(tt.path)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if cloud.KindOf(err) != gateway.Invalid {
					t.Errorf("got %v", err)
				}
				return
			}
			defer func() { _ = f.Close() }()
			if info, err := f.Stat(); err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
	if _, err := os.Lstat(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("the link to nothing was followed")
	}
	if text, err := os.ReadFile(filepath.Join(dir, "target")); err != nil || string(text) != "before\n" {
		t.Errorf("the target of the link: %q, %v", text, err)
	}
}

// Going to another project opens the file once more: what one writes, the other does not write over.
func TestDebugFileTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debug")
	first, err := openDebug(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openDebug(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range []*os.File{first, second, first} {
		if _, err := f.WriteString([]string{"one\n", "two, which is longer\n", "three\n"}[i]); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = first.Close(), second.Close()
	if text, err := os.ReadFile(path); err != nil || string(text) != "one\ntwo, which is longer\nthree\n" {
		t.Errorf("%q, %v", text, err)
	}
}
