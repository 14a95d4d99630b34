package provision

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/floating"
	"portico/gateway/plan"
)

// Servers makes instances. Orders are taken at once; what becomes of them, Instance tells.
type Servers interface {
	CreateInstance(ctx context.Context, n cloud.NewInstance) (id string, err error)
	Instance(ctx context.Context, id string) (cloud.Instance, error)
	InstancesNamed(ctx context.Context, name string) ([]cloud.Instance, error)
	DeleteInstance(ctx context.Context, id string) error
}

// Ports makes ports.
type Ports interface {
	CreatePort(ctx context.Context, n cloud.NewPort) (cloud.Port, error)
	PortsDescribed(ctx context.Context, description string) ([]cloud.Port, error)
	DeletePort(ctx context.Context, id string) error
}

// Keys makes key pairs of the user's.
type Keys interface {
	KeyPairs(ctx context.Context) ([]cloud.KeyPair, error)
	ImportKeyPair(ctx context.Context, name, publicKey string) error
	DeleteKeyPair(ctx context.Context, name string) error
}

// Groups makes security groups.
type Groups interface {
	SecurityGroups(ctx context.Context) ([]cloud.SecurityGroup, error)
	CreateGroup(ctx context.Context, name, description string) (cloud.SecurityGroup, error)
	CreateRule(ctx context.Context, r cloud.SecurityGroupRule) (cloud.SecurityGroupRule, error)
	DeleteGroup(ctx context.Context, id string, revision int) error
}

// Cloud is all that a plan changes.
type Cloud interface {
	Servers
	Ports
	Keys
	Groups
	floating.Cloud
}

// Login gets in to a new gateway. Reach and Ready wait, and end with ctx.
type Login interface {
	// Reach waits until ssh lets the operator in, with a host key that the console log has named.
	Reach(ctx context.Context, m Made) error
	// Leave takes back what Reach has written down on this machine: the host key it has learned, and those
	// that it has forgotten.
	Leave(ctx context.Context) error
	// Ready waits until the gateway looks like one that can carry forwards. What it lacks is no failure:
	// publishing sees to it, or says so.
	Ready(ctx context.Context, m Made) error
}

// Made is what a plan has made so far.
type Made struct {
	Name, InstanceID string
	Port             cloud.Port
	GroupID          string
	Address          cloud.FloatingIP
}

// Gateway is what was made, as the rest of the program names it.
func (m Made) Gateway() gateway.Gateway {
	gw := gateway.Gateway{Name: m.Name, InstanceID: m.InstanceID, PortID: m.Port.ID, FloatingIP: m.Address.Address}
	for _, f := range m.Port.FixedIPs {
		if f.Addr.Is4() && !gw.FixedIP.IsValid() {
			gw.FixedIP = f.Addr
		}
	}
	return gw
}

// Build is a plan to make a gateway.
type Build struct {
	Choice Choice
	Plan   plan.Plan
	b      *builder
}

// Made is what stands of it; all of it, once the plan was carried out.
func (b Build) Made() Made { return b.b.made }

// every is how often what is waited for is looked at.
const every = time.Second

// builder holds what the steps share.
type builder struct {
	c     Choice
	wish  Wish
	cloud Cloud
	login Login
	token string // in the description of all that is made
	made  Made
	every time.Duration
}

// New plans a gateway as chosen. The first problem of the choice is the error.
func New(w World, wish Wish, c Cloud, login Login) (Build, error) {
	choice := Choose(w, wish)
	if len(choice.Problems) > 0 {
		return Build{Choice: choice}, choice.Problems[0].Err(choice.Name)
	}
	b := &builder{c: choice, wish: wish, cloud: c, login: login, token: strings.ToLower(rand.Text()[:12]), made: Made{Name: choice.Name}, every: every}
	var steps []plan.Step
	if choice.Import != nil {
		steps = append(steps, b.keyStep())
	}
	if a := b.addressStep(); a != nil {
		steps = append(steps, a)
	}
	steps = append(steps, b.groupStep(), b.portStep(), b.attachStep(), b.serverStep(), b.bootStep(), b.reachStep(), b.readyStep())
	pl := plan.Plan{Steps: steps, Warnings: b.warnings()}
	pl.ID = b.id(pl)
	return Build{Choice: choice, Plan: pl, b: b}, nil
}

// id is the plan's: the same for the same wish in the same world, whatever its token is.
func (b *builder) id(pl plan.Plan) string {
	text := strings.ReplaceAll(fmt.Sprintf("%+v", pl.Changes()), b.token, "")
	sum := sha256.Sum256(append([]byte(text), b.wish.UserData...))
	return hex.EncodeToString(sum[:])[:12]
}

// mark is the description of what the plan makes.
func (b *builder) mark(what string) string {
	return "portico v1 " + what + " of gateway " + b.c.Name + ", plan " + b.token
}

// anywhere is who may reach sshd where nobody is named.
var anywhere = netip.MustParsePrefix("0.0.0.0/0")

// sources are who may reach sshd.
func (x *chooser) sources() []netip.Prefix { return sources(x.wish) }

func sources(w Wish) []netip.Prefix {
	if len(w.SSHFrom) == 0 {
		return []netip.Prefix{anywhere}
	}
	return gateway.SortPrefixes(w.SSHFrom)
}

func (b *builder) warnings() []plan.Warning {
	var out []plan.Warning
	for _, d := range b.c.Doubts {
		out = append(out, plan.Warning{Title: d.Title, Detail: d.Detail})
	}
	if slices.Contains(sources(b.wish), anywhere) {
		out = append(out, plan.Warning{Title: "anybody may knock at its sshd", Detail: "only keys let in; --ssh-from 198.51.100.0/24 opens port 22 for fewer"})
	}
	for _, c := range b.c.Costs {
		if !c.Known {
			out = append(out, plan.Warning{Title: "the limit of " + c.Name + " is not known", Detail: "the cloud refuses what is too much; what was made until then is taken back"})
		}
	}
	return out
}

func list(prefixes []netip.Prefix) string {
	out := make([]string, len(prefixes))
	for i, p := range prefixes {
		out[i] = p.String()
		if p == anywhere {
			out[i] = "anywhere"
		}
	}
	return strings.Join(out, ", ")
}

// refused reports whether a write certainly changed nothing. All else that fails may have been done.
func refused(err error) bool {
	switch cloud.KindOf(err) {
	case gateway.Auth, gateway.Permission, gateway.NotFound, gateway.Quota, gateway.Invalid, gateway.Conflict:
		return true
	default:
		return false
	}
}

// typed is an openstack command as typed into a shell.
func typed(words ...string) string {
	return gateway.Quote(append([]string{"openstack"}, words...)...)
}

func orName(id, name string) string { return cmp.Or(id, name) }
