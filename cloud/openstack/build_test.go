package openstack_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
)

// site is a project in which something can be made.
type site struct {
	*emulator.Cloud
	client         *openstack.Client
	image, flavor  string
	network, lan   string
	group, keyText string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{keyText: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a@b"}
	var err error
	if s.Cloud, err = emulator.Start(emulator.Config{Project: "one"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	err = s.Fill(func(m *emulator.Model) {
		s.image, s.flavor = m.AddImage("debian-12", map[string]string{"os_distro": "debian", "os_version": "12"}), m.AddFlavor("small", 2, 1024, 10)
		m.AddFlavor("volume", 1, 512, 0)
		m.SetImageNeeds(s.image, 512, 3)
		s.network = m.AddNetwork(emulator.NetworkSpec{Name: "lan"})
		s.lan = m.AddSubnet(emulator.SubnetSpec{Name: "lan-v4", Network: s.network, CIDR: netip.MustParsePrefix("192.168.0.0/29")})
		s.group = m.DefaultGroup()
		m.AddKeyPair("mine", s.keyText)
	})
	if err != nil {
		t.Fatal(err)
	}
	variables(t, s.Env())
	s.client = connect(t, openstack.Options{})
	return s
}

func (s *site) port(ctx context.Context, addr string) (cloud.Port, error) {
	p := cloud.NewPort{Name: "gw", Description: "mark", NetworkID: s.network, SubnetID: s.lan, Groups: []string{s.group}}
	if addr != "" {
		p.Addr = netip.MustParseAddr(addr)
	}
	return s.client.CreatePort(ctx, p)
}

func (s *site) instance(ctx context.Context, port string) (string, error) {
	return s.client.CreateInstance(ctx, cloud.NewInstance{
		Name: "gw.1", ImageID: s.image, FlavorID: s.flavor, PortID: port, KeyName: "mine", UserData: []byte("#!/bin/sh\n"), Metadata: map[string]string{"portico": "gateway"},
	})
}

// What is made is found again by what it was marked with, and deleting it is no error twice.
func TestBuildLife(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	p, err := s.port(ctx, "192.168.0.5")
	if err != nil || p.ID == "" || len(p.FixedIPs) != 1 || p.FixedIPs[0].Addr.String() != "192.168.0.5" || !slices.Equal(p.Groups, []string{s.group}) || p.DeviceID != "" {
		t.Fatalf("port %+v, %v", p, err)
	}
	if found, err := s.client.PortsDescribed(ctx, "mark"); err != nil || len(found) != 1 || found[0].ID != p.ID {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err := s.client.PortsDescribed(ctx, "mar"); err != nil || len(found) != 0 {
		t.Errorf("another description: %+v, %v", found, err)
	}
	s.instanceLife(t, p.ID)
	s.keyLife(t)
}

func (s *site) instanceLife(t *testing.T, port string) {
	t.Helper()
	ctx := t.Context()
	id, err := s.instance(ctx, port)
	if err != nil || id == "" {
		t.Fatal(err)
	}
	i, err := s.client.Instance(ctx, id)
	if err != nil || i.Name != "gw.1" || i.ImageID != s.image || i.KeyName != "mine" || i.Metadata["portico"] != "gateway" {
		t.Errorf("instance %+v, %v", i, err)
	}
	for name, want := range map[string]int{"gw.1": 1, "gw-1": 0, "gw": 0, "GW.1": 0} { // a name is no pattern
		if found, err := s.client.InstancesNamed(ctx, name); err != nil || len(found) != want {
			t.Errorf("%s: %d instances, want %d, %v", name, len(found), want, err)
		}
	}
	for range 2 {
		if err := s.client.DeleteInstance(ctx, id); err != nil {
			t.Error(err)
		}
		if err := s.client.DeletePort(ctx, port); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.client.Instance(ctx, id); cloud.KindOf(err) != cloud.NotFound {
		t.Errorf("it is still there: %v", err)
	}
}

func (s *site) keyLife(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if err := s.client.ImportKeyPair(ctx, "other", s.keyText); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.client.KeyPairs(ctx); err != nil || len(keys) != 2 {
		t.Errorf("key pairs %+v, %v", keys, err)
	}
	if err := s.client.ImportKeyPair(ctx, "other", s.keyText); cloud.KindOf(err) != cloud.Conflict {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := s.client.ImportKeyPair(ctx, "made", ""); cloud.KindOf(err) != cloud.Invalid {
		t.Errorf("without a key Nova would make one, and send its private half: %v", err)
	}
	for range 2 {
		if err := s.client.DeleteKeyPair(ctx, "other"); err != nil {
			t.Error(err)
		}
	}
}

// What the cloud refuses is an error that says which it was, and nothing was made.
func TestBuildRefused(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	if _, err := s.port(ctx, "192.168.0.5"); err != nil {
		t.Fatal(err)
	}
	mark := s.Mark()
	for name, tc := range map[string]struct {
		do   func() error
		want cloud.Kind
	}{
		"an address that somebody has": {func() error { _, err := s.port(ctx, "192.168.0.5"); return err }, cloud.Conflict},
		"no such network": {func() error {
			_, err := s.client.CreatePort(ctx, cloud.NewPort{Name: "x", NetworkID: "none"})
			return err
		}, cloud.NotFound},
		"no such port":     {func() error { _, err := s.instance(ctx, "none"); return err }, cloud.Invalid},
		"no such instance": {func() error { _, err := s.client.Instance(ctx, "none"); return err }, cloud.NotFound},
	} {
		if err := tc.do(); cloud.KindOf(err) != tc.want {
			t.Errorf("%s: %v of kind %v, want %v", name, err, cloud.KindOf(err), tc.want)
		}
	}
	if writes := s.WritesSince(mark); len(writes) != 3 {
		t.Errorf("what was refused was asked again: %v", writes)
	}
}

// Each request fails in each way: the error has its kind, and what was not carried out alone is asked again.
func TestBuildRequestsFail(t *testing.T) {
	requests := map[string]struct {
		method, path string
		do           func(ctx context.Context, s *site) error
	}{
		"create port":     {http.MethodPost, "/network/v2.0/ports", func(ctx context.Context, s *site) error { _, err := s.port(ctx, ""); return err }},
		"find ports":      {http.MethodGet, "/network/v2.0/ports", func(ctx context.Context, s *site) error { _, err := s.client.PortsDescribed(ctx, "mark"); return err }},
		"delete port":     {http.MethodDelete, "/network/v2.0/ports", func(ctx context.Context, s *site) error { return s.client.DeletePort(ctx, "p") }},
		"create instance": {http.MethodPost, "/compute/v2.1/servers", func(ctx context.Context, s *site) error { _, err := s.instance(ctx, "p"); return err }},
		"find instances":  {http.MethodGet, "/compute/v2.1/servers", func(ctx context.Context, s *site) error { _, err := s.client.InstancesNamed(ctx, "gw"); return err }},
		"read instance":   {http.MethodGet, "/compute/v2.1/servers", func(ctx context.Context, s *site) error { _, err := s.client.Instance(ctx, "i"); return err }},
		"delete instance": {http.MethodDelete, "/compute/v2.1/servers", func(ctx context.Context, s *site) error { return s.client.DeleteInstance(ctx, "i") }},
		"import key":      {http.MethodPost, "/compute/v2.1/os-keypairs", func(ctx context.Context, s *site) error { return s.client.ImportKeyPair(ctx, "k", s.keyText) }},
		"delete key":      {http.MethodDelete, "/compute/v2.1/os-keypairs", func(ctx context.Context, s *site) error { return s.client.DeleteKeyPair(ctx, "k") }},
	}
	for name, r := range requests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for _, way := range []struct {
				fault emulator.Fault
				want  cloud.Kind
				again bool // it may be asked more than once
			}{
				{emulator.Fault{Status: http.StatusUnauthorized}, cloud.Auth, true},
				{emulator.Fault{Status: http.StatusForbidden}, cloud.Permission, false},
				{emulator.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"0"}}}, cloud.Transient, true},
				{emulator.Fault{Status: http.StatusInternalServerError}, cloud.Internal, r.method != http.MethodPost},
				{emulator.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}}, cloud.Transient, true},
				{emulator.Fault{Drop: true}, cloud.Unreachable, r.method != http.MethodPost},
			} {
				way.fault.Match, way.fault.Times = emulator.PathPrefix(r.method, r.path), -1
				s.Inject(way.fault)
				mark := len(s.Requests())
				err := r.do(t.Context(), s)
				asked := len(slices.DeleteFunc(s.Requests()[mark:], func(l string) bool { return !strings.HasPrefix(l, r.method+" "+r.path) }))
				s.Heal()
				what := fmt.Sprintf("%d, dropped %t", way.fault.Status, way.fault.Drop)
				if cloud.KindOf(err) != way.want || err == nil {
					t.Errorf("%s: %v of kind %v, want %v", what, err, cloud.KindOf(err), way.want)
				}
				if asked == 0 || asked > 1 && !way.again {
					t.Errorf("%s: asked %d times", what, asked)
				}
			}
		})
	}
}

