package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// collection is one list of Neutron: how it is called, what it holds, and what may be filtered
// on beyond the fields of an item.
type collection struct {
	name      string // "ports", the key in the answer
	kind      string // "PortNotFound", for an unknown marker
	singular  string // "Port"
	items     []view
	fields    []string // all fields an item can have, for lists that are empty
	filters   map[string]func(item view, want string) bool
	notFilter []string // fields that this list refuses to filter on
}

// paging parameters and others that are not filters.
var notFilters = []string{"fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"}

// list answers a Neutron list call: filters (several values of one are alternatives), sorting,
// paging with links, and fields, as Neutron's API layer does for every resource. An unknown
// filter is an error (extension filter-validation).
func (c *Cloud) list(r *request, col collection) response {
	q := r.URL.Query()
	if problem := col.check(q); problem != nil {
		return *problem
	}
	items := slices.DeleteFunc(col.items, func(v view) bool { return !col.matches(v, q) })
	slices.SortFunc(items, sorter(q))
	limit, problem := c.limit(q)
	if problem != nil {
		return *problem
	}
	reverse := isTrue(q.Get("page_reverse"))
	if marker := q.Get("marker"); marker != "" {
		i := slices.IndexFunc(items, func(v view) bool { return v["id"] == marker })
		switch {
		case i < 0:
			return notFound(col.kind, col.singular, marker)
		case reverse:
			items = items[:i]
		default:
			items = items[i+1:]
		}
	}
	if limit > 0 && len(items) > limit {
		if reverse {
			items = items[len(items)-limit:]
		} else {
			items = items[:limit]
		}
	}
	body := view{}
	if links := c.pageLinks(r, items, limit, reverse); len(links) > 0 {
		body[col.name+"_links"] = links
	}
	body[col.name] = selectFields(items, q["fields"])
	return reply(http.StatusOK, body)
}

// check refuses filters and sort keys that the collection has not.
func (col collection) check(q url.Values) *response {
	known := func(key string) bool {
		return slices.Contains(col.fields, key) || col.filters[key] != nil
	}
	for _, use := range []struct {
		keys []string
		what string
	}{{slices.Sorted(maps.Keys(q)), "filtering"}, {q["sort_key"], "sort_keys"}} {
		var bad []string
		for _, key := range use.keys {
			if use.what == "filtering" && slices.Contains(notFilters, key) {
				continue
			}
			if !known(key) || slices.Contains(col.notFilter, key) {
				bad = append(bad, "'"+key+"'")
			}
		}
		if len(bad) > 0 {
			res := badRequest("[%s] is invalid attribute for %s", strings.Join(bad, ", "), use.what)
			return &res
		}
	}
	return nil
}

func (col collection) matches(v view, q url.Values) bool {
	for key, wants := range q {
		if slices.Contains(notFilters, key) {
			continue
		}
		match := func(want string) bool { return equalTo(v[key], want) }
		if f := col.filters[key]; f != nil {
			match = func(want string) bool { return f(v, want) }
		}
		if !slices.ContainsFunc(wants, match) {
			return false
		}
	}
	return true
}

// equalTo compares a field with a filter's text as Neutron converts it.
func equalTo(have any, want string) bool {
	switch x := have.(type) {
	case nil:
		return want == ""
	case bool:
		return x == isTrue(want)
	case *int:
		return x == nil && want == "" || x != nil && strconv.Itoa(*x) == want
	case *string:
		return x == nil && want == "" || x != nil && *x == want
	case []string:
		// Several tags in one value must all be there.
		return !slices.ContainsFunc(strings.Split(want, ","), func(w string) bool { return !slices.Contains(x, w) })
	}
	return fmt.Sprint(have) == want
}

func isTrue(s string) bool { return strings.EqualFold(s, "true") || s == "1" }

// sorter orders by sort_key and sort_dir, and last by ID.
func sorter(q url.Values) func(a, b view) int {
	keys, dirs := q["sort_key"], q["sort_dir"]
	return func(a, b view) int {
		for i, key := range keys {
			d := cmp.Compare(fmt.Sprint(a[key]), fmt.Sprint(b[key]))
			if i < len(dirs) && dirs[i] == "desc" {
				d = -d
			}
			if d != 0 {
				return d
			}
		}
		return cmp.Compare(fmt.Sprint(a["id"]), fmt.Sprint(b["id"]))
	}
}

// limit is the page size asked for, bound by the cloud's own maximum; 0 means all.
func (c *Cloud) limit(q url.Values) (int, *response) {
	most := c.config.MaxPage
	s := q.Get("limit")
	if s == "" {
		return most, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		res := neutronError(http.StatusBadRequest, "BadRequest",
			fmt.Sprintf("Bad limit request: Limit must be an integer 0 or greater and not '%s'.", s))
		return 0, &res
	}
	if n == 0 || most > 0 && n > most {
		return most, nil
	}
	return n, nil
}

// pageLinks are the links to the pages around this one. As in Neutron, a page that is just full
// links to a next one even if that will be empty.
func (c *Cloud) pageLinks(r *request, items []view, limit int, reverse bool) []view {
	if limit == 0 {
		return nil
	}
	link := func(rel string, marker func() any, back bool) view {
		q := cloneQuery(r.URL.Query())
		q.Del("marker")
		q.Del("page_reverse")
		if len(items) > 0 {
			q.Set("marker", fmt.Sprint(marker()))
		}
		if back {
			q.Set("page_reverse", "True")
		}
		return view{"rel": rel, "href": c.base + r.URL.Path + "?" + q.Encode()}
	}
	var out []view
	full := len(items) >= limit
	if full || reverse {
		out = append(out, link("next", func() any { return items[len(items)-1]["id"] }, false))
	}
	if full || !reverse {
		out = append(out, link("previous", func() any { return items[0]["id"] }, true))
	}
	return out
}

// selectFields keeps of every item the fields asked for; all if none were.
func selectFields(items []view, fields []string) []view {
	out := make([]view, 0, len(items))
	for _, v := range items {
		if len(fields) > 0 {
			v = maps.Clone(v)
			maps.DeleteFunc(v, func(k string, _ any) bool { return !slices.Contains(fields, k) })
		}
		out = append(out, v)
	}
	return out
}

// show answers a call for one resource, which may ask for some fields too.
func show(r *request, key string, v view) response {
	return reply(http.StatusOK, view{key: selectFields([]view{v}, r.URL.Query()["fields"])[0]})
}

// fieldsOf lists the fields of a view.
func fieldsOf(v view) []string { return slices.Collect(maps.Keys(v)) }
