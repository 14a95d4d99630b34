package provision

import (
	"cmp"
	"errors"
	"slices"

	"portico/cloud"
	"portico/gateway"
)

// The fields of a choice.
const (
	FieldName    = "name"
	FieldImage   = "image"
	FieldFlavor  = "flavor"
	FieldNetwork = "network"
	FieldKey     = "key"
	FieldAddress = "floating IP"
	FieldSSH     = "ssh from"
)

// Option is one thing that a field can be.
type Option struct {
	ID     string // to be wished for
	Name   string
	Detail string // what tells it from others: "2 cores, 4 GiB, 20 GB"
	No     string // why it cannot be; "" when it can
}

// Field is one thing to choose. Chosen is -1 where there is nothing that can be.
type Field struct {
	Name    string
	Options []Option
	Chosen  int
	Why     string // why this one, in words that follow its name
}

// Option is the one that is chosen.
func (f Field) Option() (Option, bool) {
	if f.Chosen < 0 || f.Chosen >= len(f.Options) {
		return Option{}, false
	}
	return f.Options[f.Chosen], true
}

// Problem is why a gateway cannot be made as wished: what is missing, and what to do.
type Problem struct {
	Field     string
	Kind      gateway.Kind
	Why, Next string
}

// Err is the problem as an error.
func (p Problem) Err(name string) error {
	return &gateway.Error{Op: "create gateway", Target: name, Kind: p.Kind, Err: errors.New(p.Why), Next: p.Next}
}

// Cost is one limit of the project before and after. Max is -1 where there is none.
type Cost struct {
	Name               string
	Before, After, Max int
	Known              bool
}

// Choice is what a gateway is made from. With Problems it cannot be.
type Choice struct {
	Name     string
	Fields   []Field
	Problems []Problem
	Costs    []Cost
	Doubts   []Doubt

	Image    cloud.BootImage
	Flavor   cloud.Flavor
	Network  cloud.Network
	Subnet   cloud.Subnet
	External cloud.Network    // where its floating IP is from
	Address  cloud.FloatingIP // a free one; zero: one is allocated
	Key      string           // the key pair's name
	Import   *Import          // the key pair is made from this first
	KeyFile  string           // the private half on this machine; "" when it is not known to be here
	Groups   []cloud.SecurityGroup
}

// Doubt is something to read before saying yes.
type Doubt struct{ Title, Detail string }

// Allocates reports whether a floating IP is taken from the cloud.
func (c Choice) Allocates() bool { return c.Address.ID == "" }

// Field finds a field by its name.
func (c Choice) Field(name string) Field {
	for _, f := range c.Fields {
		if f.Name == name {
			return f
		}
	}
	return Field{Name: name, Chosen: -1}
}

// chooser makes a choice.
type chooser struct {
	w    World
	wish Wish
	c    Choice
}

// Choose works out what a gateway is made from. It asks nobody.
func Choose(w World, wish Wish) Choice {
	x := &chooser{w: w, wish: wish}
	x.name()
	x.image()
	x.flavor()
	x.network()
	x.key()
	x.address()
	x.groups()
	x.costs()
	return x.c
}

func (x *chooser) problem(field string, kind gateway.Kind, why, next string) {
	x.c.Problems = append(x.c.Problems, Problem{Field: field, Kind: kind, Why: why, Next: next})
}

func (x *chooser) doubt(title, detail string) {
	x.c.Doubts = append(x.c.Doubts, Doubt{title, detail})
}

