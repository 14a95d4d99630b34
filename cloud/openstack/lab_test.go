//go:build lab

package openstack_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portico/cloud"
	"portico/cloud/openstack"
)

func requireLab(t *testing.T) {
	t.Helper()
	if os.Getenv("PORTICO_LAB") != "1" {
		t.Skip("needs the OpenStack lab: set PORTICO_LAB=1 and run inside it")
	}
}

// labClient connects to a cloud of the lab's clouds.yaml. The buffer gets a line a request.
func labClient(t *testing.T, name string) (*openstack.Client, *bytes.Buffer) {
	t.Helper()
	var trace bytes.Buffer
	c, err := openstack.Connect(t.Context(), openstack.Options{Cloud: name, Debug: &trace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &trace
}

// requests counts those in a trace.
func requests(trace fmt.Stringer) int {
	text := trace.String()
	return strings.Count(text, "Z GET ") + strings.Count(text, "Z POST ")
}

func labInventory(t *testing.T, name string) cloud.Inventory {
	t.Helper()
	c, trace := labClient(t, name)
	t.Logf("%s: connecting took %d requests", name, requests(trace))
	for range 3 {
		trace.Reset()
		start := time.Now()
		inv, err := c.Inventory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: inventory of %d instances: %s, %d requests", name, len(inv.Instances),
			time.Since(start).Round(time.Millisecond), requests(trace))
		if len(inv.Missing) > 0 {
			t.Errorf("missing: %v", inv.Missing)
		}
	}
	t.Log("\n" + trace.String())
	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// Other tests may work in the lab at the same time, so only what they leave alone is compared.
func TestLabInventory(t *testing.T) {
	requireLab(t)
	byPassword, byCredential := labInventory(t, "demo"), labInventory(t, "demo-app")
	for _, inv := range []cloud.Inventory{byPassword, byCredential} {
		checkVM(t, &inv, "gw", true)
		checkVM(t, &inv, "vm2", false)
		if q := inv.Quotas; !q.SecurityGroups.Known || !q.SecurityGroupRules.Known || !q.FloatingIPs.Known {
			t.Errorf("quotas unknown: %+v", q)
		}
	}
	ignore := cmpopts.IgnoreFields(cloud.Inventory{}, "At", "Identity.Cloud", "Identity.Bound", "Instances", "Ports", "FloatingIPs", "SecurityGroups", "Quotas")
	compare := cmp.Options{ignore, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}
	if diff := cmp.Diff(byPassword, byCredential, compare); diff != "" {
		t.Errorf("password and application credential see different things:\n%s", diff)
	}
	if byPassword.Identity.Bound || !byCredential.Identity.Bound {
		t.Error("it is the application credential that is bound to one project")
	}
	for _, name := range []string{"gw", "vm2"} {
		a, b := vm(t, &byPassword, name), vm(t, &byCredential, name)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s differs:\n%s", name, diff)
		}
	}
}

func vm(t *testing.T, inv *cloud.Inventory, name string) cloud.Instance {
	t.Helper()
	i := slices.IndexFunc(inv.Instances, func(i cloud.Instance) bool { return i.Name == name })
	if i < 0 {
		t.Fatalf("no instance %s in %v", name, inv.Instances)
	}
	return inv.Instances[i]
}

func checkVM(t *testing.T, inv *cloud.Inventory, name string, public bool) {
	t.Helper()
	i := vm(t, inv, name)
	if slices.Contains([]string{i.Flavor, i.ImageID, i.KeyName}, "") || i.VCPUs*i.RAM == 0 || i.Created.IsZero() {
		t.Errorf("%s is incomplete: %+v", name, i)
	}
	ports := inv.InstancePorts(i.ID)
	if len(ports) != 1 || len(ports[0].FixedIPs) != 1 || !ports[0].PortSecurity || ports[0].Revision == 0 {
		t.Fatalf("%s has ports %+v", name, ports)
	}
	if _, ok := inv.Subnet(ports[0].FixedIPs[0].SubnetID); !ok {
		t.Errorf("the subnet of %s is not listed", name)
	}
	if slices.ContainsFunc(ports[0].Groups, func(id string) bool { _, ok := inv.Group(id); return !ok }) {
		t.Errorf("a security group of %s is not listed: %v", name, ports[0].Groups)
	}
	if fips := inv.FloatingIPsOf(ports); public && (len(fips) == 0 || !fips[0].Address.IsValid()) {
		t.Errorf("%s has no floating IP", name)
	}
}

// An administrator's token sees all projects, another project's user none of ours.
func TestLabProjectsAreSeparate(t *testing.T) {
	requireLab(t)
	demo, _ := labClient(t, "demo")
	ours, err := demo.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"admin", "other"} {
		c, _ := labClient(t, name)
		inv, err := c.Inventory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range inv.Networks {
			if n.Name == "lan" {
				t.Errorf("%s: network lan of demo is listed", name)
			}
		}
		for _, g := range inv.SecurityGroups {
			if _, ok := ours.Group(g.ID); ok {
				t.Errorf("%s: security group %s of demo is listed", name, g.Name)
			}
		}
		if !slices.ContainsFunc(inv.Networks, func(n cloud.Network) bool { return n.External }) {
			t.Errorf("%s: the external network is not listed", name)
		}
		if len(inv.Instances)+len(inv.Ports)+len(inv.FloatingIPs)+len(inv.Routers) > 0 {
			t.Errorf("%s: %d instances, %d ports, %d floating IPs, %d routers", name, len(inv.Instances), len(inv.Ports), len(inv.FloatingIPs), len(inv.Routers))
		}
	}
}

