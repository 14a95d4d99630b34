package openstack

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"

	"portico/cloud"
)

// DefaultTimeout bounds one HTTP request when Options names no other.
const DefaultTimeout = 15 * time.Second

// Options says which cloud to use and how to talk to it. The zero value follows the environment
// as the openstack command does.
type Options struct {
	Cloud     string // a name in clouds.yaml; "" means OS_CLOUD, and without that the OS_* variables
	ProjectID string // "" means the project that the configuration names
	Region    string // "" means what the configuration says, else the first of the catalog
	// Credentials are used in place of any configuration, to try them out.
	Credentials *cloud.Credentials
	Timeout     time.Duration // of one HTTP request; 0 means DefaultTimeout
	UserAgent   string        // put before gophercloud's own
	Debug       io.Writer     // gets every HTTP request and answer, without secrets
}

// settings is a configuration that is complete enough to try. It holds secrets and prints as its
// name.
type settings struct {
	name     string // of the cloud in clouds.yaml, or ""
	auth     gophercloud.AuthOptions
	endpoint gophercloud.EndpointOpts
	tls      *tls.Config
}

func (s settings) String() string   { return "settings of cloud " + strconv.Quote(s.name) }
func (s settings) GoString() string { return s.String() }

const opConfig = "read the cloud configuration"

func invalid(target, why, next string) error {
	return &cloud.Error{Op: opConfig, Target: cloud.Clean(target), Kind: cloud.Invalid, Err: errors.New(cloud.Clean(withoutUserInfo(why))), Next: next}
}

// load reads clouds.yaml or the environment.
func load(o Options) (settings, error) {
	if o.Credentials != nil {
		return fromCredentials(*o.Credentials)
	}
	name := cmp.Or(o.Cloud, os.Getenv("OS_CLOUD"))
	var extra []clouds.ParseOption
	if o.Region != "" {
		extra = append(extra, clouds.WithRegion(o.Region))
	}
	s := settings{name: name}
	if name == "" {
		if os.Getenv("OS_AUTH_URL") == "" {
			return s, invalid("", "no cloud is named and OS_AUTH_URL is not set", "name a cloud of clouds.yaml with --cloud or OS_CLOUD"+
				known(cloudNames())+", or set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME (source your openrc file)")
		}
		doc, err := json.Marshal(clouds.Clouds{Clouds: map[string]clouds.Cloud{"environment": fromEnvironment(os.Getenv)}})
		if err != nil {
			return s, invalid("", err.Error(), "")
		}
		extra = append(extra, clouds.WithCloudsYAML(strings.NewReader(string(doc))), clouds.WithCloudName("environment"))
	} else {
		if err := checkName(name); err != nil {
			return s, err
		}
		extra = append(extra, clouds.WithCloudName(name))
	}
	if err := s.parse(extra); err != nil {
		return s, err
	}
	s.auth = settle(s.auth, os.Getenv)
	return s, s.check()
}

// checkName tells a missing file from a misspelled name, and lists the names there are.
func checkName(name string) error {
	if findClouds() == "" {
		return invalid(name, "no clouds.yaml found", "put it to "+strings.Join(searchPath(), " or ")+", or set OS_CLIENT_CONFIG_FILE to where it is")
	}
	names := cloudNames()
	for _, n := range names {
		if n == name {
			return nil
		}
	}
	if len(names) == 0 {
		return nil // unreadable: the parser knows why
	}
	return invalid(name, "there is no such cloud in "+findClouds(), "set --cloud or OS_CLOUD to one that is"+known(names))
}

// quoted finds the values that the YAML parser repeats in its messages. They may be secrets.
var quoted = regexp.MustCompile("`[^`]*`")

func (s *settings) parse(extra []clouds.ParseOption) (err error) {
	// The parser dereferences the auth section without looking: a cloud that has none panics.
	defer func() {
		if recover() != nil {
			err = invalid(s.name, "it has no auth section", "give it auth_url, username, password, project_name in clouds.yaml")
		}
	}()
	s.auth, s.endpoint, s.tls, err = clouds.Parse(extra...)
	if err == nil {
		return nil
	}
	why := quoted.ReplaceAllString(err.Error(), "a value")
	return invalid(s.name, why, "correct clouds.yaml, or the OS_* variables")
}

