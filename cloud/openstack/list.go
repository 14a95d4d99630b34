package openstack

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/gophercloud/gophercloud/v2/pagination"
)

// pageSize is what list calls ask for: Nova's usual maximum. A cloud that allows less sends
// less, and says where the next page is.
const pageSize = 1000

// maxPages bounds a list whose pages lead on for ever.
const maxPages = 1000

// all reads every page of a list. key is the name of the list in the answer. Pages that lead in
// a circle are an error.
func all[T any](ctx context.Context, pager pagination.Pager, key string) ([]T, error) {
	var out []T
	seen := map[string]bool{}
	err := pager.EachPage(ctx, func(_ context.Context, page pagination.Page) (bool, error) {
		next, err := page.NextPageURL()
		if err != nil {
			return false, err
		}
		if seen[next] || len(seen) == maxPages {
			return false, fmt.Errorf("the list of %s does not end: each page names a next one", key)
		}
		seen[next] = true
		var some []T
		extractor, ok := page.(interface {
			ExtractIntoSlicePtr(to any, label string) error
		})
		if !ok {
			return false, fmt.Errorf("a page of %s cannot be read", key)
		}
		if err := extractor.ExtractIntoSlicePtr(&some, key); err != nil {
			return false, err
		}
		out = append(out, some...)
		return true, nil
	})
	return out, err
}

// address parses an address of the cloud's; what is none becomes the invalid address.
func address(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}

// prefix parses a CIDR or a single address, which then counts as a prefix of full length.
func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	if a := address(s); a.IsValid() {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}
