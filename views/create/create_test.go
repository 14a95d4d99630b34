package create_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway/provision"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/create"
	"portico/views/viewtest"
)

// project is one with a way out, and without a gateway.
func project() views.SnapshotMsg {
	inv := viewtest.Small().Inventory
	inv.Networks = []cloud.Network{{ID: "net", Name: "lab-net", AdminUp: true}, {ID: "out", Name: "public", External: true, AdminUp: true}}
	inv.Subnets = []cloud.Subnet{{ID: "sub", NetworkID: "net", Name: "lab-v4", CIDR: netip.MustParsePrefix("192.168.0.0/24")}}
	inv.Routers = []cloud.Router{{ID: "r", Name: "router", ExternalNetwork: "out", AdminUp: true}}
	inv.Ports = append(inv.Ports, cloud.Port{ID: "rp", NetworkID: "net", DeviceID: "r", DeviceOwner: "network:router_interface", FixedIPs: []cloud.FixedIP{{SubnetID: "sub"}}})
	inv.Quotas = cloud.Quotas{SecurityGroups: cloud.Limit{Used: 3, Max: 10, Known: true}, SecurityGroupRules: cloud.Limit{Used: 20, Max: 100, Known: true}, FloatingIPs: cloud.Limit{Used: 3, Max: 50, Known: true}}
	return views.SnapshotMsg{Snapshot: publish.Snapshot{Inventory: inv}, CloudAt: viewtest.Start}
}

func material() cloud.Material {
	evil := cloud.Clean("debian-12\x1b]0;owned\a\u202e 日本語の名前はとても長い")
	return cloud.Material{
		Flavors: []cloud.Flavor{{ID: "big", Name: "de.large", VCPUs: 28, RAM: 65536, Disk: 50}, {ID: "small", Name: "de.small", VCPUs: 2, RAM: 4096, Disk: 20}, {ID: "none", Name: "volume-only", VCPUs: 1, RAM: 1024}},
		Images: []cloud.BootImage{
			{Image: cloud.Image{ID: "u", Name: "ubuntu-24.04", Distro: "ubuntu"}, Status: "active", Visibility: "public"},
			{Image: cloud.Image{ID: "d", Name: "debian-12", Distro: "debian"}, Status: "active", Visibility: "public"},
			{Image: cloud.Image{ID: "e", Name: evil, Distro: "debian"}, Status: "active", Visibility: "community"},
			{Image: cloud.Image{ID: "q", Name: "debian-13", Distro: "debian"}, Status: "queued", Visibility: "public"},
		},
		KeyPairs: []cloud.KeyPair{{Name: "laptop", PublicKey: "ssh-ed25519 AAAA"}, {Name: "colleague", PublicKey: "ssh-ed25519 BBBB"}},
		Limits:   cloud.BuildLimits{Instances: cloud.Limit{Used: 10, Max: 20, Known: true}, Cores: cloud.Limit{Used: 30, Max: 200, Known: true}, RAM: cloud.Limit{Used: 8192, Max: 1 << 20, Known: true}},
	}
}

// open is the form with what it chooses from. It returns what was asked of the console on the way.
func open(t *testing.T, m cloud.Material, err error) views.Screen {
	t.Helper()
	var s views.Screen = create.New(false)
	s, _ = s.Update(project())
	s, asked := s.Update(views.OpenCreateMsg{})
	read, ok := asked.(views.ReadMaterial)
	if !ok {
		t.Fatalf("opened, it asks for %T", asked)
	}
	s, _ = s.Update(views.MaterialMsg{Seq: read.Seq - 1, Err: fmt.Errorf("of another time")})
	s, _ = s.Update(views.MaterialMsg{Seq: read.Seq, Material: m, Err: err, Keys: []provision.Key{{File: "~/.ssh/id_ed25519", PublicKey: "ssh-ed25519 AAAA me"}}})
	return s
}

func view(s views.Screen, w, h int) string {
	return ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: viewtest.Start, Styles: themes.New(themes.Default(), true)}))
}

