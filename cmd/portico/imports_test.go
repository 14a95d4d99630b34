package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// forbidden lists edges of the import graph that must not be. An entry of From or To covers the
// package and all below it.
var forbidden = []struct{ from, to, why string }{
	{"portico/cloud", "portico/gateway", "imports run cmd -> tui -> views -> gateway -> cloud"},
	{"portico/cloud", "portico/views", "imports run cmd -> tui -> views -> gateway -> cloud"},
	{"portico/cloud", "portico/tui", "imports run cmd -> tui -> views -> gateway -> cloud"},
	{"portico/gateway", "portico/views", "imports run cmd -> tui -> views -> gateway -> cloud"},
	{"portico/gateway", "portico/tui", "imports run cmd -> tui -> views -> gateway -> cloud"},
	{"portico/views", "portico/tui", "imports run cmd -> tui -> views -> gateway -> cloud"},
	{"portico/themes", "portico", "themes is a leaf"},
	{"portico/cloud", "portico/themes", "only cmd, tui and views use themes"},
	{"portico/gateway", "portico/themes", "only cmd, tui and views use themes"},
	{"portico/gateway/plan", "portico", "plan knows neither SSH nor OpenStack"},
	{"portico/gateway/plan", "golang.org/x/crypto", "plan knows neither SSH nor OpenStack"},
	{"portico/gateway/netfilter", "os", "netfilter is pure"},
	{"portico/gateway/scheme", "os", "schemes are pure arithmetic"},
	{"portico/gateway", "github.com/gophercloud", "only cloud/openstack speaks to OpenStack"},
	{"portico/gateway", "portico/cloud/openstack", "only cmd constructs it"},
	{"portico/gateway", "portico/cloud/emulator", "only cmd constructs it"},
	{"portico/tui", "portico/cloud/openstack", "only cmd constructs it"},
	{"portico/tui", "portico/cloud/emulator", "only cmd constructs it"},
	{"portico/tui", "portico/gateway/host", "only cmd constructs it"},
	{"portico/tui", "portico/gateway/emulator", "only cmd constructs it"},
	{"portico/views", "portico/cloud/openstack", "a screen does no I/O"},
	{"portico/views", "portico/cloud/emulator", "a screen does no I/O"},
	{"portico/views", "portico/gateway/host", "a screen does no I/O"},
	{"portico/views", "portico/gateway/emulator", "a screen does no I/O"},
	{"portico/views", "os", "a screen is state in, text out"},
	{"portico/views", "context", "a screen is state in, text out"},
	{"portico/views", "github.com/gophercloud", "a screen does no I/O"},
	{"portico/views", "golang.org/x/crypto", "a screen does no I/O"},
}

// exact are edges where the package itself is meant, and not what is below it.
var exact = []struct{ from, to, why string }{
	{"portico/gateway/netfilter", "net", "netfilter is pure"},
	{"portico/gateway/scheme", "net", "schemes are pure arithmetic"},
	{"portico/views", "net", "a screen is state in, text out (net/netip is only a type)"},
}

// onlyFrom are the production packages that only some may import.
var onlyFrom = map[string][]string{
	"portico/cloud/openstack":  {"portico/cmd"},
	"portico/cloud/emulator":   {"portico/cmd"},
	"portico/gateway/emulator": {"portico/cmd"},
	"portico/gateway/host":     {"portico/cmd"},
}

func TestImportGraph(t *testing.T) {
	edges := importGraph(t, filepath.Join("..", ".."))
	if len(edges) < 20 {
		t.Fatalf("only %d edges were found: the walk is wrong", len(edges))
	}
	for _, e := range edges {
		if why := wrong(e); why != "" {
			t.Errorf("%s: %s imports %s: %s", e.file, e.from, e.to, why)
		}
	}
}

// wrong says why an edge must not be, or "".
func wrong(e edge) string {
	if strings.HasSuffix(e.from, "test") {
		return "" // a fixture: what imports it is a test
	}
	if strings.HasSuffix(e.to, "test") && below(e.to, "portico") {
		return "it is for tests"
	}
	for _, f := range forbidden {
		if below(e.from, f.from) && below(e.to, f.to) && !below(e.to, f.from) {
			return f.why
		}
	}
	for _, f := range exact {
		if below(e.from, f.from) && e.to == f.to {
			return f.why
		}
	}
	allowed, limited := onlyFrom[e.to]
	if limited && !slices.ContainsFunc(allowed, func(from string) bool { return below(e.from, from) }) {
		return "only cmd constructs it"
	}
	return ""
}

type edge struct{ file, from, to string }

func importGraph(t *testing.T, root string) []edge {
	t.Helper()
	var edges []edge
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			edges = append(edges, edge{file, path.Join("portico", filepath.ToSlash(rel)), to})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return edges
}

func below(pkg, top string) bool { return pkg == top || strings.HasPrefix(pkg, top+"/") }
