package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/gateway/publish"
	"portico/gateway/scheme"
)

// A scheme that the console saves is in the file, and is one of those that plans are made by.
func TestConsoleKeepsAScheme(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portico.yaml")
	if err := os.WriteFile(path, []byte("# mine\nrollback: 60s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{flags: flags{config: path}}
	s := a.newSwitcher(config{}, publish.Options{})
	s.now = &wiring{publisher: publish.New(nil, nil, nil, nil, publish.Options{})}
	ours := scheme.Config{Name: "ours", Services: []scheme.ServiceConfig{{Service: "ssh", Port: 22, Formula: "41000+n"}}}
	where, all, err := s.keep(ours)
	if err != nil || where != path {
		t.Fatal(where, err)
	}
	for _, list := range [][]scheme.Scheme{all, s.now.publisher.Schemes(), s.options.Schemes} {
		if _, err := scheme.Find(list, "ours"); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "# mine\nrollback: 60s\n") {
		t.Errorf("%v: the file is\n%s", err, text)
	}
	if _, _, err := s.keep(ours); err == nil {
		t.Error("a name is taken twice")
	}
	a.flags.readOnly = true
	ours.Name = "other"
	if _, _, err := s.keep(ours); err == nil {
		t.Error("--read-only saves")
	}
}