func TestLabImagesAndKeyPairs(t *testing.T) {
	requireLab(t)
	c, _ := labClient(t, "demo")
	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, i := range inv.Instances {
		ids = append(ids, i.ImageID)
	}
	images, err := c.Images(t.Context(), ids)
	if err != nil || len(images) == 0 || images[0].Name == "" {
		t.Errorf("images %+v, %v", images, err)
	}
	keys, err := c.KeyPairs(t.Context())
	if err != nil || !slices.ContainsFunc(keys, func(k cloud.KeyPair) bool { return k.Name == "lab" && strings.HasPrefix(k.PublicKey, "ssh-") }) {
		t.Errorf("key pairs %+v, %v", keys, err)
	}
	t.Logf("images %+v", images)
}

func TestLabFailures(t *testing.T) {
	requireLab(t)
	write := func(t *testing.T, url, password string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "clouds.yaml")
		text := "clouds:\n  broken:\n    region_name: RegionOne\n    auth: {auth_url: '" + url + "', username: demo, password: '" + password +
			"', project_name: demo, user_domain_name: Default, project_domain_name: Default}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("OS_CLIENT_CONFIG_FILE", file)
	}
	cases := map[string]struct {
		url, password string
		want          cloud.Kind
	}{
		"wrong password":    {"http://127.0.0.1:5000/v3", "not-the-password", cloud.Auth},
		"connection closed": {"http://127.0.0.1:9/v3", "lab", cloud.Unreachable},
		"no such path":      {"http://127.0.0.1:5000/nothing/v3", "lab", cloud.Invalid},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			write(t, tc.url, tc.password)
			_, err := openstack.Connect(t.Context(), openstack.Options{Cloud: "broken", Timeout: 5 * time.Second})
			if cloud.KindOf(err) != tc.want {
				t.Errorf("kind %v, want %v: %v", cloud.KindOf(err), tc.want, err)
			}
			if err != nil && strings.Contains(err.Error(), "not-the-password") {
				t.Errorf("the password is in the text: %v", err)
			}
			t.Logf("%+v", cloud.Explain(err))
		})
	}
}

// The whole life of a security group on the port of vm2, and back to what it was.
func TestLabSecurityGroups(t *testing.T) {
	requireLab(t)
	c, _ := labClient(t, "demo")
	ctx := t.Context()
	inv, err := c.Inventory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(inv.Instances, func(i cloud.Instance) bool { return i.Name == "vm2" })
	port := inv.InstancePorts(inv.Instances[i].ID)[0]
	before := port.Groups

	group, err := c.CreateGroup(ctx, "portico-lab-adapter", "portico adapter test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { restore(t, c, port.ID, before, group.ID) })
	if len(group.Rules) == 0 {
		t.Error("the new group has no egress rules")
	}
	want := cloud.SecurityGroupRule{
		GroupID: group.ID, Direction: "ingress", EtherType: "IPv4", Protocol: "tcp", PortMin: 30011, PortMax: 30013,
		RemotePrefix: netip.MustParsePrefix("198.51.100.0/24"), Description: "portico adapter test",
	}
	made, err := c.CreateRule(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateRule(ctx, want); cloud.KindOf(err) != cloud.Conflict {
		t.Errorf("the same rule again: %v", err)
	}
	setAndRead(t, c, port.ID, append(slices.Clone(before), group.ID), made)
	if err := c.DeleteGroup(ctx, group.ID, 0); cloud.KindOf(err) != cloud.Conflict {
		t.Errorf("deleting a group in use: %v", err)
	}
	spare, err := c.CreateGroup(ctx, "portico-lab-spare", "portico adapter test")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteGroup(ctx, spare.ID, spare.Revision+1); cloud.KindOf(err) != cloud.Stale {
		t.Errorf("deleting a group of another revision: %v", err)
	}
	if err := c.DeleteGroup(ctx, spare.ID, spare.Revision); err != nil {
		t.Errorf("deleting a group of this revision: %v", err)
	}
	for range 2 {
		if err := c.DeleteRule(ctx, made.ID); err != nil {
			t.Errorf("deleting the rule: %v", err)
		}
	}
}

// setAndRead changes the port's groups under its revision, sees the change, and is refused with
// the revision that was.
func setAndRead(t *testing.T, c *openstack.Client, portID string, groups []string, rule cloud.SecurityGroupRule) {
	t.Helper()
	port, err := c.Port(t.Context(), portID)
	if err != nil || port.Revision == 0 {
		t.Fatalf("port %+v, %v", port, err)
	}
	if err := c.SetPortGroups(t.Context(), portID, groups, port.Revision); err != nil {
		t.Fatal(err)
	}
	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(inv.Ports, func(p cloud.Port) bool { return p.ID == portID })
	if i < 0 || !slices.Equal(sorted(inv.Ports[i].Groups), sorted(groups)) {
		t.Errorf("the port does not carry %v", groups)
	}
	g, _ := inv.Group(rule.GroupID)
	if !slices.Contains(g.Rules, rule) {
		t.Errorf("rule %+v is not in %+v", rule, g)
	}
	err = c.SetPortGroups(t.Context(), portID, port.Groups, port.Revision)
	if cloud.KindOf(err) != cloud.Stale {
		t.Errorf("with an old revision: %v", err)
	}
	t.Logf("%+v", cloud.Explain(err))
}

func restore(t *testing.T, c *openstack.Client, portID string, groups []string, groupID string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.SetPortGroups(ctx, portID, groups, 0); err != nil {
		t.Errorf("restoring the port: %v", err)
	}
	for range 2 {
		if err := c.DeleteGroup(ctx, groupID, 0); err != nil {
			t.Errorf("deleting the group: %v", err)
		}
	}
	port, err := c.Port(ctx, portID)
	if err != nil || !slices.Equal(sorted(port.Groups), sorted(groups)) {
		t.Errorf("the port has %v, %v; want %v", port.Groups, err, groups)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
