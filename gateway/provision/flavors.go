package provision

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// leastRAM is what a gateway should have, in MiB: forwards live in the kernel and need next to nothing.
const leastRAM = 512

func (x *chooser) flavor() {
	m := x.w.Material
	if m.Unknown(cloud.PartFlavors) {
		x.c.Fields = append(x.c.Fields, Field{Name: FieldFlavor, Chosen: -1})
		x.problem(FieldFlavor, gateway.Permission, "the flavors cannot be read", "ask the project's administrator for the right to list flavors")
		return
	}
	list := slices.Clone(m.Flavors)
	flag := func(no string) int { return min(len(no), 1) }
	slices.SortFunc(list, func(a, b cloud.Flavor) int {
		return cmp.Or(cmp.Compare(flag(x.small(a)), flag(x.small(b))), cmp.Compare(a.VCPUs, b.VCPUs), cmp.Compare(a.RAM, b.RAM), cmp.Compare(a.Disk, b.Disk), strings.Compare(a.Name, b.Name))
	})
	f := Field{Name: FieldFlavor}
	for _, v := range list {
		f.Options = append(f.Options, Option{ID: v.ID, Name: v.Name, Detail: sizes(v), No: x.small(v)})
	}
	why := "the smallest that has room for the image"
	o, ok := x.pick(f, x.wish.Flavor, why)
	if !ok {
		if x.wish.Flavor == "" {
			x.problem(FieldFlavor, gateway.NotFound, "no flavor has room for a gateway", x.otherwise(list, f.Options))
		}
		return
	}
	x.c.Flavor = list[slices.IndexFunc(list, func(v cloud.Flavor) bool { return v.ID == o.ID })]
}

// otherwise is what to do where no flavor can be. One without a disk can start from a volume, which is made by
// hand.
func (x *chooser) otherwise(list []cloud.Flavor, options []Option) string {
	for _, v := range list {
		if v.Disk == 0 && x.narrow(v) == "" {
			disk := strconv.Itoa(max(x.need(), leastVolume))
			return "flavor " + v.Name + " has no disk of its own: make the instance from a volume, then prepare it: " +
				typed("server", "create", "--boot-from-volume", disk, "--image", cmp.Or(x.c.Image.Name, "IMAGE"), "--flavor", v.Name, "--network", "NETWORK", "--key-name", "KEY", x.c.Name) +
				"; portico gateway prepare " + gateway.Quote(x.c.Name)
		}
	}
	return "see why: " + reasons(options)
}

// leastVolume is how large a volume to start from should be, in GB.
const leastVolume = 10

// need is how large a disk the image needs, in GB.
func (x *chooser) need() int {
	i := x.c.Image
	return max(i.MinDisk, gigabytes(max(i.Size, i.VirtualSize)))
}

// small is why a flavor cannot be; "" when it can.
func (x *chooser) small(v cloud.Flavor) string {
	need := x.need()
	switch no := x.narrow(v); {
	case v.Disk == 0:
		return "it has no disk of its own, and Portico makes no volumes"
	case no != "":
		return no
	case v.Disk < need:
		return fmt.Sprintf("its disk has %d GB, and the image needs %d", v.Disk, need)
	}
	return ""
}

// narrow is why a flavor's memory does not do; "" when it does.
func (x *chooser) narrow(v cloud.Flavor) string {
	if need := max(x.c.Image.MinRAM, leastRAM); v.RAM < need {
		return "it has " + mib(v.RAM) + ", and " + mib(need) + " are needed"
	}
	return ""
}

func gigabytes(bytes int64) int { return int((bytes + 1<<30 - 1) >> 30) }

func sizes(v cloud.Flavor) string {
	cores := "1 core"
	if v.VCPUs != 1 {
		cores = fmt.Sprintf("%d cores", v.VCPUs)
	}
	return fmt.Sprintf("%s, %s, %d GB", cores, mib(v.RAM), v.Disk)
}

// reasons lists why options cannot be, the first few.
func reasons(all []Option) string {
	var out []string
	for _, o := range all {
		if o.No != "" && len(out) < 3 {
			out = append(out, o.Name+": "+o.No)
		}
	}
	return cmp.Or(strings.Join(out, "; "), "there are none")
}
