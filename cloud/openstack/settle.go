package openstack

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

// defaultDomain is what the openstack command assumes where no domain is given.
const defaultDomain = "default"

// settle leaves in a the parts of exactly one way to authenticate. Configurations often hold
// more: an openrc file names user and domain beside a token, or a domain by name and by ID.
// Keystone and gophercloud refuse such mixtures; the openstack command does not.
//
// An application credential wins over a password, a password over a token, unless OS_AUTH_TYPE
// names the token. A password missing from clouds.yaml is taken from OS_PASSWORD.
func settle(a gophercloud.AuthOptions, env func(string) string) gophercloud.AuthOptions {
	credential := a.ApplicationCredentialID != "" || a.ApplicationCredentialName != ""
	if a.Password == "" && !credential && a.TokenID == "" {
		a.Password = env("OS_PASSWORD")
	}
	byToken := a.TokenID != "" && !credential && (a.Password == "" || strings.HasSuffix(env("OS_AUTH_TYPE"), "token"))
	switch {
	case credential:
		a.Password, a.TokenID, a.Scope, a.TenantID, a.TenantName = "", "", nil, "", ""
		a.AllowReauth = true
	case byToken:
		a.Password, a.Username, a.UserID, a.DomainID, a.DomainName = "", "", "", "", ""
	default:
		a.TokenID = ""
		a.Passcode = env("OS_PASSCODE")
		a.AllowReauth = a.Passcode == "" // a one-time code does not work twice
	}
	return domains(a)
}

// domains gives each name the one domain it needs, and IDs none.
func domains(a gophercloud.AuthOptions) gophercloud.AuthOptions {
	switch {
	case a.UserID != "":
		a.Username, a.DomainID, a.DomainName = "", "", ""
	case a.DomainID != "":
		a.DomainName = ""
	case a.Username != "" && a.DomainName == "":
		a.DomainID = defaultDomain
	}
	if a.Scope == nil {
		return a
	}
	scope := *a.Scope
	switch {
	case scope.DomainID != "":
		scope.DomainName = ""
	case scope.ProjectName != "" && scope.DomainName == "":
		scope.DomainID = defaultDomain
	}
	a.Scope = &scope
	return a
}

// searchPath is where clouds.yaml is looked for, as the openstack command does.
func searchPath() []string {
	if file := os.Getenv("OS_CLIENT_CONFIG_FILE"); file != "" {
		return []string{file}
	}
	user := os.Getenv("XDG_CONFIG_HOME")
	if user == "" {
		user = filepath.Join(os.Getenv("HOME"), ".config")
	}
	return []string{"clouds.yaml", filepath.Join(user, "openstack", "clouds.yaml"), "/etc/openstack/clouds.yaml"}
}

// findClouds returns the first clouds.yaml that can be opened, or "".
func findClouds() string {
	for _, path := range searchPath() {
		if f, err := os.Open(path); err == nil { //nolint:gosec // the path is the user's own configuration
			_ = f.Close()
			return path
		}
	}
	return ""
}

// cloudNames lists the clouds that clouds.yaml defines, in order. A file that cannot be read
// or parsed has none.
func cloudNames() []string {
	text, err := os.ReadFile(findClouds())
	if err != nil {
		return nil
	}
	var doc struct {
		Clouds map[string]any `yaml:"clouds"`
	}
	if yaml.Unmarshal(text, &doc) != nil {
		return nil
	}
	var names []string
	for name := range doc.Clouds {
		names = append(names, cloud.Clean(name))
	}
	slices.Sort(names)
	return names
}

// known lists names in parentheses, if there are any.
func known(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}