// fromEnvironment makes a clouds.yaml entry of the variables that openrc files set, so that
// both ways of configuration are read by the same parser.
func fromEnvironment(env func(string) string) clouds.Cloud {
	first := func(names ...string) string {
		for _, n := range names {
			if v := env(n); v != "" {
				return v
			}
		}
		return ""
	}
	c := clouds.Cloud{
		AuthType:     clouds.AuthType(env("OS_AUTH_TYPE")),
		RegionName:   env("OS_REGION_NAME"),
		EndpointType: first("OS_INTERFACE", "OS_ENDPOINT_TYPE"),
		AuthInfo: &clouds.AuthInfo{
			AuthURL:                     env("OS_AUTH_URL"),
			Token:                       first("OS_TOKEN", "OS_AUTH_TOKEN"),
			Username:                    env("OS_USERNAME"),
			UserID:                      first("OS_USER_ID", "OS_USERID"),
			Password:                    env("OS_PASSWORD"),
			ApplicationCredentialID:     env("OS_APPLICATION_CREDENTIAL_ID"),
			ApplicationCredentialName:   env("OS_APPLICATION_CREDENTIAL_NAME"),
			ApplicationCredentialSecret: env("OS_APPLICATION_CREDENTIAL_SECRET"),
			ProjectName:                 first("OS_PROJECT_NAME", "OS_TENANT_NAME"),
			ProjectID:                   first("OS_PROJECT_ID", "OS_TENANT_ID"),
			UserDomainName:              env("OS_USER_DOMAIN_NAME"),
			UserDomainID:                env("OS_USER_DOMAIN_ID"),
			ProjectDomainName:           env("OS_PROJECT_DOMAIN_NAME"),
			ProjectDomainID:             env("OS_PROJECT_DOMAIN_ID"),
			DomainName:                  env("OS_DOMAIN_NAME"),
			DomainID:                    env("OS_DOMAIN_ID"),
			TrustID:                     env("OS_TRUST_ID"),
		},
	}
	if insecure, err := strconv.ParseBool(env("OS_INSECURE")); err == nil && insecure {
		verify := false
		c.Verify = &verify
	}
	return c
}

// check finds what is missing before a request is made.
func (s *settings) check() error {
	a := s.auth
	if a.IdentityEndpoint == "" {
		return s.missing("the address of Keystone", "auth_url", "OS_AUTH_URL")
	}
	if !strings.HasPrefix(a.IdentityEndpoint, "http://") && !strings.HasPrefix(a.IdentityEndpoint, "https://") {
		return invalid(s.name, "the address of Keystone is no URL", "auth_url (OS_AUTH_URL) must begin with https:// or http://")
	}
	switch {
	case a.TokenID != "":
		return nil
	case a.ApplicationCredentialID == "" && a.ApplicationCredentialName == "":
		return s.checkPassword()
	case a.ApplicationCredentialSecret == "":
		return s.missing("the application credential's secret", "application_credential_secret", "OS_APPLICATION_CREDENTIAL_SECRET")
	}
	return nil
}

func (s *settings) checkPassword() error {
	a := s.auth
	switch {
	case a.Username == "" && a.UserID == "":
		return s.missing("the user", "username", "OS_USERNAME")
	case a.Password == "" && a.Passcode == "":
		return s.missing("the password", "password", "OS_PASSWORD")
	case a.Scope == nil || *a.Scope == (gophercloud.AuthScope{}):
		return s.missing("the project", "project_name", "OS_PROJECT_NAME")
	}
	return nil
}

// missing names the key or the variable, by where the configuration came from.
func (s *settings) missing(what, key, env string) error {
	next := "set " + key + " in clouds.yaml"
	if s.name == "" {
		next = "set " + env + " in the environment"
	}
	return invalid(s.name, what+" is missing", next)
}
