package emulator

import (
	"crypto/rand"
	"time"
)

// Config says what the cloud is called and how it behaves. The zero value is usable.
type Config struct {
	Project string // project name; default "demo"
	User    string // user name; default "demo"
	Region  string // region of every endpoint; default "RegionOne"

	// TokenLifetime is how long a token is valid; default 24 h. See also [Cloud.ExpireTokens].
	TokenLifetime time.Duration
	// ActionTime is how long a server takes to start or stop; 0 means at once.
	ActionTime time.Duration
	// MaxPage caps the number of items in one page of Nova, Neutron and Glance, as an
	// operator's osapi_max_limit and pagination_max_limit do; default 1000 for Nova and Glance,
	// none for Neutron.
	MaxPage int
	// Without hides Neutron extensions by alias, and the resources that come with them:
	// "floating-ip-port-forwarding" and "quota_details" are worth trying.
	Without []string
	// Now is the cloud's clock; default time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.Project == "" {
		c.Project = "demo"
	}
	if c.User == "" {
		c.User = "demo"
	}
	if c.Region == "" {
		c.Region = "RegionOne"
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// credentials are made anew at every start; they never leave the process but by Env.
type credentials struct {
	password            string
	appID, appName      string
	appSecret           string
	userID, projectID   string
	otherProject        string // owner of what the project only sees: the external network
	domainID, domainFor string
}

func newCredentials(c Config) credentials {
	return credentials{
		password:     rand.Text(),
		appID:        hexID("application_credential", "console"),
		appName:      "console",
		appSecret:    rand.Text(),
		userID:       hexID("user", c.User),
		projectID:    hexID("project", c.Project),
		otherProject: hexID("project", "admin"),
		domainID:     "default",
		domainFor:    "Default",
	}
}
