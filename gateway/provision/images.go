package provision

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// family is a distribution whose cloud images are known to do what a gateway needs: cloud-init, sudo and
// iptables from its own packages.
type family struct {
	word   string
	rank   int                        // lower is taken first
	dated  func(v float64) float64    // the year a version came out
	stable func(version float64) bool // is it supported for years?
}

// families are the distributions that are chosen by themselves, or at least known.
var families = []family{
	{"debian", 0, func(v float64) float64 { return 2023.45 + 2*(v-12) }, func(v float64) bool { return v >= 10 && v < 30 }},
	{"ubuntu", 0, func(v float64) float64 { return 2000 + float64(int(v)) + (v-float64(int(v)))/0.12 }, isLTS},
	{"rocky", 1, nil, nil}, {"almalinux", 1, nil, nil}, {"alma", 1, nil, nil}, {"centos", 2, nil, nil}, {"rhel", 2, nil, nil}, {"fedora", 3, nil, nil}, {"opensuse", 3, nil, nil},
}

// isLTS reports whether a version of Ubuntu is one with long support: 24.04, not 24.10 nor 23.04.
func isLTS(v float64) bool {
	year := int(v)
	return year%2 == 0 && v-float64(year) < 0.05
}

// special are words in an image's name that say that it is made for something else.
var special = []string{"gpu", "cuda", "k8s", "kube", "desktop", "docker", "hpc", "slurm", "arm64", "aarch64", "windows", "jupyter", "rstudio", "backup"}

// known is what an image is told to be.
type known struct {
	cloud.BootImage
	family  *family
	version float64
}

var number = regexp.MustCompile(`\d+(\.\d+)?`)

// look works out what an image is, by its properties, else by its name.
func look(i cloud.BootImage) known {
	k := known{BootImage: i}
	name := strings.ToLower(i.Name)
	for n := range families {
		if strings.EqualFold(i.Distro, families[n].word) || i.Distro == "" && strings.Contains(name, families[n].word) {
			k.family = &families[n]
			break
		}
	}
	if k.family == nil {
		return k
	}
	text := i.Version
	if text == "" {
		_, text, _ = strings.Cut(name, k.family.word)
	}
	k.version, _ = strconv.ParseFloat(number.FindString(text), 64)
	return k
}

// unfit is why an image cannot be booted as a gateway; "" when it can.
func (k known) unfit() string {
	switch {
	case k.Status != "" && k.Status != "active":
		return "its status is " + k.Status
	case k.DiskFormat == "iso":
		return "it is an installation medium"
	case strings.Contains(strings.ToLower(k.Name+k.Distro), "windows"):
		return "it is not Linux"
	}
	return ""
}

// common reports whether an image is one that can be taken without being asked for: the cloud's own, of a
// distribution that is known and supported, and for nothing special.
func (k known) common() bool {
	name := strings.ToLower(k.Name)
	return k.family != nil && k.family.rank == 0 && k.family.stable(k.version) && k.Visibility != "community" && k.Visibility != "shared" && !k.Snapshot &&
		!slices.ContainsFunc(special, func(w string) bool { return strings.Contains(name, w) }) && (k.Arch == "" || k.Arch == "x86_64")
}

// better orders images: those that can be, common ones first, the newest release, the plainest name, the newest build.
func better(a, b known) int {
	flag := func(x bool) int { return map[bool]int{true: 0, false: 1}[x] }
	rank := func(k known) int {
		if k.family == nil {
			return 9
		}
		return k.family.rank
	}
	year := func(k known) float64 {
		if k.family == nil || k.family.dated == nil {
			return k.version
		}
		return k.family.dated(k.version)
	}
	return cmp.Or(
		cmp.Compare(flag(a.unfit() == ""), flag(b.unfit() == "")), cmp.Compare(flag(a.common()), flag(b.common())), cmp.Compare(rank(a), rank(b)),
		cmp.Compare(year(b), year(a)), cmp.Compare(len(a.Name), len(b.Name)), b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}

func (x *chooser) image() {
	m := x.w.Material
	if m.Unknown(cloud.PartImages) {
		x.c.Fields = append(x.c.Fields, Field{Name: FieldImage, Chosen: -1})
		x.problem(FieldImage, gateway.Permission, "the images cannot be read", "ask the project's administrator for the right to list images")
		return
	}
	list := make([]known, 0, len(m.Images))
	for _, i := range m.Images {
		if !i.Hidden {
			list = append(list, look(i))
		}
	}
	slices.SortFunc(list, better)
	f := Field{Name: FieldImage}
	for _, k := range list {
		f.Options = append(f.Options, Option{ID: k.ID, Name: k.Name, Detail: k.detail(), No: k.unfit()})
	}
	if x.wish.Image == "" && (len(list) == 0 || !list[0].common() || list[0].unfit() != "") {
		f.Chosen = -1
		x.c.Fields = append(x.c.Fields, f)
		x.problem(FieldImage, gateway.NotFound, "no image is surely a Debian or Ubuntu of the cloud's own", "choose one with cloud-init and iptables: --image "+names(f.Options))
		return
	}
	why := "the newest Debian or Ubuntu"
	o, ok := x.pick(f, x.wish.Image, why)
	if !ok {
		return
	}
	i := slices.IndexFunc(list, func(k known) bool { return k.ID == o.ID })
	x.c.Image = list[i].BootImage
	if list[i].family == nil {
		x.doubt("whether "+o.Name+" is fit for a gateway is not known", "it needs cloud-init, sudo, iptables and systemd; its properties do not say what it is")
	}
}

func (k known) detail() string {
	var parts []string
	if k.Distro != "" {
		parts = append(parts, strings.TrimSpace(k.Distro+" "+k.Version))
	}
	if k.Visibility != "" && k.Visibility != "public" {
		parts = append(parts, k.Visibility)
	}
	if k.Snapshot {
		parts = append(parts, "a snapshot")
	}
	if k.MinRAM > 0 || k.MinDisk > 0 {
		parts = append(parts, fmt.Sprintf("needs %s, %d GB", mib(k.MinRAM), k.MinDisk))
	}
	return strings.Join(parts, ", ")
}

// mib is an amount of memory in words.
func mib(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return fmt.Sprintf("%d GiB", n/1024)
	}
	return fmt.Sprintf("%d MiB", n)
}
