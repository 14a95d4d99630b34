package openstack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"

	"portico/cloud"
)

// Configured reports what is missing before anybody could log in: nil, or an error of Kind Invalid.
// It asks nobody.
func Configured(o Options) error {
	_, err := load(o)
	return err
}

// CloudNamed reports whether the environment says which cloud is meant, well or badly.
func CloudNamed() bool { return os.Getenv("OS_CLOUD") != "" || os.Getenv("OS_AUTH_URL") != "" }

// entryName is what a cloud may be called in clouds.yaml: it stands there, and on command lines,
// without quotes.
var entryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

// entries are what clouds.yaml and secure.yaml say of a cloud. The second holds the secret alone.
func entries(c cloud.Credentials) (public, secret map[string]any) {
	auth := map[string]any{"auth_url": c.AuthURL}
	secret = map[string]any{"password": c.Password}
	public = map[string]any{"auth": auth}
	if c.ByApplication() {
		public["auth_type"] = "v3applicationcredential"
		auth["application_credential_id"] = c.AppID
		secret = map[string]any{"application_credential_secret": c.AppSecret}
	} else {
		auth["username"], auth["user_domain_name"] = c.User, cmp.Or(c.UserDomain, "Default")
		if c.HasProjectID() {
			auth["project_id"] = c.Project
		} else {
			auth["project_name"], auth["project_domain_name"] = c.Project, cmp.Or(c.ProjectDomain, c.UserDomain, "Default")
		}
	}
	if c.Region != "" {
		public["region_name"] = c.Region
	}
	return public, map[string]any{"auth": secret}
}

// fromCredentials are the settings that an entry of these credentials would give.
func fromCredentials(c cloud.Credentials) (settings, error) {
	s := settings{name: c.Name}
	public, secret := entries(c)
	doc := func(entry any) (*bytes.Reader, error) {
		text, err := yaml.Marshal(map[string]any{"clouds": map[string]any{"new": entry}})
		return bytes.NewReader(text), err
	}
	a, err1 := doc(public)
	b, err2 := doc(secret)
	if err := errors.Join(err1, err2); err != nil {
		return s, invalid(c.Name, err.Error(), "")
	}
	if err := s.parse([]clouds.ParseOption{clouds.WithCloudsYAML(a), clouds.WithSecureYAML(b), clouds.WithCloudName("new")}); err != nil {
		return s, err
	}
	s.auth = settle(s.auth, func(string) string { return "" })
	return s, s.check()
}

// ConfigFile is the clouds.yaml that is read, or, where there is none, that would be.
func ConfigFile() string {
	if f := findClouds(); f != "" && !strings.HasPrefix(f, "/etc/") {
		abs, err := filepath.Abs(f)
		if err == nil {
			return abs
		}
	}
	path := searchPath()
	return path[min(1, len(path)-1)]
}

const opSave = "save the login in"

// SaveEntry adds an entry to the user's clouds.yaml, and the secret to the secure.yaml beside it; both
// are made, for the user alone, where they are missing. What is there already stays as it is, and an
// entry of the same name is Kind Conflict. It returns the files that it wrote.
func SaveEntry(c cloud.Credentials) ([]string, error) {
	file := ConfigFile()
	secure := filepath.Join(filepath.Dir(file), "secure.yaml")
	fail := func(where string, kind cloud.Kind, err error, next string) ([]string, error) {
		return nil, &cloud.Error{Op: opSave, Target: cloud.Clean(where), Kind: kind, Err: err, Next: next}
	}
	if !entryName.MatchString(c.Name) {
		return fail(file, cloud.Invalid, errors.New("a name is letters, digits, dots, dashes and underscores"), "choose another name")
	}
	public, secret := entries(c)
	texts := map[string][]byte{}
	for where, entry := range map[string]map[string]any{file: public, secure: secret} {
		text, err := added(where, c.Name, entry)
		switch {
		case errors.Is(err, fs.ErrExist):
			return fail(where, cloud.Conflict, fmt.Errorf("it has an entry %s already, which is left as it is", c.Name), "choose another name")
		case err != nil:
			return fail(where, cloud.Invalid, err, "add the entry by hand, or name another file with OS_CLIENT_CONFIG_FILE")
		}
		texts[where] = text
	}
	for _, where := range []string{secure, file} { // an entry without its secret would be worse than a secret without its entry
		if err := replace(where, texts[where]); err != nil {
			return fail(where, cloud.Permission, err, "make the folder writable, or name another file with OS_CLIENT_CONFIG_FILE")
		}
	}
	return []string{file, secure}, nil
}

