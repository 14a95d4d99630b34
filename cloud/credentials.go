package cloud

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Credentials say how to log in to one project: by password, or by an application credential, which
// knows its project. They hold a secret, and print as the cloud's name.
type Credentials struct {
	Name, AuthURL, Region      string
	User, UserDomain, Password string
	Project, ProjectDomain     string // Project is a name, or an ID as Keystone makes them
	AppID, AppSecret           string // an application credential's
}

// String is the name.
func (c Credentials) String() string { return "credentials of cloud " + c.Name }

// GoString is String: no format prints the secret.
func (c Credentials) GoString() string { return c.String() }

// ByApplication reports whether they are an application credential.
func (c Credentials) ByApplication() bool { return c.AppID != "" }

// HasProjectID reports whether Project is an ID.
func (c Credentials) HasProjectID() bool { return keystoneID.MatchString(c.Project) }

var keystoneID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// ParseCredentials reads what was copied out of an openrc file or a clouds.yaml. It is false when the
// text is neither. Secrets that the text asks for, and does not hold, stay empty.
func ParseCredentials(text string) (Credentials, bool) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text) // a terminal pastes line ends as enter
	c, ok := fromOpenrc(text)
	if !ok {
		c, ok = fromCloudsYAML(text)
	}
	for _, s := range []*string{&c.Name, &c.AuthURL, &c.Region, &c.User, &c.UserDomain, &c.Project, &c.ProjectDomain, &c.AppID} {
		*s = Clean(*s)
	}
	return c, ok
}

// assignment is one line of an openrc file.
var assignment = regexp.MustCompile(`^\s*(?:export\s+|set\s+|setenv\s+|\$env:)?(OS_[A-Z_0-9]+)\s*[= ]\s*(.*?)\s*$`)

func fromOpenrc(text string) (Credentials, bool) {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		if m := assignment.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			if v := unquoted(m[2]); !strings.HasPrefix(v, "$") { // what the file would ask for
				env[m[1]] = v
			}
		}
	}
	if env["OS_AUTH_URL"] == "" {
		return Credentials{}, false
	}
	return Credentials{
		Name: env["OS_CLOUD"], AuthURL: env["OS_AUTH_URL"], Region: env["OS_REGION_NAME"],
		User: env["OS_USERNAME"], UserDomain: cmp.Or(env["OS_USER_DOMAIN_NAME"], env["OS_USER_DOMAIN_ID"]), Password: env["OS_PASSWORD"],
		Project: cmp.Or(env["OS_PROJECT_NAME"], env["OS_TENANT_NAME"], env["OS_PROJECT_ID"]), ProjectDomain: cmp.Or(env["OS_PROJECT_DOMAIN_NAME"], env["OS_PROJECT_DOMAIN_ID"]),
		AppID: env["OS_APPLICATION_CREDENTIAL_ID"], AppSecret: env["OS_APPLICATION_CREDENTIAL_SECRET"],
	}.settled(), true
}

func unquoted(v string) string {
	if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		return v[1 : len(v)-1]
	}
	return v
}

func fromCloudsYAML(text string) (Credentials, bool) {
	var doc struct {
		Clouds map[string]struct {
			Auth struct {
				URL           string `yaml:"auth_url"`
				User          string `yaml:"username"`
				UserDomain    string `yaml:"user_domain_name"`
				UserDomainID  string `yaml:"user_domain_id"`
				Password      string `yaml:"password"`
				Project       string `yaml:"project_name"`
				ProjectID     string `yaml:"project_id"`
				ProjectDomain string `yaml:"project_domain_name"`
				ProjDomainID  string `yaml:"project_domain_id"`
				AppID         string `yaml:"application_credential_id"`
				AppSecret     string `yaml:"application_credential_secret"`
			} `yaml:"auth"`
			Region string `yaml:"region_name"`
		} `yaml:"clouds"`
	}
	if yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Clouds) == 0 {
		return Credentials{}, false
	}
	names := make([]string, 0, len(doc.Clouds))
	for n := range doc.Clouds {
		names = append(names, n)
	}
	name := slices.Min(names)
	x := doc.Clouds[name]
	return Credentials{
		Name: name, AuthURL: x.Auth.URL, Region: x.Region,
		User: x.Auth.User, UserDomain: cmp.Or(x.Auth.UserDomain, x.Auth.UserDomainID), Password: x.Auth.Password,
		Project: cmp.Or(x.Auth.Project, x.Auth.ProjectID), ProjectDomain: cmp.Or(x.Auth.ProjectDomain, x.Auth.ProjDomainID),
		AppID: x.Auth.AppID, AppSecret: x.Auth.AppSecret,
	}.settled(), x.Auth.URL != ""
}

// settled leaves one way to log in: files often name a user beside an application credential.
func (c Credentials) settled() Credentials {
	if c.ByApplication() {
		c.User, c.Password, c.Project, c.ProjectDomain = "", "", "", ""
	}
	return c
}
