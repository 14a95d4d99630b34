package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxMinor is the highest microversion offered: 2.90, Xena.
const maxMinor = 90

const (
	statusActive = "ACTIVE"
	statusOff    = "SHUTOFF"
	statusBuild  = "BUILD"
	statusError  = "ERROR"
)

func (c *Cloud) computeRoutes(mux *http.ServeMux) {
	get := func(path string, f handlerFunc) { mux.Handle("GET /compute/v2.1"+path, c.secured(c.micro(f))) }
	mux.Handle("GET /compute", c.open(func(*request) response {
		return reply(http.StatusOK, view{"versions": []view{c.computeVersion()}})
	}))
	mux.Handle("GET /compute/v2.1", c.open(c.micro(func(*request) response {
		v := c.computeVersion()
		v["media-types"] = []view{{
			"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1",
		}}
		return reply(http.StatusOK, view{"version": v})
	})))
	get("/servers", c.listServers(false))
	get("/servers/detail", c.listServers(true))
	mux.Handle("POST /compute/v2.1/servers", c.secured(c.micro(c.createServer)))
	mux.Handle("DELETE /compute/v2.1/servers/{id}", c.secured(c.micro(c.deleteServer)))
	get("/servers/{id}", c.showServer)
	get("/servers/{id}/os-interface", c.listInterfaces)
	get("/servers/{id}/os-security-groups", c.listServerGroups)
	mux.Handle("POST /compute/v2.1/servers/{id}/action", c.secured(c.micro(c.serverAction)))
	get("/os-keypairs", c.listKeypairs)
	mux.Handle("POST /compute/v2.1/os-keypairs", c.secured(c.micro(c.createKeypair)))
	mux.Handle("DELETE /compute/v2.1/os-keypairs/{name}", c.secured(c.micro(c.deleteKeypair)))
	get("/os-keypairs/{name}", c.showKeypair)
	get("/limits", c.showLimits)
	get("/flavors", c.listFlavors(false))
	get("/flavors/detail", c.listFlavors(true))
	get("/flavors/{id}", c.showFlavor)
	get("/flavors/{id}/os-extra_specs", c.showExtraSpecs)
	get("/os-quota-sets/{id}", c.showComputeQuota)
	get("/os-security-groups", c.listComputeGroups)
	get("/os-security-groups/{id}", c.showComputeGroup)
	get("/os-availability-zone/detail", func(*request) response {
		return computeAPI.problem(http.StatusForbidden,
			"Policy doesn't allow os_compute_api:os-availability-zone:detail to be performed.")
	})
	get("/os-availability-zone", func(*request) response {
		return reply(http.StatusOK, view{"availabilityZoneInfo": []view{{
			"zoneName": "nova", "zoneState": view{"available": true}, "hosts": nil,
		}}})
	})
}

func (c *Cloud) computeVersion() view {
	return view{
		"id": "v2.1", "status": "CURRENT", "version": fmt.Sprintf("2.%d", maxMinor), "min_version": "2.1",
		"updated": "2013-07-23T11:33:21Z",
		"links":   []view{{"rel": "self", "href": c.base + "/compute/v2.1/"}},
	}
}

// micro reads the microversion a client asks for and says in the answer which one it got.
func (c *Cloud) micro(f handlerFunc) handlerFunc {
	return func(r *request) response {
		asked := r.Header.Get("X-OpenStack-Nova-API-Version")
		if v, ok := strings.CutPrefix(r.Header.Get("OpenStack-API-Version"), "compute "); ok {
			asked = v
		}
		asked = cmp.Or(asked, "2.1")
		if asked == "latest" {
			asked = fmt.Sprintf("2.%d", maxMinor)
		}
		var res response
		minor, err := strconv.Atoi(strings.TrimPrefix(asked, "2."))
		switch {
		case err != nil || !strings.HasPrefix(asked, "2."):
			res = computeAPI.problem(http.StatusBadRequest, fmt.Sprintf(
				"API Version String '%s' is of invalid format. Must be of format MajorNum.MinorNum.", asked))
		case minor < 1 || minor > maxMinor:
			res = computeAPI.problem(http.StatusNotAcceptable, fmt.Sprintf(
				"Version %s is not supported by the API. Minimum is 2.1 and maximum is 2.%d.", asked, maxMinor))
		default:
			r.minor = minor
			res = f(r)
		}
		if res.header == nil {
			res.header = http.Header{}
		}
		res.header.Set("Openstack-Api-Version", "compute "+asked)
		res.header.Set("X-Openstack-Nova-Api-Version", asked)
		res.header["Vary"] = []string{"OpenStack-API-Version", "X-OpenStack-Nova-API-Version"}
		return res
	}
}

// links are the two links every Nova resource has.
func (c *Cloud) links(collection, id string) []view {
	return []view{
		{"rel": "self", "href": c.base + "/compute/v2.1/" + collection + "/" + id},
		{"rel": "bookmark", "href": c.base + "/compute/" + collection + "/" + id},
	}
}

func (c *Cloud) bookmark(collection, id string) []view { return c.links(collection, id)[1:] }

// page cuts one page from ids after the marker, by limit and the cloud's own maximum. next is
// the link to the following page, "" on the last one; as in Nova a page that is just full has one.
func (c *Cloud) page(r *request, ids []string) (page []string, next string, problem *response) {
	q := r.URL.Query()
	limit := cmp.Or(c.config.MaxPage, 1000)
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			res := computeAPI.problem(http.StatusBadRequest, fmt.Sprintf("Invalid input for query parameters limit. Value: %s. '%s' does not match '^[0-9]*$'", s, s))
			return nil, "", &res
		}
		if n > 0 {
			limit = min(limit, n)
		}
	}
	if marker := q.Get("marker"); marker != "" {
		i := slices.Index(ids, marker)
		if i < 0 {
			res := computeAPI.problem(http.StatusBadRequest, fmt.Sprintf("marker [%s] not found", marker))
			return nil, "", &res
		}
		ids = ids[i+1:]
	}
	if len(ids) < limit {
		return ids, "", nil
	}
	ids = ids[:limit]
	q = cloneQuery(q)
	q.Set("marker", ids[len(ids)-1])
	return ids, c.base + r.URL.Path + "?" + q.Encode(), nil
}

// cloneQuery is a copy of q that may be changed.
func cloneQuery(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = slices.Clone(v)
	}
	return out
}
