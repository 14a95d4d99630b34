package history

import (
	"cmp"
	"slices"
)

// Merge makes one list, newest first, of this machine's records and the gateway's. Of two with the
// same ID the one that has ended later holds, the gateway's when both say the same. That the gateway
// put its own part back holds against whatever a console believed of it.
func Merge(local, remote []Record) []Record {
	byID := make(map[string]Record, len(local)+len(remote))
	for _, r := range local {
		byID[r.ID] = r
	}
	for _, r := range remote {
		if l, ok := byID[r.ID]; ok {
			r = same(l, r)
		}
		byID[r.ID] = r
	}
	out := make([]Record, 0, len(byID))
	for _, r := range byID {
		out = append(out, r)
	}
	slices.SortFunc(out, newestFirst)
	return out
}

// newestFirst orders by the very moment: an ID tells the second only.
func newestFirst(a, b Record) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) }

// same decides between two records of one apply. When the console undid everything there was
// nothing left for the gateway to put back, so its rollback says less than that.
func same(local, remote Record) Record {
	keep := remote
	switch {
	case remote.Result == RolledBack && local.Result == Undone:
		keep = local
	case remote.Result == RolledBack && len(remote.Left) == 0:
		keep.Left = local.Left // elsewhere than on the gateway this may still stand
	case remote.Result != RolledBack && local.Ended.After(remote.Ended):
		keep = local
	}
	if len(keep.Changes) == 0 {
		keep.Changes = local.Changes
	}
	return keep
}
