package openstack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/cloud"
)

// What is wrong with a configuration is said before any request, with the thing to set.
func TestIncompleteConfiguration(t *testing.T) {
	const yaml = `clouds:
  no-auth: {region_name: x}
  no-url: {auth: {username: u, password: hunter2, project_name: p}}
  no-scheme: {auth: {auth_url: 'keystone:5000/v3', username: u, password: hunter2, project_name: p}}
  no-user: {auth: {auth_url: 'http://127.0.0.1/v3', password: hunter2, project_name: p}}
  no-password: {auth: {auth_url: 'http://127.0.0.1/v3', username: u, project_name: p}}
  no-project: {auth: {auth_url: 'http://127.0.0.1/v3', username: u, password: hunter2}}
  no-secret: {auth: {auth_url: 'http://127.0.0.1/v3', application_credential_id: i}}
  no-ca: {cacert: /does/not/exist, auth: {auth_url: 'https://127.0.0.1/v3', username: u, password: hunter2, project_name: p}}
`
	cases := map[string]struct {
		file, name string
		env        map[string]string
		next       string
	}{
		"nothing at all":       {"", "", nil, "OS_CLOUD"},
		"nothing chosen":       {yaml, "", nil, "no-auth, no-ca, no-password"},
		"no file":              {"", "mine", nil, "clouds.yaml"},
		"misspelled":           {yaml, "no-pasword", nil, "no-auth, no-ca, no-password"},
		"no auth section":      {yaml, "no-auth", nil, "auth_url"},
		"no address":           {yaml, "no-url", nil, "set auth_url in clouds.yaml"},
		"no scheme":            {yaml, "no-scheme", nil, "https://"},
		"no user":              {yaml, "no-user", nil, "set username"},
		"no password":          {yaml, "no-password", nil, "set password"},
		"no project":           {yaml, "no-project", nil, "set project_name"},
		"no secret":            {yaml, "no-secret", nil, "application_credential_secret"},
		"no authority":         {yaml, "no-ca", nil, "clouds.yaml"},
		"secret out of place":  {"clouds:\n  c:\n    auth: hunter2\n", "c", nil, "clouds.yaml"},
		"no YAML":              {"clouds: [hunter2", "c", nil, "clouds.yaml"},
		"variables: user":      {"", "", map[string]string{"OS_AUTH_URL": "http://127.0.0.1/v3"}, "set OS_USERNAME in the environment"},
		"variables: password":  {"", "", map[string]string{"OS_AUTH_URL": "http://127.0.0.1/v3", "OS_USERNAME": "u"}, "set OS_PASSWORD"},
		"named by a variable":  {yaml, "", map[string]string{"OS_CLOUD": "no-user"}, "set username"},
		"option over variable": {yaml, "no-user", map[string]string{"OS_CLOUD": "no-url"}, "set username"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			environment(t, tc.env)
			if tc.file != "" {
				if err := os.WriteFile("clouds.yaml", []byte(tc.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Connect(t.Context(), Options{Cloud: tc.name})
			x := cloud.Explain(err)
			if cloud.KindOf(err) != cloud.Invalid || !strings.Contains(x.Next, tc.next) {
				t.Errorf("kind %v: %+v", cloud.KindOf(err), x)
			}
			if strings.Contains(x.What+x.Why+x.Next, "hunter2") {
				t.Errorf("a secret in %+v", x)
			}
		})
	}
}

func TestSearchPath(t *testing.T) {
	environment(t, nil)
	user := filepath.Join(os.Getenv("HOME"), ".config", "openstack")
	if err := os.MkdirAll(user, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(path, name string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("clouds: {"+name+": {}}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(user, "clouds.yaml"), "of-user")
	if got := cloudNames(); len(got) != 1 || got[0] != "of-user" {
		t.Errorf("got %v", got)
	}
	write("clouds.yaml", "of-folder")
	if got := cloudNames(); len(got) != 1 || got[0] != "of-folder" {
		t.Errorf("got %v", got)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", filepath.Join(user, "clouds.yaml"))
	if got := cloudNames(); len(got) != 1 || got[0] != "of-user" {
		t.Errorf("got %v", got)
	}
}

// A password may be kept out of the file.
func TestPasswordFromTheEnvironment(t *testing.T) {
	environment(t, map[string]string{"OS_PASSWORD": "from-env"})
	text := "clouds: {c: {auth: {auth_url: 'http://127.0.0.1/v3', username: u, project_name: p}}}"
	if err := os.WriteFile("clouds.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := load(Options{Cloud: "c", Region: "R2"})
	if err != nil || s.auth.Password != "from-env" || !s.auth.AllowReauth || s.auth.DomainID != "default" || s.auth.Scope.DomainID != "default" {
		t.Errorf("got %v", err)
	}
	if s.endpoint.Region != "R2" {
		t.Errorf("region %q", s.endpoint.Region)
	}
}
