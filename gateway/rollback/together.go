package rollback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
)

// ErrSplit says that one host of several has confirmed a change, and another had put itself back by then.
var ErrSplit = errors.New("one host has put itself back, and another has not")

// Host is one of several hosts that are armed for one change, and what the plan was made from there.
type Host struct {
	Switch *Switch
	Sums   Sums
}

// ArmAll arms several hosts for one change: all of them, or none. The lease is for all: it ends when
// one of them has put itself back. See [Switch.Arm].
func ArmAll(ctx context.Context, r history.Record, window time.Duration, hosts []Host) (*Lease, error) {
	var all *Lease
	for _, h := range hosts {
		l, err := h.Switch.Arm(ctx, r, window, h.Sums)
		if err != nil {
			if all != nil {
				_ = all.each(func(l *Lease) error { l.drop(ctx, r); return nil })
			}
			return nil, err
		}
		if all == nil {
			all = l
			continue
		}
		all.peers = append(all.peers, l)
	}
	if all == nil {
		return nil, &gateway.Error{Op: "arm the rollback", Kind: gateway.Internal, Err: errors.New("there is no host to arm")}
	}
	return all, nil
}

// each calls f for every host at once. Of several errors the one that says most is first: that a host
// has put itself back, then what is not a matter of reaching it.
func (l *Lease) each(f func(*Lease) error) error {
	all := append([]*Lease{l}, l.peers...)
	errs := make([]error, len(all))
	var work sync.WaitGroup
	for i, x := range all {
		work.Go(func() { errs[i] = f(x) })
	}
	work.Wait()
	return worst(errs)
}

func worst(errs []error) error {
	rank := func(err error) int {
		switch {
		case err == nil:
			return 3
		case cloud.KindOf(err) == gateway.Stale:
			return 0
		case cloud.KindOf(err) == gateway.Unreachable:
			return 2
		}
		return 1
	}
	return slices.MinFunc(errs, func(a, b error) int { return rank(a) - rank(b) })
}

// disarmAll confirms a change on all hosts. Between the first that has heard so and the last, one may
// still put itself back: all are asked just before whether they stand, which leaves a moment, and what
// comes of it is said.
func (l *Lease) disarmAll(ctx context.Context, r history.Record) error {
	all := append([]*Lease{l}, l.peers...)
	if !l.asked {
		if err := l.Renew(ctx); err != nil {
			return err
		}
		l.asked = true // from here on one that is confirmed is no longer armed
	}
	var errs []error
	confirmed := []string{}
	for _, x := range all {
		err := x.disarm(ctx, r)
		if err == nil || cloud.KindOf(err) == gateway.Partial {
			confirmed = append(confirmed, x.s.Gateway.Name)
		}
		errs = append(errs, err)
	}
	err := worst(errs)
	if cloud.KindOf(err) == gateway.Stale && len(confirmed) > 0 {
		e := l.s.failed("confirm the change of", gateway.Partial, fmt.Errorf("%w: %s has the change", ErrSplit, strings.Join(confirmed, ", ")))
		e.Next = "'portico repair' makes both the same"
		return e
	}
	return err
}

// fireAll lets every host put itself back. One that has done so is not asked again.
func (l *Lease) fireAll(ctx context.Context, why string) error {
	return l.each(func(x *Lease) error {
		if x.fired {
			return nil
		}
		err := x.fire(ctx, why)
		if cloud.KindOf(err) == gateway.Stale {
			err = nil // it was quicker
		}
		x.fired = err == nil
		return err
	})
}

// historyOfAll is each record once, however many hosts keep it: as the host has it where it ended last.
func (s *Switch) historyOfAll(ctx context.Context) ([]history.Record, error) {
	all := append([]*Switch{s}, s.Peers...)
	lists, errs := make([][]history.Record, len(all)), make([]error, len(all))
	var work sync.WaitGroup
	for i, x := range all {
		work.Go(func() { lists[i], errs[i] = x.history(ctx) })
	}
	work.Wait()
	out := slices.Concat(lists...)
	if !slices.Contains(errs, nil) {
		return nil, worst(errs)
	}
	slices.SortStableFunc(out, func(a, b history.Record) int {
		return cmp.Or(strings.Compare(b.ID, a.ID), b.Ended.Compare(a.Ended))
	})
	return slices.CompactFunc(out, func(a, b history.Record) bool { return a.ID == b.ID }), nil
}
