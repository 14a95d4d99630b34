package effects

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"portico/views"
)

func export(t *testing.T, x views.Export) ExportMsg {
	t.Helper()
	fx := New(context.Background(), nil, nil)
	defer fx.Close()
	m, ok := fx.Export(x)().(ExportMsg)
	if !ok {
		t.Fatal("no answer")
	}
	return m
}

func TestExportCleansEachLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sh")
	m := export(t, views.Export{Path: path, Text: "echo \x1b[31ma\u202e\necho b\n"})
	if m.Err != nil || m.Exists || m.Path != path {
		t.Fatalf("%+v", m)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(text), CleanLines("echo \x1b[31ma\u202e\necho b\n"); got != want || got[len(got)-1] != '\n' {
		t.Errorf("%q", got)
	}
}

func TestExportGoesToTheHomeFolder(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	if m := export(t, views.Export{Path: "~/plan.sh", Text: "x"}); m.Err != nil || m.Path != filepath.Join(home, "plan.sh") {
		t.Errorf("%+v", m)
	}
}

// What a link leads to is somebody's own file: writing over the link replaces the link.
func TestExportReplacesALinkNotWhatItLeadsTo(t *testing.T) {
	dir := t.TempDir()
	own, link := filepath.Join(dir, "own"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(own, []byte("mine"), 0o600), os.Symlink(own, link)); err != nil {
		t.Fatal(err)
	}
	if m := export(t, views.Export{Path: link, Text: "x"}); !m.Exists {
		t.Fatalf("%+v", m)
	}
	if m := export(t, views.Export{Path: link, Text: "x", Overwrite: true}); m.Err != nil {
		t.Fatalf("%+v", m)
	}
	if text, _ := os.ReadFile(own); string(text) != "mine" {
		t.Errorf("the file behind the link holds %q", text)
	}
	if m := export(t, views.Export{Path: dir, Text: "x", Overwrite: true}); m.Err == nil {
		t.Error("a folder is written over")
	}
}
