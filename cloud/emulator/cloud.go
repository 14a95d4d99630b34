package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"portico/cloud"
)

// Cloud is a running emulated cloud. All methods may be called from any goroutine.
type Cloud struct {
	config Config
	creds  credentials
	base   string // http://127.0.0.1:PORT
	server *http.Server
	served chan struct{}

	mu       sync.Mutex
	model    *Model     // of the project that is served: the first, but within a request for another
	projects []*project // the user's
	tokens   map[string]*token
	console  func(instanceID string) string
	latency  time.Duration
	failures []*failure
	log      []*entry
}

// Start makes an empty cloud and serves it on a free port of 127.0.0.1 until [Cloud.Close].
// It fails only if the machine gives no such port.
func Start(config Config) (*Cloud, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, &cloud.Error{
			Op: "start the emulated cloud on", Target: "127.0.0.1", Kind: cloud.Internal,
			Err: err, Next: "check that programs may listen on loopback",
		}
	}
	config = config.withDefaults()
	c := &Cloud{
		config: config, creds: newCredentials(config), base: "http://" + l.Addr().String(),
		served: make(chan struct{}), tokens: map[string]*token{},
	}
	c.model = newModel(c)
	c.model.ensureDefaultGroup()
	c.projects = []*project{{id: c.creds.projectID, name: config.Project, roles: defaultRoles, model: c.model}}
	c.server = &http.Server{Handler: c.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(c.served)
		// Serve always ends with an error; on Close it is ErrServerClosed.
		_ = c.server.Serve(l)
	}()
	return c, nil
}

// Close stops serving: open connections are cut, later requests are refused. It returns when
// nothing of the server runs any more. A second Close does nothing.
func (c *Cloud) Close() error {
	err := c.server.Close()
	<-c.served
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// AuthURL is the address of Keystone v3, for OS_AUTH_URL.
func (c *Cloud) AuthURL() string { return c.base + "/identity/v3" }

// ProjectID is the first project's ID in Keystone's form, 32 hex digits.
func (c *Cloud) ProjectID() string { return c.projects[0].id }

// Env returns the environment with which OpenStack clients log in as the project's user by
// password, each as "NAME=value". It holds a secret.
func (c *Cloud) Env() []string {
	return append(c.commonEnv(),
		"OS_AUTH_TYPE=password",
		"OS_USERNAME="+c.config.User,
		"OS_PASSWORD="+c.creds.password,
		"OS_PROJECT_NAME="+c.config.Project,
		"OS_USER_DOMAIN_NAME="+c.creds.domainFor,
		"OS_PROJECT_DOMAIN_NAME="+c.creds.domainFor,
	)
}

// AppCredentialEnv is like [Cloud.Env] with an application credential in place of a password.
func (c *Cloud) AppCredentialEnv() []string {
	return append(c.commonEnv(),
		"OS_AUTH_TYPE=v3applicationcredential",
		"OS_APPLICATION_CREDENTIAL_ID="+c.creds.appID,
		"OS_APPLICATION_CREDENTIAL_SECRET="+c.creds.appSecret,
	)
}

// TokenEnv is like [Cloud.Env] with a token issued now.
func (c *Cloud) TokenEnv() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(c.commonEnv(),
		"OS_AUTH_TYPE=v3token",
		"OS_TOKEN="+c.issue([]string{"password"}, c.projects[0]).id,
		"OS_PROJECT_NAME="+c.config.Project,
		"OS_PROJECT_DOMAIN_NAME="+c.creds.domainFor,
	)
}

func (c *Cloud) commonEnv() []string {
	return []string{
		"OS_AUTH_URL=" + c.AuthURL(),
		"OS_REGION_NAME=" + c.config.Region,
		"OS_IDENTITY_API_VERSION=3",
		"OS_INTERFACE=public",
	}
}

// Fill lends the model to f, which adds to it, and returns the first mistake f made (an unknown
// network, an address twice). No request is answered meanwhile. f must not call methods of the
// Cloud.
func (c *Cloud) Fill(f func(*Model)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.err = nil
	f(c.model)
	if c.model.err != nil {
		return &cloud.Error{Op: "fill the emulated cloud", Kind: cloud.Invalid, Err: c.model.err}
	}
	return nil
}

// SetConsole gives the console logs that Nova answers os-getConsoleOutput with: f gets an
// instance's ID. Without it the log is empty. f runs without the cloud's mutex.
func (c *Cloud) SetConsole(f func(instanceID string) string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.console = f
}

// SetQuota sets a Neutron quota: "security_group", "security_group_rule", "floatingip", "port",
// "network", "subnet", "router"; or a limit of Nova's: "instances", "cores", "ram" (MiB), "key_pairs". -1 is unlimited. What stands above a lowered quota stays.
func (c *Cloud) SetQuota(resource string, limit int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.model.limits[resource]; ok {
		c.model.limits[resource] = limit
		return nil
	}
	if _, ok := c.model.quotas[resource]; !ok {
		return &cloud.Error{
			Op: "set the quota of", Target: resource, Kind: cloud.Invalid,
			Err: fmt.Errorf("no such resource"),
		}
	}
	c.model.quotas[resource] = limit
	return nil
}

// ExpireTokens ends all tokens given out so far, as if their time were over.
func (c *Cloud) ExpireTokens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.tokens)
}

// without reports whether the configuration hides this Neutron extension.
func (c *Cloud) without(alias string) bool { return slices.Contains(c.config.Without, alias) }
