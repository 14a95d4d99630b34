package provision_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/provision"
)

func image(name, distro, version string) cloud.BootImage {
	return cloud.BootImage{Image: cloud.Image{ID: "id-" + name, Name: name, Distro: distro}, Version: version, Status: "active", Visibility: "public"}
}

// world is a project with a way out that has what a gateway needs.
func world() provision.World {
	w := provision.World{Keys: []provision.Key{{File: "~/.ssh/id_ed25519", PublicKey: "ssh-ed25519 AAAA"}}}
	w.Inventory.Networks = []cloud.Network{{ID: "lan", Name: "lan", AdminUp: true}, {ID: "out", Name: "public", External: true, AdminUp: true}}
	w.Inventory.Subnets = []cloud.Subnet{{ID: "sub", NetworkID: "lan", CIDR: netip.MustParsePrefix("10.0.0.0/24")}}
	w.Inventory.Routers = []cloud.Router{{ID: "r", Name: "router", ExternalNetwork: "out", AdminUp: true, Status: "ACTIVE"}}
	w.Inventory.Ports = []cloud.Port{{ID: "rp", NetworkID: "lan", DeviceID: "r", DeviceOwner: "network:router_interface", FixedIPs: []cloud.FixedIP{{SubnetID: "sub"}}}}
	w.Inventory.FloatingIPs = []cloud.FloatingIP{{ID: "f1", Address: netip.MustParseAddr("203.0.113.9"), NetworkID: "out"}}
	w.Material.Flavors = []cloud.Flavor{{ID: "s", Name: "small", VCPUs: 1, RAM: 1024, Disk: 10}}
	w.Material.Images = []cloud.BootImage{image("debian-12", "debian", "12")}
	w.Material.KeyPairs = []cloud.KeyPair{{Name: "mine", PublicKey: "ssh-ed25519 AAAA me@laptop"}}
	return w
}

func TestChooseImage(t *testing.T) {
	queued, community, snapshot, hidden, arm := image("debian-13", "debian", "13"), image("debian-14", "debian", "14"), image("debian-15", "debian", "15"), image("debian-16", "debian", "16"), image("debian-13-arm", "debian", "13")
	queued.Status, community.Visibility, snapshot.Snapshot, hidden.Hidden, arm.Arch = "queued", "community", true, true, "aarch64"
	newer := image("debian-12", "debian", "12")
	newer.ID, newer.Created = "id-newer", time.Now()
	for name, c := range map[string]struct {
		images []cloud.BootImage
		want   string // ID; "" is a problem
	}{
		"newest release by its date":  {[]cloud.BootImage{image("debian-12", "debian", "12"), image("ubuntu-24.04", "ubuntu", "24.04"), image("ubuntu-22.04", "ubuntu", "22.04")}, "id-ubuntu-24.04"},
		"debian 13 is newer than it":  {[]cloud.BootImage{image("ubuntu-24.04", "ubuntu", "24.04"), image("debian-13", "debian", "13")}, "id-debian-13"},
		"by name, without properties": {[]cloud.BootImage{image("Ubuntu Server 22.04 LTS", "", ""), image("Debian 11 (bullseye)", "", "")}, "id-Ubuntu Server 22.04 LTS"},
		"long support before newer":   {[]cloud.BootImage{image("ubuntu-24.10", "ubuntu", "24.10"), image("ubuntu-22.04", "ubuntu", "22.04")}, "id-ubuntu-22.04"},
		"the newest build":            {[]cloud.BootImage{image("debian-12", "debian", "12"), newer}, "id-newer"},
		"nothing special":             {[]cloud.BootImage{image("ubuntu-24.04-gpu", "ubuntu", "24.04"), image("debian-11", "debian", "11")}, "id-debian-11"},
		"nobody else's":               {[]cloud.BootImage{community, snapshot, hidden, queued, arm, image("debian-10", "debian", "10")}, "id-debian-10"},
		"none that is surely right":   {[]cloud.BootImage{community, image("rocky-9", "rocky", "9"), image("windows-2022", "windows", "2022")}, ""},
		"none":                        {nil, ""},
	} {
		w := world()
		w.Material.Images = c.images
		got := provision.Choose(w, provision.Wish{})
		if got.Image.ID != c.want || (c.want == "") != (len(got.Problems) > 0) {
			t.Errorf("%s: chose %q, problems %+v", name, got.Image.ID, got.Problems)
		}
	}
}

