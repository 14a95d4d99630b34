package publish

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
)

// shelf is a cloud that only has images and key pairs.
type shelf struct {
	images []cloud.Image
	pairs  []cloud.KeyPair
	err    error
	calls  int

	consoles map[string]string // by instance ID
}

func (s *shelf) Inventory(context.Context) (cloud.Inventory, error) { return cloud.Inventory{}, s.err }

func (s *shelf) Images(_ context.Context, ids []string) ([]cloud.Image, error) {
	s.calls++
	var out []cloud.Image
	for _, i := range s.images {
		for _, id := range ids {
			if i.ID == id {
				out = append(out, i)
			}
		}
	}
	return out, s.err
}

func (s *shelf) KeyPairs(context.Context) ([]cloud.KeyPair, error) {
	s.calls++
	return s.pairs, s.err
}

func TestLogins(t *testing.T) {
	s := &shelf{
		images: []cloud.Image{
			{ID: "prop", Name: "debian-12", Distro: "debian", AdminUser: "admin"},
			{ID: "distro", Name: "golden", Distro: "Ubuntu"},
			{ID: "name", Name: "Rocky-9-GenericCloud"},
			{ID: "plain", Name: "mystery"},
			{ID: "evil", Name: "mystery", AdminUser: "-oProxyCommand=reboot"},
			{ID: "mapped", Name: "house-image", Distro: "debian"},
		},
		pairs: []cloud.KeyPair{{Name: "mine", PublicKey: "ssh-ed25519 AAAAmine me@laptop"}, {Name: "other", PublicKey: "ssh-ed25519 AAAAother"}},
	}
	p := New(s, nil, nil, nil, Options{
		Login: LoginRules{ByImage: map[string]string{"house-image": "builder"}, Default: "cloud"},
		Identities: func() []Identity {
			return []Identity{{File: "~/.ssh/mg", PublicKey: "ssh-ed25519 AAAAmine another-comment"}}
		},
	})
	inv := cloud.Inventory{Instances: []cloud.Instance{
		{ID: "1", ImageID: "prop", KeyName: "mine"}, {ID: "2", ImageID: "distro", KeyName: "other"}, {ID: "3", ImageID: "name"},
		{ID: "4", ImageID: "plain"}, {ID: "5", ImageID: "mapped"}, {ID: "6"}, {ID: "7", ImageID: "evil"},
	}}
	want := map[string]Login{
		"1": {User: "admin", UserFrom: "image property os_admin_user", KeyName: "mine", KeyFile: "~/.ssh/mg"},
		"2": {User: "ubuntu", UserFrom: "os_distro Ubuntu", KeyName: "other"},
		"3": {User: "rocky", UserFrom: "image Rocky-9-GenericCloud"},
		"4": {User: "cloud", UserFrom: "config"},
		"5": {User: "builder", UserFrom: "config"},
		"6": {User: "cloud", UserFrom: "config"},
		"7": {User: "cloud", UserFrom: "config"},
	}
	got, err := p.Logins(context.Background(), inv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.calls != 2 {
		t.Errorf("%d calls for %d instances", s.calls, len(inv.Instances))
	}
	s.images, s.err = nil, errors.New("no right to see images")
	if got, err := p.Logins(context.Background(), inv); err == nil || got["4"].User != "cloud" {
		t.Errorf("without images: %v, %v", got["4"], err)
	}
}

func TestSSHCommand(t *testing.T) {
	forward := func(port uint16) gateway.Forward {
		return gateway.Forward{Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), port)}
	}
	tests := map[string]struct {
		f     gateway.Forward
		login Login
		want  string
	}{
		"all":          {forward(30011), Login{User: "debian", KeyFile: "~/.ssh/mg"}, "ssh -p 30011 -i ~/.ssh/mg debian@203.0.113.10"},
		"port 22":      {forward(22), Login{User: "debian"}, "ssh debian@203.0.113.10"},
		"nothing":      {forward(30011), Login{}, "ssh -p 30011 203.0.113.10"},
		"odd key file": {forward(22), Login{KeyFile: "~/.ssh/my key;rm"}, "ssh -i ~/'.ssh/my key;rm' 203.0.113.10"},
		"odd user":     {forward(22), Login{User: "$(reboot)"}, "ssh '$(reboot)@203.0.113.10'"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := SSHCommand(tt.f, tt.login); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRows(t *testing.T) {
	p := testPublisher(t)
	s := snapshotWith(t, p, []gateway.Forward{testForward(alphaID, "192.168.0.11:22", "ssh", 30011)})
	var reach []string
	for _, r := range Rows(s) {
		f, ok := SSHForward(r)
		line := r.Instance.Name
		if ok {
			line += " " + f.Public.String()
		}
		reach = append(reach, line)
	}
	want := []string{"alpha 203.0.113.10:30011", "bare", "beta", "gw-1 203.0.113.10:22", "twin", "twin"}
	if diff := cmp.Diff(want, reach); diff != "" {
		t.Error(diff)
	}
	fips := FloatingIPRows(s)
	if len(fips) != 2 || fips[0].Attached != "gw-1" || !fips[0].Gateway || fips[0].Carries != 1 || fips[0].Free() || !fips[1].Free() {
		t.Errorf("floating IPs: %+v", fips)
	}
}
