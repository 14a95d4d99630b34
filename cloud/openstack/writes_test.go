package openstack

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
)

func TestSecurityGroupLife(t *testing.T) {
	f := newFake(t)
	furnish(f)
	c := f.connect(t)
	ctx := t.Context()
	g, err := c.CreateGroup(ctx, "portico-gw", "made by portico")
	if err != nil || g.Name != "portico-gw" || g.Description != "made by portico" || len(g.Rules) != 2 || g.Rules[0].Direction != "egress" {
		t.Fatalf("group %+v, %v", g, err)
	}
	r, err := c.CreateRule(ctx, cloud.SecurityGroupRule{GroupID: g.ID, Protocol: "tcp", PortMin: 30000, PortMax: 30010, RemotePrefix: netip.MustParsePrefix("2001:db8::1/64"), Description: "d"})
	want := cloud.SecurityGroupRule{ID: r.ID, GroupID: g.ID, Direction: "ingress", EtherType: "IPv6", Protocol: "tcp", PortMin: 30000, PortMax: 30010,
		RemotePrefix: netip.MustParsePrefix("2001:db8::/64"), Description: "d"}
	if diff := cmp.Diff(want, r, plainAddrs); diff != "" || err != nil || r.ID == "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err = c.CreateRule(ctx, want); cloud.KindOf(err) != cloud.Conflict {
		t.Errorf("the same rule again: %v", err)
	}
	carryAndDrop(t, c, g.ID)
	if err := c.DeleteGroup(ctx, g.ID, g.Revision); cloud.KindOf(err) != cloud.Stale || !strings.Contains(err.Error(), "current revision is 2") {
		t.Errorf("deleting a group that has a new rule: %v", err)
	}
	for range 2 { // the second time it is gone already
		if err := errors.Join(c.DeleteRule(ctx, r.ID), c.DeleteGroup(ctx, g.ID, g.Revision+2)); err != nil {
			t.Error(err)
		}
	}
	if slices.ContainsFunc(f.lists["security_groups"], func(o object) bool { return o["id"] == g.ID }) {
		t.Error("the group is still there")
	}
}

// carryAndDrop gives the group to a port and takes it away again.
func carryAndDrop(t *testing.T, c *Client, group string) {
	t.Helper()
	ctx := t.Context()
	if err := c.SetPortGroups(ctx, "p2", []string{group}, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteGroup(ctx, group, 0); cloud.KindOf(err) != cloud.Conflict {
		t.Errorf("deleting a group in use: %v", err)
	}
	if err := c.SetPortGroups(ctx, "p2", nil, 0); err != nil {
		t.Fatal(err)
	}
	if p, err := c.Port(ctx, "p2"); err != nil || len(p.Groups) != 0 || p.Revision != 3 {
		t.Errorf("port %+v, %v", p, err)
	}
}

func TestWriteFailures(t *testing.T) {
	f := newFake(t)
	furnish(f)
	f.groupQuota = 3
	c := f.connect(t)
	ctx := t.Context()
	rule := func(group string) error {
		_, err := c.CreateRule(ctx, cloud.SecurityGroupRule{GroupID: group, Protocol: "tcp", PortMin: 1, PortMax: 1})
		return err
	}
	cases := map[string]struct {
		do   func() error
		want cloud.Kind
		says string
	}{
		"old revision":    {func() error { return c.SetPortGroups(ctx, "p1", nil, 3) }, cloud.Stale, "current revision is 4"},
		"no such port":    {func() error { return c.SetPortGroups(ctx, "p9", nil, 0) }, cloud.NotFound, "p9 could not be found"},
		"read no port":    {func() error { _, err := c.Port(ctx, "p9"); return err }, cloud.NotFound, "could not read port p9"},
		"group quota":     {func() error { _, err := c.CreateGroup(ctx, "n", ""); return err }, cloud.Quota, "Quota exceeded"},
		"no such group":   {func() error { return rule("sg-none") }, cloud.NotFound, "does not exist"},
		"no group at all": {func() error { return rule("") }, cloud.Invalid, "SecGroupID"},
		"nameless group":  {func() error { _, err := c.CreateGroup(ctx, "", ""); return err }, cloud.Invalid, "Name"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := tc.do()
			if cloud.KindOf(err) != tc.want || err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("kind %v, want %v: %v", cloud.KindOf(err), tc.want, err)
			}
		})
	}
	if p, err := c.Port(ctx, "p1"); err != nil || p.Revision != 4 || len(p.Groups) != 2 {
		t.Errorf("a refused write changed %+v, %v", p, err)
	}
}

// A write that got 503 was not carried out: it is asked again. One that got 500 may have been.
func TestWritesAreRepeatedOnlyIfNotCarriedOut(t *testing.T) {
	for status, tries := range map[int]int{http.StatusServiceUnavailable: 2, http.StatusTooManyRequests: 2, http.StatusInternalServerError: 1, http.StatusBadGateway: 1} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			f := newFake(t)
			c := f.connect(t)
			const path = "/network/v2.0/security-groups"
			f.inject(fault{method: http.MethodPost, path: path, times: 1, status: status, header: map[string]string{"Retry-After": "0"}})
			_, err := c.CreateGroup(t.Context(), "n", "")
			if n := f.count("POST " + path); n != tries || (err == nil) != (tries == 2) {
				t.Errorf("%d tries, %v", n, err)
			}
		})
	}
}

func TestImages(t *testing.T) {
	f := newFake(t)
	f.lists["images"] = []object{
		{"id": "i1", "name": "Debian\u202e", "os_distro": "debian", "os_admin_user": "debian", "os_hidden": false},
		{"id": "i2", "name": "old", "os_hidden": true}, {"id": "i3", "name": "not asked for", "os_hidden": false},
	}
	c := f.connect(t)
	got, err := c.Images(t.Context(), []string{"i2", "i1", "", "i1", "deleted"})
	want := []cloud.Image{{ID: "i1", Name: "Debian\uFFFD", Distro: "debian", AdminUser: "debian"}, {ID: "i2", Name: "old"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || f.count("") != 2 {
		t.Errorf("%d requests, %v\n%s", f.count(""), err, diff)
	}
	if got, err = c.Images(t.Context(), nil); err != nil || got != nil || f.count("") != 2 {
		t.Errorf("nothing wanted: %v, %v", got, err)
	}
	f.fail("/image/v2/images", http.StatusForbidden, `{"message": "You are not authorized", "code": "403"}`)
	if _, err = c.Images(t.Context(), []string{"i1"}); cloud.KindOf(err) != cloud.Permission || !strings.Contains(err.Error(), "You are not authorized") {
		t.Errorf("got %v", err)
	}
}

func TestKeyPairs(t *testing.T) {
	f := newFake(t)
	c := f.connect(t)
	got, err := c.KeyPairs(t.Context())
	want := []cloud.KeyPair{{Name: "lab", Fingerprint: "aa:bb", PublicKey: "ssh-ed25519 AAAA demo "}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