// What the material has is what the cloud says.
func TestMaterial(t *testing.T) {
	s := newSite(t)
	m, err := s.client.Material(t.Context())
	if err != nil || len(m.Missing) > 0 {
		t.Fatal(err, m.Missing)
	}
	if m.Limits.KeyPairs.Used != len(m.KeyPairs) || len(m.KeyPairs) != 1 {
		t.Errorf("key pairs %+v", m.KeyPairs)
	}
	if len(m.Flavors) != 2 || !slices.Contains(m.Flavors, cloud.Flavor{ID: s.flavor, Name: "small", VCPUs: 2, RAM: 1024, Disk: 10}) {
		t.Errorf("flavors %+v", m.Flavors)
	}
	i := m.Images[0]
	if got, want := fmt.Sprint(len(m.Images), i.Version, i.MinRAM, i.MinDisk, i.Status), fmt.Sprint(1, "12", 512, 3, "active"); got != want {
		t.Errorf("images %s, want %s", got, want)
	}
	for what, l := range map[string]cloud.Limit{"instances": m.Limits.Instances, "cores": m.Limits.Cores, "RAM": m.Limits.RAM, "ports": m.Limits.Ports} {
		if !l.Known {
			t.Errorf("the limit of %s is not known", what)
		}
	}
}

