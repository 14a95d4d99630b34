package openstack

import (
	"context"
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"portico/cloud"
)

const partInstances = "instances"

// computeVersions are Nova's microversions to try, best first: 2.47 embeds the flavor in the
// server, 2.26 has tags, "" is what every cloud speaks. A cloud that refuses one (HTTP 406) is
// asked with the next, and the client remembers.
var computeVersions = [...]string{"2.47", "2.26", ""}

// wireServer is what Portico reads of a server in /servers/detail.
type wireServer struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Status    string            `json:"status"`
	TaskState string            `json:"OS-EXT-STS:task_state"`
	Created   time.Time         `json:"created"`
	KeyName   string            `json:"key_name"`
	Metadata  map[string]string `json:"metadata"`
	Tags      []string          `json:"tags"`
	Image     any               `json:"image"` // {"id"}, or "" when booted from a volume
	Fault     struct {
		Message string `json:"message"`
	} `json:"fault"`
	Flavor struct {
		ID    string `json:"id"`            // before 2.47
		Name  string `json:"original_name"` // since 2.47, with the next two
		VCPUs int    `json:"vcpus"`
		RAM   int    `json:"ram"`
	} `json:"flavor"`
}

func (c *Client) instances(ctx context.Context) ([]cloud.Instance, error) {
	list, err := c.servers(ctx)
	if err != nil {
		return nil, err
	}
	var byID map[string]flavors.Flavor
	if len(list) > 0 && list[0].Flavor.Name == "" {
		if byID, err = c.flavors(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]cloud.Instance, 0, len(list))
	for _, s := range list {
		out = append(out, s.instance(byID))
	}
	return out, nil
}

// servers lists with the best microversion that the cloud accepts.
func (c *Client) servers(ctx context.Context) ([]wireServer, error) {
	for {
		version := c.microversion.Load()
		compute := *c.compute
		compute.Microversion = computeVersions[version]
		list, err := all[wireServer](ctx, servers.List(&compute, servers.ListOpts{Limit: pageSize}), "servers")
		if !gophercloud.ResponseCodeIs(err, http.StatusNotAcceptable) || int(version) == len(computeVersions)-1 {
			return list, err
		}
		c.microversion.CompareAndSwap(version, version+1)
	}
}

// flavors lists the project's flavors by ID, for clouds that do not embed them. A project that
// may not list them sees instances without flavor.
func (c *Client) flavors(ctx context.Context) (map[string]flavors.Flavor, error) {
	list, err := all[flavors.Flavor](ctx, flavors.ListDetail(c.compute, flavors.ListOpts{Limit: pageSize, AccessType: flavors.AllAccess}), "flavors")
	if err != nil && !gone(err) && !gophercloud.ResponseCodeIs(err, http.StatusForbidden) {
		return nil, err
	}
	byID := make(map[string]flavors.Flavor, len(list))
	for _, f := range list {
		byID[f.ID] = f
	}
	return byID, nil
}

func (s wireServer) instance(byID map[string]flavors.Flavor) cloud.Instance {
	i := cloud.Instance{
		ID: cloud.Clean(s.ID), Name: cloud.Clean(s.Name), Status: cloud.Clean(s.Status), TaskState: cloud.Clean(s.TaskState),
		Flavor: cloud.Clean(s.Flavor.Name), VCPUs: s.Flavor.VCPUs, RAM: s.Flavor.RAM,
		KeyName: cloud.Clean(s.KeyName), Fault: cloud.Clean(s.Fault.Message), Created: s.Created,
	}
	if f, ok := byID[s.Flavor.ID]; ok {
		i.Flavor, i.VCPUs, i.RAM = cloud.Clean(f.Name), f.VCPUs, f.RAM
	}
	if image, ok := s.Image.(map[string]any); ok {
		id, _ := image["id"].(string)
		i.ImageID = cloud.Clean(id)
	}
	for _, tag := range s.Tags {
		i.Tags = append(i.Tags, cloud.Clean(tag))
	}
	if len(s.Metadata) > 0 {
		i.Metadata = make(map[string]string, len(s.Metadata))
		for key, value := range s.Metadata {
			i.Metadata[cloud.Clean(key)] = cloud.Clean(value)
		}
	}
	return i
}

// KeyPairs lists the user's key pairs: Nova shows nobody the keys of others, so an instance of
// a colleague may name one that is not here.
func (c *Client) KeyPairs(ctx context.Context) ([]cloud.KeyPair, error) {
	page, err := keypairs.List(c.compute, nil).AllPages(ctx)
	if err != nil {
		return nil, wrap(opList, "key pairs", err)
	}
	list, err := keypairs.ExtractKeyPairs(page)
	if err != nil {
		return nil, wrap(opList, "key pairs", err)
	}
	out := make([]cloud.KeyPair, 0, len(list))
	for _, k := range list {
		out = append(out, cloud.KeyPair{Name: cloud.Clean(k.Name), Fingerprint: cloud.Clean(k.Fingerprint), PublicKey: cloud.Clean(k.PublicKey)})
	}
	return out, nil
}
