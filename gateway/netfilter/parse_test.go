package netfilter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/gateway"
)

// dumps are what iptables-save -c prints on hosts of several kinds.
func dumps(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.rules")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dumps in testdata: %v", err)
	}
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = string(b)
	}
	return out
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line[0] != '#' {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestFormatGivesBackRealDumps(t *testing.T) {
	for name, text := range dumps(t) {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(withoutComments(text), mustParse(t, text).Format(true)); diff != "" {
				t.Errorf("Format(Parse(text)) (-text +got):\n%s", diff)
			}
		})
	}
}

func TestParse(t *testing.T) {
	text := "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n\n" +
		"# Table `firewalld' is incompatible, use 'nft' tool.\n" +
		"*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n" +
		"*nat\n:PREROUTING ACCEPT [1:2]\n:MINE -\n" +
		`[3:4] -A PREROUTING ! -s 10.0.0.0/8 -m comment --comment "it\'s \"a\" \\ -j X" -j MINE` + "\n" +
		`-A MINE -m comment --comment "two` + "\n" + `lines"  -j RETURN` + "\n" +
		"COMMIT\n# Completed\n"
	want := Ruleset{Tables: []Table{
		{Name: "raw", Chains: []Chain{{Name: "PREROUTING", Policy: "ACCEPT"}}},
		{Name: "nat", Chains: []Chain{
			{Name: "PREROUTING", Policy: "ACCEPT", Packets: 1, Bytes: 2, Rules: []Rule{{
				Args:    []string{"!", "-s", "10.0.0.0/8", "-m", "comment", "--comment", `it's "a" \ -j X`, "-j", "MINE"},
				Packets: 3, Bytes: 4,
			}}},
			{Name: "MINE", Policy: "-", Rules: []Rule{{Args: []string{"-m", "comment", "--comment", "two\nlines", "-j", "RETURN"}}}},
		}},
	}}
	got := mustParse(t, text)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, mustParse(t, got.Format(true))); diff != "" {
		t.Errorf("Parse(Format(x)) (-x +got):\n%s", diff)
	}
	if target, _ := got.Tables[1].Chains[0].Rules[0].Target(); target != "MINE" {
		t.Errorf("target is %q: a comment was taken for an option", target)
	}
	if empty := mustParse(t, "# nothing\n"); len(empty.Tables) > 0 {
		t.Errorf("no rules give %v", empty)
	}
}

func TestValuesThatLookLikeOptions(t *testing.T) {
	r := Rule{Args: []string{"-m", "comment", "--comment", "-j", "--to-destination", "10.0.0.1:22", "-j", "MINE"}}
	if target, goTo := r.Target(); target != "MINE" || goTo {
		t.Errorf("target is %q", target)
	}
	r = Rule{Args: []string{"--comment", "--comment", "10.0.0.1/32"}}
	if got := r.String(); got != "--comment --comment 10.0.0.1/32" {
		t.Errorf("the words are %s: a value was taken for an option", got)
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	cases := []struct{ name, text, err string }{
		{"cut short", "*nat\n:PREROUTING ACCEPT [0:0]\n", "ends before the COMMIT of table nat"},
		{"outside of a table", "# x\n-A INPUT -j ACCEPT\n", "line 2 (-A INPUT -j ACCEPT): this stands outside"},
		{"two tables in one", "*nat\n*filter\nCOMMIT\n", "line 2 (*filter): table nat has no COMMIT"},
		{"table twice", "*nat\nCOMMIT\n*nat\nCOMMIT\n", "line 3 (*nat): table nat appears twice"},
		{"table without a name", "* \nCOMMIT\n", "line 1"},
		{"chain twice", "*nat\n:A - [0:0]\n:A - [0:0]\nCOMMIT\n", "line 3 (:A - [0:0]): chain A is declared twice"},
		{"chain without policy", "*nat\n:A\nCOMMIT\n", "line 2 (:A): a chain's declaration"},
		{"bad counters", "*nat\n:A - [0:x]\nCOMMIT\n", "line 2"},
		{"negative counters", "*nat\n:A - [0:0]\n[-1:0] -A A -j ACCEPT\nCOMMIT\n", "line 3"},
		{"undeclared chain", "*nat\n-A B -j ACCEPT\nCOMMIT\n", "line 2 (-A B -j ACCEPT): chain B is not declared"},
		{"not a rule", "*nat\n:A - [0:0]\n-N B\nCOMMIT\n", "line 3 (-N B): a rule was expected"},
		{"open quote", "*nat\n:A - [0:0]\n-A A -m comment --comment \"x\nCOMMIT\n", "line 3"},
		{"backslash at the end", "*nat\n:A - [0:0]\n-A A --comment \"x\\", "line 3"},
		{"escape sequence", "*nat\n\x1b[31mred\nCOMMIT\n", "line 2 (red)"},
		{"a shell's complaint", "sudo: a password is required\n", "line 1 (sudo: a password is required)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.text)
			if err == nil || !strings.Contains(err.Error(), c.err) || cloud.KindOf(err) != gateway.Invalid {
				t.Errorf("error is %v, want Invalid with %q", err, c.err)
			}
		})
	}
}

// anyRuleset draws rulesets with whatever words, hostile ones too.
func anyRuleset() *rapid.Generator[Ruleset] {
	name := rapid.StringMatching(`[A-Za-z0-9_.-]{1,20}`)
	word := rapid.OneOf(
		rapid.SampledFrom([]string{"-j", "-g", "!", "--comment", "--log-prefix", "--string", "--u32", "PORTICO-A", "", `"`, `\`, "a\nCOMMIT", "[0:0]", "#"}),
		rapid.String(),
	)
	rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Rule {
		return Rule{
			Args:    rapid.SliceOfN(word, 0, 8).Draw(t, "words"),
			Packets: rapid.Uint64().Draw(t, "packets"), Bytes: rapid.Uint64().Draw(t, "bytes"),
		}
	}), 1, 4)
	return rapid.Custom(func(t *rapid.T) Ruleset {
		var r Ruleset
		for _, table := range rapid.SliceOfNDistinct(name, 0, 3, rapid.ID).Draw(t, "tables") {
			tb := Table{Name: table}
			for _, c := range rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(t, "chains") {
				tb.Chains = append(tb.Chains, Chain{
					Name: c, Policy: rapid.SampledFrom([]string{"-", "ACCEPT", "DROP"}).Draw(t, "policy"),
					Packets: rapid.Uint64().Draw(t, "packets"), Rules: rules.Draw(t, "rules"),
				})
			}
			r.Tables = append(r.Tables, tb)
		}
		return r
	})
}

func TestParseOfFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRuleset().Draw(t, "ruleset")
		got, err := Parse(want.Format(true))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("Parse(Format(x)) (-x +got):\n%s", diff)
		}
	})
}

// FuzzParse: no text makes Parse fail in another way than by an error, and whatever it reads, it
// writes so that it reads the same again.
func FuzzParse(f *testing.F) {
	for _, text := range dumps(f) {
		f.Add(text)
	}
	f.Add("*nat\n:A - [1:2]\n-A A --comment \"x\ny\" -j \"\"\nCOMMIT\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if cloud.KindOf(err) != gateway.Invalid || strings.ContainsRune(err.Error(), '\n') {
				t.Fatalf("error %q", err)
			}
			return
		}
		again, err := Parse(r.Format(true))
		if err != nil {
			t.Fatalf("%v in\n%s", err, r.Format(true))
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("(-first +again):\n%s", diff)
		}
	})
}
