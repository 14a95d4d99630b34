package openstack

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
)

func credentials() cloud.Credentials {
	return cloud.Credentials{Name: "new", AuthURL: "https://c.example:5000/v3", User: "mg", Password: "p: #'\"", Project: "metagenomics", Region: "R1"}
}

// home makes an empty home, and returns the files where a login is saved in it.
func home(t *testing.T) (file, secure string) {
	t.Helper()
	dir := t.TempDir()
	for _, v := range []string{"OS_CLIENT_CONFIG_FILE", "OS_CLOUD", "OS_AUTH_URL", "OS_PASSWORD", "OS_REGION_NAME"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "conf"))
	t.Chdir(dir)
	return filepath.Join(dir, "conf", "openstack", "clouds.yaml"), filepath.Join(dir, "conf", "openstack", "secure.yaml")
}

func TestSaveEntryIsWhatIsReadThen(t *testing.T) {
	file, secure := home(t)
	if err := Configured(Options{}); cloud.KindOf(err) != cloud.Invalid {
		t.Errorf("an empty home is configured: %v", err)
	}
	app := cloud.Credentials{Name: "app", AuthURL: "https://c.example/v3", AppID: "id", AppSecret: "s3cret"}
	id := credentials()
	id.Name, id.Project = "byid", strings.Repeat("0a", 16)
	for _, c := range []cloud.Credentials{credentials(), app, id} {
		wrote, err := SaveEntry(c)
		if d := cmp.Diff([]string{file, secure}, wrote); d != "" || err != nil {
			t.Fatal(err, d)
		}
	}
	for _, f := range []string{file, secure} {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	text, _ := os.ReadFile(file)
	if strings.Contains(string(text), "s3cret") || strings.Contains(string(text), "p: #") {
		t.Errorf("a secret is in clouds.yaml:\n%s", text)
	}
	readsBack(t, id)
}

// readsBack checks that what is read is what was saved, and what would be tried.
func readsBack(t *testing.T, id cloud.Credentials) {
	t.Helper()
	c := credentials()
	s, err := load(Options{Cloud: "new"})
	tried, terr := load(Options{Credentials: &c})
	if err != nil || terr != nil || s.auth.Username != "mg" || s.auth.Password != "p: #'\"" || s.auth.Scope.ProjectName != "metagenomics" || s.endpoint.Region != "R1" || s.auth.IdentityEndpoint != tried.auth.IdentityEndpoint || tried.auth.Password != s.auth.Password {
		t.Errorf("read back %+v, %v, %v", s.auth, err, terr)
	}
	if s, err = load(Options{Cloud: "app"}); err != nil || s.auth.ApplicationCredentialID != "id" || s.auth.ApplicationCredentialSecret != "s3cret" {
		t.Errorf("application credential: %v", err)
	}
	if s, err = load(Options{Cloud: "byid"}); err != nil || s.auth.Scope.ProjectID != id.Project {
		t.Errorf("by ID: %+v, %v", s.auth.Scope, err)
	}
}

// TestSaveEntryLeavesWhatIsThere: entries, comments and order stay, and no entry is overwritten.
func TestSaveEntryLeavesWhatIsThere(t *testing.T) {
	const old = "# mine\nclouds:\n\n    # the old one\n    bielefeld:   # keep\n        auth: {auth_url: 'http://old/v3'}\nother: [1, 2]\n"
	for name, c := range map[string]struct {
		text string
		save bool
	}{
		"comments and order": {old, true}, "no entry yet": {"clouds:\n", true}, "an empty one": {"clouds: {}\n", true}, "empty": {"", true}, "no clouds": {"other: 1", true},
		"Windows' line ends": {"clouds:\r\n  a:\r\n    auth: {auth_url: x}\r\n", true},
		"flow style":         {"clouds: {a: {auth: {auth_url: x}}}\n", false}, "no YAML": {"clouds: [}\n", false}, "tabs": {"\tclouds:\n", false}, "it is there": {"clouds:\n  new:\n    auth: {}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			file, _ := home(t)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(c.text), 0o640); err != nil {
				t.Fatal(err)
			}
			_, err := SaveEntry(credentials())
			got, _ := os.ReadFile(file)
			if !c.save {
				if err == nil || string(got) != c.text || cloud.Explain(err).Next == "" {
					t.Errorf("%v, and the file is now\n%s", err, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(strings.Replace(c.text, "{}", "", 1)) {
				if !strings.Contains(string(got), strings.TrimRight(line, " \r\n")) {
					t.Errorf("%q is gone:\n%s", line, got)
				}
			}
			if _, err := load(Options{Cloud: "new"}); err != nil {
				t.Errorf("%v in\n%s", err, got)
			}
			if info, _ := os.Stat(file); info.Mode().Perm() != 0o640 {
				t.Errorf("mode %v", info.Mode())
			}
		})
	}
	home(t)
	bad := credentials()
	bad.Name = "../x"
	if _, err := SaveEntry(bad); cloud.KindOf(err) != cloud.Invalid {
		t.Errorf("a name that is a path: %v", err)
	}
}

// What is saved is read back as it is by every reader of the file, whatever is in it: gophercloud's, which
// is read with here, and ours. One that refused it would lose all other clouds besides.
func TestSaveEntryTakesAnyText(t *testing.T) {
	for _, text := range []string{
		"yes", "null", "~", "0x1f", "1e3", "12:30:45", "a\nb", "- x", "a: b", "a:", "# x", "a #b", " lead", "trail ", "tab\tx", "a\u2028b", "%x", "@x", "`x", "*a", "&a", "!x", "{x", "[x",
		"'", "\"", "\\", "key: |\n  x", "---", "...", "\x00", "\x7f", "\u0085", "é🙂", "\x1b[31m", "1_000", "=", "<<", "2020-01-01", "\r", "x\r\ny", "?", ": x", "-", ",", "|", ">", "%!s(", "x\nclouds:\n  evil:\n    auth: {}",
	} {
		home(t)
		other := credentials()
		other.Name = "other"
		c := credentials()
		c.Password, c.User, c.Region = text, text, text
		if _, err := SaveEntry(other); err != nil {
			t.Fatal(err)
		}
		if _, err := SaveEntry(c); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		s, err := load(Options{Cloud: "new"})
		if err != nil || s.auth.Password != text || s.auth.Username != text || s.endpoint.Region != text {
			t.Errorf("%q is read back as %q, %q and %q: %v", text, s.auth.Password, s.auth.Username, s.endpoint.Region, err)
		}
		if _, err := load(Options{Cloud: "other"}); err != nil {
			t.Errorf("%q: the other cloud is lost: %v", text, err)
		}
		if names := Clouds(); !slices.Equal(names, []string{"new", "other"}) {
			t.Errorf("%q: the clouds are %q", text, names)
		}
	}
}
