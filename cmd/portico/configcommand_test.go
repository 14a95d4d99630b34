package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"portico/cloud"
	"portico/gateway"
	"portico/themes"
)

// switchedOn is the example with every key in use.
func switchedOn() string {
	return regexp.MustCompile(`(?m)^#(\S|  )`).ReplaceAllString(exampleConfig, "$1")
}

func TestExampleIsSwitchedOff(t *testing.T) {
	c, f, err := readConfig([]byte(exampleConfig))
	if err != nil || !reflect.DeepEqual(c, config{}) || len(f.leaves) != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestExampleHasEveryKey(t *testing.T) {
	c, f, err := readConfig([]byte(switchedOn()))
	if err != nil {
		t.Fatalf("%v\n%s", err, excerpt(err))
	}
	if _, err := newApp(os.Stdin, os.Stdout, os.Stderr).options(c); err != nil {
		t.Fatal(err)
	}
	if c.Rollback != time.Minute || c.Theme != "ours-dark" || len(c.Schemes) != 2 || len(c.Gateways) != 2 {
		t.Errorf("%+v", c)
	}
	list := regexp.MustCompile(`\[\d+\]`)
	have := map[string]bool{}
	for path := range f.places {
		have[list.ReplaceAllString(path, "[]")] = true
	}
	for _, want := range allKeys(reflect.TypeFor[config](), "") {
		if !have[want] {
			t.Errorf("%s is not in the example", want)
		}
	}
}

func allKeys(t reflect.Type, path string) (out []string) {
	switch {
	case t.Kind() == reflect.Slice:
		return allKeys(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct || !strings.HasPrefix(t.PkgPath(), "portico/") && t.PkgPath() != "main" || t == reflect.TypeFor[colour]():
		return []string{path}
	}
	for i, key := range keysOf(t) {
		out = append(out, allKeys(t.Field(i).Type, strings.TrimPrefix(path+"."+key, "."))...)
	}
	return out
}

// Each is refused at its place, with the line, and a word about what is allowed.
func TestConfigErrors(t *testing.T) {
	tests := map[string]struct{ text, says, marked, next string }{
		"misspelt":        {"gatway: gw-1\n", `line 1, column 1: there is no key "gatway" here; did you mean "gateway"?`, "gatway", "keys here are gateway, "},
		"within a list":   {"services:\n  - {name: x, prt: 1}\n", `line 2, column 15: there is no key "prt" here; did you mean "port"?`, "prt", "keys here are name, protocol, port"},
		"nothing like it": {"colour: red\n", `there is no key "colour" here`, "colour", "theme"},
		"no unit":         {"rollback: 5\n", "line 1, column 11: \"5\" stands here, and it takes a time with its unit", "5", ""},
		"out of range":    {"rollback: 1s\n", "column 11: it runs from 5s to 1h0m0s", "1s", ""},
		"no address":      {"gateways:\n- name: a\n  fixed_ip: here\n", "line 3, column 13: \"here\" stands here, and it takes an address", "here", ""},
		"large port":      {"gateways: [{name: a, port: 99999}]\n", "it takes a number from 0 to 65535", "99999", ""},
		"no list":         {"gateways: x\n", "it takes a list", "x", ""},
		"no text":         {"gateway: [a]\n", "a list stands here, and it takes one text", "[a]", ""},
		"no keys":         {"- a\n", "a list stands here, and it takes keys: gateway", "- a", ""},
		"twice":           {"gateway: a\ngateway: b\n", "line 2, column 1: mapping key \"gateway\" already defined", "gateway: b", ""},
		"cut off":         {"gateways: [\n", "line 1, column 11", "[", ""},
		"formula":         {"schemes:\n- name: own\n  services:\n  - {service: ssh, port: 22, formula: 1 + z}\n", "line 4, column 39: ", "1 + z", "formulas are"},
		"no such scheme":  {"scheme: theirs\n", "line 1, column 9: ", "theirs", "scheme list"},
		"no such theme":   {"theme: darc\n", `did you mean "dark"?`, "darc", "portico, dark, light"},
		"no such base":    {"themes: [{name: x, base: nord}]\n", "there is no such theme", "nord", "portico, dark"},
		"theme twice":     {"themes: [{name: dark}]\n", `there is already a theme "dark"`, "dark", ""},
		"no colour":       {"themes:\n- name: x\n  colours:\n    bad: {dark: 12, light: 300}\n", `line 4, column 28: "300" is no colour`, "300", ""},
		"not quoted":      {"themes:\n- name: x\n  colours:\n    bad: #ff0000\n", "line 4, column 10: nothing stands here", "#ff0000", `write "#rrggbb"`},
		"two documents":   {"gateway: a\n---\ngateway: b\n", "line 2, column 1: a second document", "---", ""},
		"wide":            {"gateways: [{name: 日本, usr: x}]\n", "no key \"usr\"", "usr", "keys here are name"},
		"service":         {"services:\n- {name: x, protocol: tcp}\n", "line 2, column 4: service \"x\" needs a port", "name: x", ""},
		"merged":          {"gateways: [&g {name: a}, {<<: *g, usr: x}]\n", `there is no key "usr" here; did you mean "user"?`, "usr", ""},
		"login":           {"login:\n  images: {golden: -oProxyCommand=x}\n", "line 2, column 20: ", "-oProxy", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			a := newApp(os.Stdin, os.Stdout, os.Stderr)
			a.flags.config, a.started = path, true
			_, err := a.loadConfig()
			var bad *configError
			if !errors.As(err, &bad) || a.exitCode(err) != exitUsage {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(bad.Error(), tt.says) || !strings.Contains(bad.next, tt.next) {
				t.Errorf("says %q, next %q", bad.Error(), bad.next)
			}
			lines := bad.excerpt()
			if len(lines) != 2 {
				t.Fatalf("excerpt: %q", lines)
			}
			if column := strings.Index(lines[1], "^"); !strings.HasPrefix(ansi.TruncateLeft(lines[0], column, ""), tt.marked) {
				t.Errorf("the mark is not below %q:\n%s", tt.marked, strings.Join(lines, "\n"))
			}
		})
	}
}

func TestNoSecretIsRepeated(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		"password: hunter2\n", "gateways: [{name: x, os_password: hunter2}]\n", "OS_PASSWORD=hunter2\n", "login: {default: a, token: 'hunter2'}\n", "application_credential_secret: \"hunter2\n", "pass: hunter2\n",
	} {
		_, _, err := readConfig([]byte(text))
		if err == nil {
			t.Fatalf("%q is taken", text)
		}
		if all := err.Error() + excerpt(err); strings.Contains(all, secret) {
			t.Errorf("%q: %s", text, all)
		}
	}
}

func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	text := "# mine\nscheme: interleaved\nrollback: 2m\ntheme: light\ngateways:\n  - name: gw-1\n    user: ops\nlogin:\n  images: {golden: ops}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_CLOUD", "mine")
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.flags.config, a.flags.theme = path, "dark"
	c, f, err := a.readConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]setting{}
	for _, s := range a.settings(c, f) {
		if old, twice := got[s.Key]; twice {
			t.Errorf("%s is there twice: %v, %v", s.Key, old, s)
		}
		got[s.Key] = s
	}
	for key, want := range map[string]setting{
		"cloud":               {"cloud", "mine", fromEnvironment, "OS_CLOUD", 0, 0},
		"scheme":              {"scheme", "interleaved", fromFile, "", 2, 9},
		"rollback":            {"rollback", "2m", fromFile, "", 3, 11},
		"theme":               {"theme", "dark", fromFlag, "--theme", 0, 0},
		"gateways[0].user":    {"gateways[0].user", "ops", fromFile, "", 7, 11},
		"login.images.golden": {"login.images.golden", "ops", fromFile, "", 9, 20},
		"gateway":             {"gateway", "the only instance with a floating IP", fromDefault, "", 0, 0},
	} {
		if got[key] != want {
			t.Errorf("%s: %+v, want %+v", key, got[key], want)
		}
	}
	if p, err := a.palette(c); err != nil || p.Name != "dark" {
		t.Errorf("--theme loses: %v, %v", p.Name, err)
	}
	a.flags.theme = ""
	if p, err := a.palette(c); err != nil || p.Only != themes.Light {
		t.Errorf("theme: %v, %v", p.Name, err)
	}
}