func press(s views.Screen, keys ...string) (views.Screen, views.Intent) {
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "down": tea.KeyDown, "up": tea.KeyUp, "left": tea.KeyLeft, "right": tea.KeyRight, "tab": tea.KeyTab}
	var intent views.Intent
	for _, k := range keys {
		msg := tea.KeyPressMsg{Code: codes[k]}
		if k == "space" {
			msg = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
		} else if codes[k] == 0 {
			msg = tea.KeyPressMsg{Code: rune(k[0]), Text: k}
		}
		s, intent = s.Update(msg)
	}
	return s, intent
}

func typed(s views.Screen, text string) views.Screen {
	for _, r := range text {
		s, _ = press(s, string(r))
	}
	return s
}

func TestView(t *testing.T) {
	none := material()
	none.Flavors, none.KeyPairs = none.Flavors[2:], nil
	states := map[string]func() views.Screen{
		"chosen": func() views.Screen { return open(t, material(), nil) },
		"asking": func() views.Screen {
			var s views.Screen = create.New(false)
			s, _ = s.Update(project())
			s, _ = s.Update(views.OpenCreateMsg{})
			return s
		},
		"problems": func() views.Screen { return open(t, none, nil) },
		"failed": func() views.Screen {
			return open(t, cloud.Material{}, &cloud.Error{Op: "list", Target: "flavors", Kind: cloud.Unreachable})
		},
		"list": func() views.Screen {
			s, _ := press(open(t, material(), nil), "space")
			return s
		},
		"wrong source": func() views.Screen {
			s, _ := press(open(t, material(), nil), "up", "up")
			return typed(s, "198.51.100.0/33")
		},
	}
	for name, state := range states {
		for _, size := range [][2]int{{80, 24}, {120, 30}, {40, 10}} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				out := view(state(), size[0], size[1])
				for i, l := range strings.Split(out, "\n") {
					if ansi.StringWidth(l) > size[0] || i >= size[1] {
						t.Errorf("line %d is too much: %q", i, l)
					}
				}
				golden.RequireEqual(t, out)
			})
		}
	}
}

// What is chosen with the keys is what is wished for.
func TestWish(t *testing.T) {
	s := open(t, material(), nil)
	s, _ = press(s, "space")
	s = typed(s, "debian-12")
	s, _ = press(s, "enter", "down", "right", "down", "down", "down", "right", "down", "right") // image, flavor, the floating IP that is meant for something, boot
	s, _ = press(s, "down")
	s = typed(s, "198.51.100.7, 203.0.113.0/24")
	s, _ = press(s, "down")
	s = typed(s, "gw-9")
	_, intent := press(s, "enter")
	made, ok := intent.(views.PlanGateway)
	if !ok {
		t.Fatalf("enter asks for %T %+v\n%s", intent, intent, view(s, 100, 24))
	}
	w := made.Wish
	if w.Name != "gw-9" || w.Image != "d" || w.Flavor != "big" || w.Boot != provision.Script || w.Address != "fip-203.0.113.77" || len(w.SSHFrom) != 2 || w.SSHFrom[0].String() != "198.51.100.7/32" {
		t.Errorf("wished %+v", w)
	}
}

// What cannot be is said, and nothing is planned; nor is anything where one only looks.
func TestRefused(t *testing.T) {
	full := material()
	full.Limits.Instances.Used = 20
	looks := open(t, material(), nil)
	m := project()
	m.ReadOnly = "your role in this project is reader"
	looks, _ = looks.Update(m)
	taken, _ := press(open(t, material(), nil), "up")
	for name, c := range map[string]struct {
		s    views.Screen
		says string
	}{
		"quota": {open(t, full, nil), "20 of 20 instances"}, "reader": {looks, "only looks"}, "name taken": {typed(taken, "gw-1"), "called so already"},
		"not read": {open(t, cloud.Material{}, fmt.Errorf("no")), "could not be read"},
	} {
		_, intent := press(c.s, "enter")
		if tell, ok := intent.(views.Tell); !ok || !strings.Contains(tell.Text, c.says) {
			t.Errorf("%s: %T %+v", name, intent, intent)
		}
	}
	if _, intent := press(open(t, material(), nil), "esc"); intent != (views.Back{}) {
		t.Errorf("esc: %T", intent)
	}
	s, _ := press(open(t, material(), nil), "space")
	if s, intent := press(s, "esc"); intent != nil || s.(views.Typing).Typing() {
		t.Error("esc does not close the list alone")
	}
}