// Each part that cannot be read is named beside the others; no answer fails the whole.
func TestMaterialMissing(t *testing.T) {
	s := newSite(t)
	parts := map[string]string{
		cloud.PartFlavors: "/compute/v2.1/flavors", cloud.PartImages: "/image/v2/images", cloud.PartKeyPairs: "/compute/v2.1/os-keypairs",
		cloud.PartInstLimits: "/compute/v2.1/limits", cloud.PartPortLimit: "/network/v2.0/quotas",
	}
	for part, path := range parts {
		for status, want := range map[int]cloud.Kind{http.StatusForbidden: cloud.Permission, http.StatusInternalServerError: cloud.Internal, http.StatusNotFound: cloud.NotFound} {
			s.Fail(emulator.PathPrefix("", path), status, nil, -1)
			m, err := s.client.Material(t.Context())
			s.Heal()
			if err != nil || len(m.Missing) != 1 || m.Missing[0].Part != part || cloud.KindOf(m.Missing[0].Err) != want || !m.Unknown(part) {
				t.Errorf("%s, %d: %v, missing %+v", part, status, err, m.Missing)
			}
		}
		s.Inject(emulator.Fault{Match: emulator.PathPrefix("", path), Drop: true, Times: -1})
		if _, err := s.client.Material(t.Context()); cloud.KindOf(err) != cloud.Unreachable {
			t.Errorf("%s, no answer: %v", part, err)
		}
		s.Heal()
	}
}