func TestASCII(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		file string
		flag bool
		want setting
	}{
		"nothing known":   {want: setting{"ascii", "false", fromDefault, "", 0, 0}},
		"UTF-8":           {env: map[string]string{"LANG": "de_DE.utf8@euro"}, want: setting{"ascii", "false", fromDefault, "", 0, 0}},
		"Latin 1":         {env: map[string]string{"LANG": "de_DE.ISO-8859-1"}, want: setting{"ascii", "true", fromEnvironment, "LANG", 0, 0}},
		"the first":       {env: map[string]string{"LC_ALL": "C.UTF-8", "LANG": "de_DE.ISO-8859-1"}, want: setting{"ascii", "false", fromDefault, "", 0, 0}},
		"Linux's console": {env: map[string]string{"TERM": "linux", "LANG": "C.UTF-8"}, want: setting{"ascii", "true", fromEnvironment, "TERM", 0, 0}},
		"file":            {file: "ascii: true\n", want: setting{"ascii", "true", fromFile, "", 1, 8}},
		"flag":            {flag: true, want: setting{"ascii", "true", fromFlag, "--ascii", 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"TERM", "LC_ALL", "LC_CTYPE", "LANG"} {
				t.Setenv(v, tt.env[v])
			}
			c, f, err := readConfig([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			a := newApp(os.Stdin, os.Stdout, os.Stderr)
			a.flags.ascii = tt.flag
			if got := a.asciiSetting(f); got != tt.want || a.ascii(c) != (tt.want.Value == "true") {
				t.Errorf("%+v, want %+v; %t", got, tt.want, a.ascii(c))
			}
		})
	}
}

func TestOwnTheme(t *testing.T) {
	c, _, err := readConfig([]byte("theme: own\nthemes:\n- {name: own, base: high-contrast, colours: {bad: 208, accent: {dark: '#ff8800'}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := newApp(os.Stdin, os.Stdout, os.Stderr).palette(c)
	base := themes.HighContrast()
	if err != nil || p.Bad != (themes.Pair{Dark: "208", Light: "208"}) || p.Accent != (themes.Pair{Dark: "#ff8800", Light: base.Accent.Light}) || p.Text != base.Text {
		t.Errorf("%+v, %v", p, err)
	}
}

// run runs one command of the program and returns what it printed.
func runCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	a := newApp(os.Stdin, &out, &errs)
	defer a.close()
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestThemesCommand(t *testing.T) {
	t.Setenv("PORTICO_CONFIG", filepath.Join("testdata", "none.yaml"))
	if _, err := runCommand(t, "themes"); err == nil {
		t.Error("a file that is not there")
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("theme: own\nthemes: [{name: own}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := runCommand(t, "themes", "--config", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append(themeNames(themes.Palettes()), "own (chosen)", "✗ bad") {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if _, err := runCommand(t, "themes", "--config", path, "--theme", "nord"); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("a theme that there is not: %v", err)
	}
}
