package openstack

import (
	"context"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"portico/cloud"
)

// imageChunk is how many IDs go into one query.
const imageChunk = 80

// Images reads the images with these IDs: one call for each 80 of them, and one more for those
// not found, since Glance leaves hidden images (replaced by newer ones, but still in use) out of
// its lists. Images that are gone, or not ours to see, are not in the answer.
func (c *Client) Images(ctx context.Context, ids []string) ([]cloud.Image, error) {
	wanted := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" || strings.ContainsAny(id, ",\"") })
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(wanted) == 0 {
		return nil, nil
	}
	glance, err := c.service("image", "v2/")
	if err != nil {
		return nil, wrap(opList, "images", err)
	}
	var out []cloud.Image
	for chunk := range slices.Chunk(wanted, imageChunk) {
		rest := chunk
		for _, hidden := range []bool{false, true} {
			if len(rest) == 0 {
				break
			}
			opts := images.ListOpts{ID: "in:" + strings.Join(rest, ","), Visibility: "all", Hidden: hidden, Limit: pageSize}
			found, err := listImages(ctx, images.List(glance, opts))
			if err != nil {
				return nil, wrap(opList, "images", err)
			}
			out = append(out, found...)
			rest = slices.DeleteFunc(slices.Clone(rest), func(id string) bool {
				return slices.ContainsFunc(found, func(i cloud.Image) bool { return i.ID == id })
			})
		}
	}
	return out, nil
}

func listImages(ctx context.Context, pager pagination.Pager) ([]cloud.Image, error) {
	type wire struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Distro string `json:"os_distro"`
		User   string `json:"os_admin_user"`
	}
	list, err := all[wire](ctx, pager, "images")
	out := make([]cloud.Image, 0, len(list))
	for _, w := range list {
		out = append(out, cloud.Image{ID: cloud.Clean(w.ID), Name: cloud.Clean(w.Name), Distro: cloud.Clean(w.Distro), AdminUser: cloud.Clean(w.User)})
	}
	return out, err
}
