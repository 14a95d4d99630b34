package themes

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// Terminals agree on the width of what is neither wide nor an emoji, but for those that are told to
// draw East Asian ambiguous characters wide: for them there is ASCII mode.
func TestGlyphsAreOneCell(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range glyphs {
		if utf8.RuneCountInString(g.glyph) != 1 || ansi.StringWidth(g.glyph) != 1 || ansi.StringWidthWc(g.glyph) != 1 {
			t.Errorf("%s is not one cell wide", g.glyph)
		}
		if len(g.ascii) != 1 || g.ascii[0] <= ' ' || g.ascii[0] > '~' {
			t.Errorf("%s becomes %q, which is no character of ASCII", g.glyph, g.ascii)
		}
		if seen[g.glyph] {
			t.Errorf("%s is there twice", g.glyph)
		}
		seen[g.glyph] = true
	}
}

// States that stand in one column must stay apart.
func TestASCIIStatesAreToldApart(t *testing.T) {
	of := map[string]string{}
	for _, g := range strings.Split("● ○ ◐ ✓ ✗ ⚠ ⟳ • ▸ …", " ") {
		a := ASCII(g)
		if other, ok := of[a]; ok {
			t.Errorf("%s and %s are both %q", g, other, a)
		}
		of[a] = g
	}
}

func TestASCIIFrame(t *testing.T) {
	box := lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).Render("▸ gw-1 ● → 192.0.2.1…")
	got := ASCII(box)
	if want := "+---------------------+\n|> gw-1 # > 192.0.2.1~|\n+---------------------+"; ansi.Strip(got) != want {
		t.Errorf("%s", got)
	}
}

// Every character that the screens' code draws with is in the table: ASCII mode leaves none out.
func TestEveryGlyphIsKnown(t *testing.T) {
	known := map[rune]bool{}
	for _, g := range glyphs {
		r, _ := utf8.DecodeRuneInString(g.glyph)
		known[r] = true
	}
	files := 0
	for _, dir := range []string{"../views", "../tui"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && strings.HasSuffix(d.Name(), "test"):
				return filepath.SkipDir // fixtures: names from outside
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			files++
			for _, r := range literals(t, path) {
				if r > '~' && !known[r] {
					t.Errorf("%s draws %q, which has nothing in ASCII", path, r)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 30 {
		t.Fatalf("only %d files: the walk is wrong", files)
	}
}

// literals is the text of all literals of a file.
func literals(t *testing.T, path string) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	ast.Inspect(parsed, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && (lit.Kind == token.STRING || lit.Kind == token.CHAR) {
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Errorf("%s: %s: %v", path, lit.Value, err)
			}
			all.WriteString(text)
		}
		return true
	})
	return all.String()
}