func TestChooseFlavor(t *testing.T) {
	needs := image("debian-12", "debian", "12")
	needs.MinRAM, needs.MinDisk, needs.VirtualSize = 2048, 5, 11<<30
	flavors := []cloud.Flavor{
		{ID: "disk-0", Name: "volume", VCPUs: 1, RAM: 4096}, {ID: "tiny", Name: "tiny", VCPUs: 1, RAM: 512, Disk: 1}, {ID: "low", Name: "low", VCPUs: 1, RAM: 2048, Disk: 10},
		{ID: "fits", Name: "fits", VCPUs: 1, RAM: 2048, Disk: 11}, {ID: "big", Name: "big", VCPUs: 8, RAM: 65536, Disk: 100}, {ID: "nano", Name: "nano", VCPUs: 1, RAM: 256, Disk: 20},
	}
	for name, c := range map[string]struct {
		image cloud.BootImage
		wish  string
		want  string
	}{
		"as the image needs":    {needs, "", "fits"},
		"an image says nothing": {image("debian-12", "debian", "12"), "", "tiny"},
		"as wished, by name":    {needs, "big", "big"},
		"too small":             {needs, "tiny", ""},
		"no such":               {needs, "huge", ""},
	} {
		w := world()
		w.Material.Images, w.Material.Flavors = []cloud.BootImage{c.image}, flavors
		got := provision.Choose(w, provision.Wish{Flavor: c.wish})
		if got.Flavor.ID != c.want || (c.want == "") != (len(got.Problems) > 0) {
			t.Errorf("%s: chose %q, %+v", name, got.Flavor.ID, got.Problems)
		}
	}
}

// A flavor that has no disk of its own is refused; where there is no other, it is said how to do without Portico.
func TestChooseFlavorWithoutDisk(t *testing.T) {
	w := world()
	volume := cloud.Flavor{ID: "disk-0", Name: "volume", VCPUs: 1, RAM: 4096}
	w.Material.Flavors = []cloud.Flavor{volume, {ID: "fits", Name: "fits", VCPUs: 2, RAM: 4096, Disk: 20}}
	got := provision.Choose(w, provision.Wish{Flavor: "volume"})
	if len(got.Problems) == 0 || !strings.Contains(got.Problems[0].Why, "no disk of its own") || !strings.Contains(got.Problems[0].Next, "fits") {
		t.Errorf("wished for, beside another one: %+v", got.Problems)
	}
	w.Material.Flavors = []cloud.Flavor{volume, {ID: "tiny", Name: "tiny", VCPUs: 1, RAM: 64}}
	got = provision.Choose(w, provision.Wish{Name: "gw-1"})
	if len(got.Problems) == 0 || !strings.Contains(got.Problems[0].Next, "--boot-from-volume 10") || !strings.Contains(got.Problems[0].Next, "--flavor volume") ||
		!strings.Contains(got.Problems[0].Next, "portico gateway prepare gw-1") {
		t.Errorf("where there is no other: %+v", got.Problems)
	}
}

// What is missing is a problem with its kind and what to do, and nothing else is.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*provision.World, *provision.Wish)
		kind   gateway.Kind
		says   string
	}{
		"no way out":    {func(w *provision.World, _ *provision.Wish) { w.Inventory.Routers[0].ExternalNetwork = "" }, gateway.NotFound, "its router router has no external gateway"},
		"no router":     {func(w *provision.World, _ *provision.Wish) { w.Inventory.Ports = nil }, gateway.NotFound, "no router leads out of it"},
		"no key at all": {func(w *provision.World, _ *provision.Wish) { w.Keys, w.Material.KeyPairs = nil, nil }, gateway.NotFound, "neither a key pair in the cloud nor a key on this machine"},
		"no address": {func(w *provision.World, _ *provision.Wish) {
			w.Inventory.FloatingIPs, w.Inventory.Quotas.FloatingIPs = nil, cloud.Limit{Used: 2, Max: 2, Known: true}
		}, gateway.Quota, "no floating IP is free"},
		"attached": {func(w *provision.World, s *provision.Wish) {
			w.Inventory.FloatingIPs[0].PortID, s.Address = "p", "203.0.113.9"
		}, gateway.Invalid, "it is attached"},
		"cores": {func(w *provision.World, _ *provision.Wish) {
			w.Material.Limits.Cores = cloud.Limit{Used: 8, Max: 8, Known: true}
		}, gateway.Quota, "8 of 8 cores"},
		"groups": {func(w *provision.World, _ *provision.Wish) {
			w.Inventory.Quotas.SecurityGroups = cloud.Limit{Used: 10, Max: 10, Known: true}
		}, gateway.Quota, "10 of 10 security groups"},
		"a name that is taken": {func(w *provision.World, s *provision.Wish) {
			w.Inventory.Instances, s.Name = []cloud.Instance{{Name: "x"}}, "x"
		}, gateway.Conflict, "called so already"},
		"a group that is there": {func(w *provision.World, s *provision.Wish) {
			w.Inventory.SecurityGroups, s.Name = []cloud.SecurityGroup{{Name: "portico-ssh-x"}}, "x"
		}, gateway.Conflict, "portico-ssh-x"},
		"no host name":  {func(_ *provision.World, s *provision.Wish) { s.Name = "x;reboot" }, gateway.Invalid, "no host name"},
		"no such group": {func(_ *provision.World, s *provision.Wish) { s.Groups = []string{"web"} }, gateway.NotFound, "no security group web"},
		"a private key": {func(_ *provision.World, s *provision.Wish) {
			s.Import = &provision.Import{PublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----"}
		}, gateway.Invalid, "those stay where they are"},
		"flavors not readable": {func(w *provision.World, _ *provision.Wish) {
			w.Material.Missing = []cloud.Missing{{Part: cloud.PartFlavors}}
		}, gateway.Permission, "cannot be read"},
		"ports not readable": {func(w *provision.World, _ *provision.Wish) { w.Inventory.Missing = []cloud.Missing{{Part: "ports"}} }, gateway.Permission, "must not be opened blindly"},
		"two images of a name": {func(w *provision.World, s *provision.Wish) {
			w.Material.Images, s.Image = append(w.Material.Images, cloud.BootImage{Image: cloud.Image{ID: "other", Name: "debian-12"}, Status: "active"}), "debian-12"
		}, gateway.Invalid, "several are called"},
	} {
		w, wish := world(), provision.Wish{}
		c.change(&w, &wish)
		got := provision.Choose(w, wish)
		if len(got.Problems) == 0 || got.Problems[0].Kind != c.kind || !strings.Contains(got.Problems[0].Why, c.says) || got.Problems[0].Next == "" {
			t.Errorf("%s: %+v", name, got.Problems)
		}
	}
	if got := provision.Choose(world(), provision.Wish{}); len(got.Problems) > 0 || got.Key != "mine" || got.KeyFile != "~/.ssh/id_ed25519" || got.Allocates() {
		t.Errorf("nothing is missing: %+v", got)
	}
}

