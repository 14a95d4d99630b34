package provision

import (
	"net/netip"
	"regexp"
	"strings"
	"time"

	"portico/cloud"
)

// Wish is what an operator wants. What is empty is chosen; names may be IDs. The zero value is usable.
type Wish struct {
	Name                   string // of the instance; [DefaultName]
	Image, Flavor, Network string
	Key                    string         // a key pair of the user's
	Import                 *Import        // a public key to make a key pair of
	Address                string         // a free floating IP of the project, or [NewAddress]; "" takes a free one, else a new one
	SSHFrom                []netip.Prefix // who may reach its sshd; none: anybody
	Groups                 []string       // security groups that it carries besides
	Boot                   Boot
	UserData               []byte        // for [OwnData]; for the others it is filled in
	Script                 string        // what the user data is, in words: the file it is from
	Patience               time.Duration // for each wait; 0 is [DefaultPatience]
}

// Import is a public key on this machine.
type Import struct {
	Name      string // of the key pair to be; "" is chosen
	PublicKey string // an authorized_keys line
	From      string // the file it is from
}

// Boot says what the instance is given for its first boot.
type Boot string

// The kinds of user data.
const (
	CloudConfig Boot = "cloud-config" // Portico's own, which installs iptables where it is missing; also ""
	Script      Boot = "script"       // Portico's own, for images that have iptables
	NoData      Boot = "none"         // publishing makes all that is needed then
	OwnData     Boot = "own"
)

// DefaultName is what a gateway is called when nobody says.
const DefaultName = "gw"

// NewAddress asks for a floating IP that the project does not have yet.
const NewAddress = "new"

// DefaultPatience is how long the cloud may take to build an instance, and the instance to boot.
const DefaultPatience = 10 * time.Minute

// Key is a private key on this machine, by its file and its public half.
type Key struct{ File, PublicKey string }

// World is all that a choice is made from.
type World struct {
	Inventory cloud.Inventory
	Material  cloud.Material
	Keys      []Key // on this machine, best first
}

// hostName is what an instance may be called: a name that is good as its host name, in commands and on
// every screen.
var hostName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

// keyBlob is the key itself, without type and comment.
func keyBlob(line string) string {
	f := strings.Fields(line)
	if len(f) < 2 {
		return ""
	}
	return f[1]
}

func (w Wish) patience() time.Duration {
	if w.Patience <= 0 {
		return DefaultPatience
	}
	return w.Patience
}