// pick finishes a field whose options are in order of preference: the wished one, else the first that can
// be. why says why the first is.
func (x *chooser) pick(f Field, wish, why string) (Option, bool) {
	f.Chosen = -1
	defer func() { x.c.Fields = append(x.c.Fields, f) }()
	if wish == "" {
		f.Chosen = slices.IndexFunc(f.Options, func(o Option) bool { return o.No == "" })
		f.Why = why
		return f.Option()
	}
	var found []int
	for i, o := range f.Options {
		if o.ID == wish {
			found = []int{i}
			break
		}
		if o.Name == wish {
			found = append(found, i)
		}
	}
	if len(found) > 1 { // of several that are called so, those that can be
		found = slices.DeleteFunc(found, func(i int) bool { return f.Options[i].No != "" })
	}
	switch {
	case len(found) == 0:
		x.problem(f.Name, gateway.NotFound, "there is no "+f.Name+" "+cloud.Clean(wish), "choose one of those there are: "+names(f.Options))
	case len(found) > 1:
		x.problem(f.Name, gateway.Invalid, "several are called "+cloud.Clean(wish), "name the "+f.Name+" by its ID: "+f.Options[found[0]].ID+", ...")
	case f.Options[found[0]].No != "":
		x.problem(f.Name, gateway.Invalid, f.Name+" "+f.Options[found[0]].Name+" cannot be: "+f.Options[found[0]].No, "choose another one: "+names(f.Options))
	default:
		f.Chosen, f.Why = found[0], "as you chose"
	}
	return f.Option()
}

// names lists the first options that can be.
func names(all []Option) string {
	const most = 6
	out, more := "", 0
	for _, o := range all {
		switch {
		case o.No != "":
		case more >= most:
			return out + " ..."
		default:
			out += map[bool]string{true: ", ", false: ""}[out != ""] + cmp.Or(o.Name, o.ID)
			more++
		}
	}
	return cmp.Or(out, "there are none that can be")
}

func (x *chooser) name() {
	x.c.Name = cmp.Or(x.wish.Name, DefaultName)
	inv := &x.w.Inventory
	f := Field{Name: FieldName, Options: []Option{{ID: x.c.Name, Name: x.c.Name}}}
	switch {
	case !hostName.MatchString(x.c.Name):
		x.c.Name = cloud.Clean(x.c.Name)
		f.Options[0].No = "it is no host name"
		x.problem(FieldName, gateway.Invalid, "it is no host name", "take letters, digits and hyphens, 63 at most")
	case slices.ContainsFunc(inv.Instances, func(i cloud.Instance) bool { return i.Name == x.c.Name }):
		f.Options[0].No = "an instance is called so"
		x.problem(FieldName, gateway.Conflict, "an instance of this project is called so already", "choose another name; to make that instance a gateway: portico gateway prepare "+x.c.Name)
	case slices.ContainsFunc(inv.SecurityGroups, func(g cloud.SecurityGroup) bool { return g.Name == GroupName(x.c.Name) }):
		f.Options[0].No = "its security group is there already"
		x.problem(FieldName, gateway.Conflict, "there is a security group "+GroupName(x.c.Name)+" already", "choose another name, or delete the group if it is left over: openstack security group delete "+gateway.Quote(GroupName(x.c.Name)))
	}
	x.c.Fields = append(x.c.Fields, f)
	if x.w.Inventory.Unknown("security groups") || x.w.Inventory.Unknown("ports") {
		x.problem(FieldName, gateway.Permission, "the project's ports or security groups cannot be read, and doors must not be opened blindly", "ask the project's administrator for the right to read them")
	}
}

// GroupName is what the security group is called that lets ssh in to a gateway.
func GroupName(gateway string) string { return "portico-ssh-" + gateway }

func (x *chooser) groups() {
	for _, name := range x.wish.Groups {
		var found []cloud.SecurityGroup
		for _, g := range x.w.Inventory.SecurityGroups {
			if g.ID == name || g.Name == name {
				found = append(found, g)
			}
		}
		switch len(found) {
		case 1:
			x.c.Groups = append(x.c.Groups, found[0])
		case 0:
			x.problem("security group", gateway.NotFound, "there is no security group "+cloud.Clean(name), "'openstack security group list' shows those there are")
		default:
			x.problem("security group", gateway.Invalid, "several security groups are called "+cloud.Clean(name), "name it by its ID")
		}
	}
}