func TestChooseKey(t *testing.T) {
	w := world()
	w.Material.KeyPairs = []cloud.KeyPair{{Name: "portico", PublicKey: "ssh-ed25519 CCCC"}}
	if c := provision.Choose(w, provision.Wish{}); c.Import == nil || c.Import.Name != "portico-2" || c.Import.PublicKey != "ssh-ed25519 AAAA" {
		t.Errorf("a key that is only here: %+v", c.Import)
	}
	w.Keys = nil
	if c := provision.Choose(w, provision.Wish{}); c.Key != "portico" || len(c.Doubts) != 1 || !strings.Contains(c.Doubts[0].Title, "not found on this machine") {
		t.Errorf("a key pair that may be in an agent: %q %+v", c.Key, c.Doubts)
	}
}

// A floating IP that somebody has described is not taken while another can be had, and only with a doubt else.
func TestChooseAddress(t *testing.T) {
	w := world()
	w.Inventory.FloatingIPs[0].Description = "for the portal"
	if c := provision.Choose(w, provision.Wish{}); !c.Allocates() {
		t.Error("it takes the portal's address")
	}
	w.Inventory.Quotas.FloatingIPs = cloud.Limit{Used: 1, Max: 1, Known: true}
	if c := provision.Choose(w, provision.Wish{}); c.Allocates() || len(c.Doubts) != 1 || !strings.Contains(c.Doubts[0].Detail, "for the portal") {
		t.Errorf("%+v", c.Doubts)
	}
}

// Whatever there is, the same world gives the same choice, what is chosen can be, and a choice without
// problems has everything.
func TestChooseHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := world()
		name := rapid.SampledFrom([]string{"debian-12", "ubuntu-24.04", "Ubuntu 22", "windows", "rocky-9", "x"})
		w.Material.Images, w.Material.Flavors = nil, nil
		for i := range rapid.IntRange(0, 5).Draw(t, "images") {
			img := image(name.Draw(t, "name"), "", "")
			img.ID, img.MinRAM, img.Status = string(rune('a'+i)), rapid.IntRange(0, 4096).Draw(t, "ram"), rapid.SampledFrom([]string{"active", "queued"}).Draw(t, "status")
			w.Material.Images = append(w.Material.Images, img)
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "flavors") {
			w.Material.Flavors = append(w.Material.Flavors, cloud.Flavor{ID: string(rune('a' + i)), Name: "f", VCPUs: rapid.IntRange(1, 9).Draw(t, "cores"), RAM: rapid.IntRange(1, 9000).Draw(t, "mib"), Disk: rapid.IntRange(0, 20).Draw(t, "disk")})
		}
		c, again := provision.Choose(w, provision.Wish{}), provision.Choose(w, provision.Wish{})
		if c.Image.ID != again.Image.ID || c.Flavor.ID != again.Flavor.ID {
			t.Fatal("another choice")
		}
		for _, f := range c.Fields {
			if o, ok := f.Option(); ok && o.No != "" {
				t.Fatalf("%s is %s, which cannot be: %s", f.Name, o.Name, o.No)
			}
		}
		if len(c.Problems) == 0 && (c.Image.ID == "" || c.Flavor.ID == "" || c.Flavor.RAM < c.Image.MinRAM || c.Network.ID == "" || c.Key == "" || c.External.ID == "") {
			t.Fatalf("not whole: %+v", c)
		}
	})
}
