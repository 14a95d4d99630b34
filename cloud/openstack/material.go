package openstack

import (
	"cmp"
	"context"
	"time"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/quotas"
	"golang.org/x/sync/errgroup"

	"portico/cloud"
)

// Material reads what instances of the project can be made from: flavors, images, the user's key pairs
// and the limits of Nova and Neutron, concurrently. What may not be read is named in Missing; refused
// credentials or no answer fail the whole.
func (c *Client) Material(ctx context.Context) (cloud.Material, error) {
	var m cloud.Material
	var ports cloud.Limit
	parts := []struct {
		name string
		load func(context.Context) error
		err  error
	}{
		{name: cloud.PartFlavors, load: func(ctx context.Context) (err error) { m.Flavors, err = c.Flavors(ctx); return err }},
		{name: cloud.PartImages, load: func(ctx context.Context) (err error) { m.Images, err = c.BootImages(ctx); return err }},
		{name: cloud.PartKeyPairs, load: func(ctx context.Context) (err error) { m.KeyPairs, err = c.KeyPairs(ctx); return err }},
		{name: cloud.PartInstLimits, load: func(ctx context.Context) (err error) { m.Limits, err = c.instanceLimits(ctx); return err }},
		{name: cloud.PartPortLimit, load: func(ctx context.Context) (err error) { ports, err = c.portLimit(ctx); return err }},
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i := range parts {
		p := &parts[i]
		g.Go(func() error {
			p.err = wrap(opList, p.name, p.load(gctx))
			switch cloud.KindOf(p.err) {
			case cloud.Auth, cloud.Unreachable:
				return p.err
			default:
				return nil
			}
		})
	}
	err := g.Wait()
	for _, p := range parts {
		if p.err != nil {
			m.Missing = append(m.Missing, cloud.Missing{Part: p.name, Err: p.err})
		}
	}
	m.Limits.Ports, m.Limits.KeyPairs.Used = ports, len(m.KeyPairs)
	return m, cmp.Or(ctx.Err(), err)
}

// Flavors lists the sizes that the project may use. Those that are switched off are not in it.
func (c *Client) Flavors(ctx context.Context) ([]cloud.Flavor, error) {
	type wire struct {
		flavors.Flavor
		Disabled bool `json:"OS-FLV-DISABLED:disabled"`
	}
	list, err := all[wire](ctx, flavors.ListDetail(c.compute, flavors.ListOpts{Limit: pageSize}), "flavors")
	if err != nil {
		return nil, wrap(opList, cloud.PartFlavors, err)
	}
	var out []cloud.Flavor
	for _, f := range list {
		if !f.Disabled {
			out = append(out, cloud.Flavor{ID: cloud.Clean(f.ID), Name: cloud.Clean(f.Name), VCPUs: f.VCPUs, RAM: f.RAM, Disk: f.Disk})
		}
	}
	return out, nil
}

// BootImages lists the images that the project sees: Glance's public ones, its own and those shared
// with it, without those that their owners have hidden.
func (c *Client) BootImages(ctx context.Context) ([]cloud.BootImage, error) {
	glance, err := c.service("image", "v2/")
	if err != nil {
		return nil, wrap(opList, cloud.PartImages, err)
	}
	type wire struct {
		ID         string    `json:"id"`
		Name       string    `json:"name"`
		Distro     string    `json:"os_distro"`
		User       string    `json:"os_admin_user"`
		Version    string    `json:"os_version"`
		Status     string    `json:"status"`
		Visibility string    `json:"visibility"`
		HWArch     string    `json:"hw_architecture"`
		Arch       string    `json:"architecture"`
		DiskFormat string    `json:"disk_format"`
		MinRAM     int       `json:"min_ram"`
		MinDisk    int       `json:"min_disk"`
		Size       int64     `json:"size"`
		Virtual    int64     `json:"virtual_size"`
		Type       string    `json:"image_type"`
		Hidden     bool      `json:"os_hidden"`
		Created    time.Time `json:"created_at"`
	}
	list, err := all[wire](ctx, images.List(glance, images.ListOpts{Limit: pageSize}), "images")
	if err != nil {
		return nil, wrap(opList, cloud.PartImages, err)
	}
	out := make([]cloud.BootImage, 0, len(list))
	for _, w := range list {
		out = append(out, cloud.BootImage{
			Image:   cloud.Image{ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), Distro: cloud.Clean(w.Distro), AdminUser: cloud.Clean(w.User)},
			Version: cloud.Clean(w.Version), Status: cloud.Clean(w.Status), Visibility: cloud.Clean(w.Visibility), Arch: cloud.Clean(cmp.Or(w.HWArch, w.Arch)),
			DiskFormat: cloud.Clean(w.DiskFormat), MinRAM: w.MinRAM, MinDisk: w.MinDisk, Size: w.Size, VirtualSize: w.Virtual, Snapshot: w.Type == "snapshot", Hidden: w.Hidden, Created: w.Created,
		})
	}
	return out, nil
}

// instanceLimits are Nova's limits with their use. An answer without them leaves them unknown.
func (c *Client) instanceLimits(ctx context.Context) (cloud.BuildLimits, error) {
	var a struct {
		Absolute struct {
			Instances     *int `json:"maxTotalInstances"`
			InstancesUsed int  `json:"totalInstancesUsed"`
			Cores         *int `json:"maxTotalCores"`
			CoresUsed     int  `json:"totalCoresUsed"`
			RAM           *int `json:"maxTotalRAMSize"`
			RAMUsed       int  `json:"totalRAMUsed"`
			KeyPairs      *int `json:"maxTotalKeypairs"`
		} `json:"absolute"`
	}
	if err := limits.Get(ctx, c.compute, nil).ExtractIntoStructPtr(&a, "limits"); err != nil {
		return cloud.BuildLimits{}, wrap("read", cloud.PartInstLimits, err)
	}
	known := func(most *int, used int) cloud.Limit {
		if most == nil {
			return cloud.Limit{}
		}
		return cloud.Limit{Used: used, Max: *most, Known: true}
	}
	x := a.Absolute
	return cloud.BuildLimits{
		Instances: known(x.Instances, x.InstancesUsed), Cores: known(x.Cores, x.CoresUsed), RAM: known(x.RAM, x.RAMUsed), KeyPairs: known(x.KeyPairs, 0),
	}, nil
}

// portLimit is Neutron's limit of ports; unknown where it does not tell the use too.
func (c *Client) portLimit(ctx context.Context) (cloud.Limit, error) {
	var a struct {
		Ports *quotas.QuotaDetail `json:"port"`
	}
	if err := quotas.GetDetail(ctx, c.network, c.identity.ProjectID).ExtractIntoStructPtr(&a, "quota"); err != nil {
		return cloud.Limit{}, wrap("read", cloud.PartPortLimit, err)
	}
	return limit(a.Ports, nil, 0, false), nil
}