// added is the text of a file with one more entry. Everything else in it stays as it is written.
func added(file, name string, entry map[string]any) ([]byte, error) {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var before struct {
		Clouds map[string]any `yaml:"clouds"`
	}
	if err := yaml.Unmarshal(old, &before); err != nil {
		return nil, errors.New("it cannot be read as YAML")
	}
	if _, ok := before.Clouds[name]; ok {
		return nil, fs.ErrExist
	}
	text := inserted(string(old), written(map[string]any{name: entry}, ""))
	// Whatever the file looked like: all that was there must be there still, and the entry besides.
	var whole, was map[string]any
	if err := errors.Join(yaml.Unmarshal([]byte(text), &whole), yaml.Unmarshal(old, &was)); err != nil {
		return nil, errors.New("it is written in a way that an entry cannot be added to safely")
	}
	all, _ := whole["clouds"].(map[string]any)
	got := all[name]
	delete(all, name)
	if len(before.Clouds) == 0 {
		delete(whole, "clouds")
		delete(was, "clouds")
	}
	if !reflect.DeepEqual(got, entry) || !reflect.DeepEqual(was, whole) && len(was)+len(whole) > 0 {
		return nil, errors.New("it is written in a way that an entry cannot be added to safely")
	}
	return []byte(text), nil
}

// written is an entry as YAML that all who read the file understand alike, by whatever version of YAML:
// one that a single reader refuses would take all other clouds from it, too.
func written(entry map[string]any, indent string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(entry)) {
		b.WriteString(indent + scalar(k) + ":")
		if below, ok := entry[k].(map[string]any); ok {
			b.WriteString("\n" + written(below, indent+"  "))
			continue
		}
		b.WriteString(" " + scalar(fmt.Sprint(entry[k])) + "\n")
	}
	return b.String()
}

// scalar is a text: as it is where nobody takes it for something else, else in quotation marks. Go's
// escapes are among YAML's (YAML 1.2, 5.7).
func scalar(text string) string {
	if plainScalar.MatchString(text) && !notText[strings.ToLower(text)] {
		return text
	}
	return strconv.QuoteToASCII(text)
}

var (
	plainScalar = regexp.MustCompile(`^[A-Za-z](?:[A-Za-z0-9_./@-]|:[A-Za-z0-9/])*$`)
	notText     = map[string]bool{"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}
)

var (
	cloudsLine = regexp.MustCompile(`(?m)^clouds:[ \t]*(?:#.*)?(?:\{\}[ \t]*)?\r?$`)
	firstEntry = regexp.MustCompile(`^(?:[ \t]*(?:#.*)?\r?\n)*([ ]+)[^ #\r\n]`)
)

// inserted puts a block of YAML as the first entry below "clouds:", as far in as the others are.
func inserted(old, block string) string {
	at := cloudsLine.FindStringIndex(old)
	if at == nil {
		if old != "" && !strings.HasSuffix(old, "\n") {
			old += "\n"
		}
		return old + "clouds:\n" + indented(block, "  ")
	}
	head, rest := strings.TrimRight(strings.Replace(old[:at[1]], "{}", "", 1), " \t\r"), strings.TrimPrefix(strings.TrimPrefix(old[at[1]:], "\r"), "\n")
	indent := "  "
	if m := firstEntry.FindStringSubmatch(rest); m != nil {
		indent = m[1]
	}
	return head + "\n" + indented(block, indent) + rest
}

func indented(block, by string) string {
	var b strings.Builder
	for line := range strings.Lines(block) {
		b.WriteString(by + line)
	}
	return b.String()
}

// replace writes a file anew, whole or not at all. A new one is the user's alone; one that was there
// keeps its mode, and loses what others may do with it if it holds secrets.
func replace(file string, text []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file, dir = target, filepath.Dir(target)
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(file); err == nil && filepath.Base(file) != "secure.yaml" {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(dir, ".portico-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, werr := tmp.Write(text)
	if err := errors.Join(werr, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
