package cloud

import "net/netip"

import "time"

// Flavor is a size that instances come in. RAM is in MiB, Disk in GiB; a Disk of 0 means that the
// image's own size counts, which many clouds allow only with a volume.
type Flavor struct {
	ID, Name         string
	VCPUs, RAM, Disk int
}

// BootImage is a Glance image as something to boot from. MinRAM is in MiB, MinDisk in GiB, sizes in bytes.
type BootImage struct {
	Image
	Version          string // os_version
	Status           string // Glance's word: active, queued ...
	Visibility       string // public, community, shared, private
	Arch             string // hw_architecture or architecture; "" if it does not say
	DiskFormat       string // qcow2, raw, iso ...
	MinRAM, MinDisk  int
	Size             int64
	VirtualSize      int64 // what it takes on a disk; 0 if Glance does not know
	Snapshot, Hidden bool  // of somebody's instance; replaced by a newer one
	Created          time.Time
}

// Material is what instances of a project are made from, and how many it may still have. A part that
// could not be read is empty and named in Missing.
type Material struct {
	Flavors  []Flavor
	Images   []BootImage
	KeyPairs []KeyPair
	Limits   BuildLimits
	Missing  []Missing
}

// The parts of [Material], as [Missing] names them.
const (
	PartFlavors    = "flavors"
	PartImages     = "images"
	PartKeyPairs   = "key pairs"
	PartInstLimits = "limits of instances"
	PartPortLimit  = "limit of ports"
)

// Unknown reports whether a part could not be read.
func (m Material) Unknown(part string) bool {
	for _, x := range m.Missing {
		if x.Part == part {
			return true
		}
	}
	return false
}

// BuildLimits holds the limits that making an instance runs into. RAM is in MiB.
type BuildLimits struct{ Instances, Cores, RAM, KeyPairs, Ports Limit }

// NewPort is a port to be made. Description is for finding it again when the answer was lost.
type NewPort struct {
	Name, Description, NetworkID string
	SubnetID                     string     // "" leaves the choice to the cloud
	Addr                         netip.Addr // of that subnet; invalid: a free one
	Groups                       []string
}

// NewInstance is an instance to be made on a port that there is.
type NewInstance struct {
	Name, ImageID, FlavorID, PortID, KeyName string
	UserData                                 []byte // as cloud-init gets it
	Metadata                                 map[string]string
}
