package openstack

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"portico/cloud"
)

// connectRequests is how many request time-outs Connect may take in all: version discovery,
// token, and what retries cost.
const connectRequests = 3

// Client talks to one project of one cloud. It is safe for concurrent use and renews its token
// by itself where the credentials allow it.
type Client struct {
	identity         cloud.Identity
	provider         *gophercloud.ProviderClient
	homes            homes
	endpoint         gophercloud.EndpointOpts
	compute, network *gophercloud.ServiceClient
	microversion     atomic.Int32 // index into computeVersions
}

// Connect reads the configuration, gets a token and finds Nova and Neutron in the catalog.
//
// Kinds of failure: Invalid for a configuration that names no usable cloud (nothing was tried),
// Auth for refused credentials, Unreachable for no answer in time, NotFound for a region
// without Nova or Neutron.
func Connect(ctx context.Context, o Options) (*Client, error) {
	s, err := load(o)
	if err == nil && o.ProjectID != "" {
		err = s.into(o.ProjectID)
	}
	if err != nil {
		return nil, err
	}
	timeout := cmp.Or(o.Timeout, DefaultTimeout)
	ctx, cancel := context.WithTimeout(ctx, connectRequests*timeout)
	defer cancel()

	op, target := "log in to", cmp.Or(s.name, withoutUserInfo(s.auth.IdentityEndpoint))
	provider, err := openstack.NewClient(s.auth.IdentityEndpoint)
	if err != nil {
		return nil, &cloud.Error{Op: op, Target: target, Kind: cloud.Invalid, Err: errors.New(withoutUserInfo(err.Error())), Next: "correct auth_url (OS_AUTH_URL)"}
	}
	c := &Client{provider: provider, endpoint: s.endpoint}
	provider.HTTPClient = newHTTPClient(s.tls, timeout, newSecrets(s.auth), &c.homes, o.Debug)
	provider.RetryFunc = retry
	if o.UserAgent != "" {
		provider.UserAgent.Prepend(o.UserAgent)
	}
	if err := c.login(ctx, s, op, target); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) login(ctx context.Context, s settings, op, target string) error {
	if err := openstack.Authenticate(ctx, c.provider, s.auth); err != nil {
		wrapped := wrap(op, target, err)
		var e *cloud.Error
		if errors.As(wrapped, &e) && e.Kind == cloud.NotFound && s.auth.TokenID == "" {
			e.Kind, e.Next = cloud.Invalid, "auth_url (OS_AUTH_URL) must be Keystone's address, mostly ending in :5000/v3 or /identity/v3"
		}
		return wrapped
	}
	if err := c.identify(s, op, target); err != nil {
		return err
	}
	var err error
	if c.compute, err = c.service("compute", ""); err != nil {
		return wrap("find the compute service of", target, err)
	}
	if c.network, err = c.service("network", "v2.0/"); err != nil {
		return wrap("find the network service of", target, err)
	}
	return nil
}

// identify reads from the token's own description who we are and in which project.
func (c *Client) identify(s settings, op, target string) error {
	token, ok := c.provider.GetAuthResult().(interface {
		ExtractProject() (*tokens.Project, error)
		ExtractUser() (*tokens.User, error)
		ExtractRoles() ([]tokens.Role, error)
	})
	if !ok {
		return &cloud.Error{Op: op, Target: target, Kind: cloud.Invalid, Err: errors.New("it offers only version 2 of the identity API"),
			Next: "set auth_url (OS_AUTH_URL) to the address that ends in /v3"}
	}
	project, err := token.ExtractProject()
	if err != nil {
		return wrap(op, target, err)
	}
	user, err := token.ExtractUser()
	if err != nil {
		return wrap(op, target, err)
	}
	if project == nil || project.ID == "" || user == nil {
		return &cloud.Error{Op: op, Target: target, Kind: cloud.Invalid, Err: errors.New("the token is not for a project"),
			Next: "set project_name and project_domain_name in clouds.yaml (OS_PROJECT_NAME, OS_PROJECT_DOMAIN_NAME)"}
	}
	roles, err := token.ExtractRoles()
	if err != nil {
		return wrap(op, target, err)
	}
	c.identity = cloud.Identity{
		Cloud: cloud.Clean(s.name), Region: cloud.Clean(s.endpoint.Region), AuthURL: cloud.Clean(withoutUserInfo(s.auth.IdentityEndpoint)),
		ProjectID: cloud.Clean(project.ID), Project: cloud.Clean(project.Name),
		UserID: cloud.Clean(user.ID), User: cloud.Clean(user.Name),
		ReadOnly: reads(roles), Bound: s.auth.ApplicationCredentialID != "" || s.auth.ApplicationCredentialName != "",
	}
	return nil
}

// service finds an endpoint in the catalog. version is appended to endpoints that lack it.
// The catalog is trusted: asking each service for its versions first would cost a request
// each, and fails behind proxies that publish only the versioned path.
func (c *Client) service(kind, version string) (*gophercloud.ServiceClient, error) {
	eo := c.endpoint
	eo.ApplyDefaults(kind)
	endpoint, err := c.provider.EndpointLocator(eo)
	if err != nil {
		return nil, err
	}
	c.homes.add(endpoint)
	sc := &gophercloud.ServiceClient{ProviderClient: c.provider, Endpoint: endpoint, Type: kind}
	if version != "" && !strings.HasSuffix(endpoint, "/"+version) {
		sc.ResourceBase = endpoint + version
	}
	return sc, nil
}

// Identity says who asks, and where.
func (c *Client) Identity() cloud.Identity { return c.identity }

// Close drops idle connections. The client stays usable.
func (c *Client) Close() { c.provider.HTTPClient.CloseIdleConnections() }
