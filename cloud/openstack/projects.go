package openstack

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"portico/cloud"
)

// Clouds lists the names in clouds.yaml, in order; none if it cannot be read.
func Clouds() []string { return cloudNames() }

// InEnvironment reports whether OS_* variables name a cloud of their own.
func InEnvironment() bool { return os.Getenv("OS_CLOUD") == "" && os.Getenv("OS_AUTH_URL") != "" }

// Projects lists the projects that the user can work in, by name; disabled ones are left out. With
// credentials that are for one project alone it is that one, and nobody is asked.
func (c *Client) Projects(ctx context.Context) ([]cloud.Project, error) {
	if c.identity.Bound {
		return []cloud.Project{{ID: c.identity.ProjectID, Name: c.identity.Project}}, nil
	}
	endpoint := c.provider.IdentityBase + "v3/"
	c.homes.add(endpoint)
	client := &gophercloud.ServiceClient{ProviderClient: c.provider, Endpoint: endpoint, Type: "identity"}
	wire, err := all[projects.Project](ctx, projects.ListAvailable(client), "projects")
	if err != nil {
		return nil, wrap(opList, "projects", err)
	}
	var out []cloud.Project
	for _, p := range wire {
		if p.Enabled && !p.IsDomain {
			out = append(out, cloud.Project{ID: cloud.Clean(p.ID), Name: cloud.Clean(p.Name)})
		}
	}
	slices.SortFunc(out, func(a, b cloud.Project) int { return strings.Compare(a.Name+"\n"+a.ID, b.Name+"\n"+b.ID) })
	return out, nil
}

// into makes the settings those for another project.
func (s *settings) into(project string) error {
	if s.auth.ApplicationCredentialID != "" || s.auth.ApplicationCredentialName != "" {
		return &cloud.Error{
			Op: "go to another project of", Target: s.name, Kind: cloud.Permission, Err: errors.New("the application credential is for one project alone"),
			Next: "make a credential in the other project, and another entry of clouds.yaml for it",
		}
	}
	s.auth.TenantID, s.auth.TenantName = "", ""
	s.auth.Scope = &gophercloud.AuthScope{ProjectID: project}
	return nil
}

// reads reports whether roles let their holder read, and no more. What a role that is not one of
// Keystone's own allows is the cloud's to say, when something is tried.
func reads(roles []tokens.Role) bool {
	for _, r := range roles {
		if !strings.EqualFold(r.Name, "reader") {
			return false
		}
	}
	return len(roles) > 0
}
