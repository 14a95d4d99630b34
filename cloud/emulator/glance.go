package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// glanceVersions are the minor versions of v2 that Glance Zed offers, newest first.
var glanceVersions = []string{"2.15", "2.9", "2.7", "2.6", "2.5", "2.4", "2.3", "2.2", "2.1", "2.0"}

func (c *Cloud) imageRoutes(mux *http.ServeMux) {
	versions := func(status int) http.Handler {
		return c.open(func(*request) response {
			list := []view{}
			for i, id := range glanceVersions {
				list = append(list, view{
					"id": "v" + id, "status": []string{"CURRENT", "SUPPORTED"}[min(i, 1)],
					"links": []view{{"rel": "self", "href": c.base + "/image/v2/"}},
				})
			}
			return reply(status, view{"versions": list})
		})
	}
	mux.Handle("GET /image", versions(http.StatusMultipleChoices))
	mux.Handle("GET /image/versions", versions(http.StatusOK))
	mux.Handle("GET /image/v2/images", c.secured(c.listImages))
	mux.Handle("GET /image/v2/images/{id}", c.secured(c.showImage))
}

func (c *Cloud) imageView(i *image) view {
	self := "/v2/images/" + i.id
	v := view{
		"name": i.name, "disk_format": "qcow2", "container_format": "bare", "visibility": "public",
		"size": 1 << 30, "virtual_size": 10 << 30, "status": "active", "checksum": hexID("md5", i.name),
		"protected": false, "min_ram": i.minRAM, "min_disk": i.minDisk, "owner": c.creds.otherProject, "os_hidden": false,
		"os_hash_algo": "sha512", "os_hash_value": strings.Repeat(hexID("sha", i.name), 4), "id": i.id,
		"created_at": stamp(i.created), "updated_at": stamp(i.created), "tags": []string{},
		"self": self, "file": self + "/file", "schema": "/v2/schemas/image",
	}
	for k, p := range i.properties {
		v[k] = p
	}
	return v
}

func (c *Cloud) listImages(r *request) response {
	q := r.URL.Query()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(c.model.images)) {
		if imageMatches(c.imageView(c.model.images[id]), q) {
			ids = append(ids, id)
		}
	}
	limit := min(cmp.Or(c.config.MaxPage, 1000), 25)
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return imageAPI.problem(http.StatusBadRequest, "limit param must be an integer")
		}
		limit = min(cmp.Or(c.config.MaxPage, 1000), n)
	}
	if marker := q.Get("marker"); marker != "" {
		i := slices.Index(ids, marker)
		if i < 0 {
			return imageAPI.problem(http.StatusBadRequest, fmt.Sprintf("Image %s could not be found.", marker))
		}
		ids = ids[i+1:]
	}
	body := view{"first": firstPage(r), "schema": "/v2/schemas/images"}
	if len(ids) >= limit && limit > 0 {
		ids = ids[:limit]
		q = cloneQuery(q)
		q.Set("marker", ids[limit-1])
		body["next"] = "/v2/images?" + q.Encode()
	}
	list := make([]view, 0, len(ids))
	for _, id := range ids {
		list = append(list, c.imageView(c.model.images[id]))
	}
	body["images"] = list
	return reply(http.StatusOK, body)
}

func firstPage(r *request) string {
	q := cloneQuery(r.URL.Query())
	q.Del("marker")
	if len(q) == 0 {
		return "/v2/images"
	}
	return "/v2/images?" + q.Encode()
}

// imageMatches filters by equality of any property, and by "in:a,b" for those that allow it.
func imageMatches(v view, q map[string][]string) bool {
	for key, values := range q {
		switch key {
		case "limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "visibility", "os_hidden":
			continue
		}
		have := fmt.Sprint(v[key])
		for _, want := range values {
			if list, ok := strings.CutPrefix(want, "in:"); ok {
				if !slices.Contains(strings.Split(list, ","), have) {
					return false
				}
			} else if have != want {
				return false
			}
		}
	}
	return true
}

func (c *Cloud) showImage(r *request) response {
	i := c.model.images[r.PathValue("id")]
	if i == nil {
		return imageAPI.problem(http.StatusNotFound, "No image found with ID "+r.PathValue("id"))
	}
	return reply(http.StatusOK, c.imageView(i))
}
