package provision

import (
	"cmp"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// importWord is the option that makes a key pair of a key on this machine: "import ~/.ssh/id_ed25519".
const importWord = "import "

// KeyPairName is what a key pair is called that Portico makes.
const KeyPairName = "portico"

func (x *chooser) key() {
	m := x.w.Material
	if m.Unknown(cloud.PartKeyPairs) {
		x.c.Fields = append(x.c.Fields, Field{Name: FieldKey, Chosen: -1})
		x.problem(FieldKey, gateway.Permission, "your key pairs cannot be read", "ask the project's administrator for the right to read them")
		return
	}
	f := Field{Name: FieldKey, Options: x.keyOptions()}
	wish := x.wish.Key
	if i := x.wish.Import; i != nil {
		o := Option{ID: importWord + i.From, Name: x.importName(*i), Detail: "made from " + cmp.Or(i.From, "a public key"), No: importable(*i)}
		f.Options = slices.DeleteFunc(f.Options, func(old Option) bool { return old.ID == o.ID })
		f.Options, wish = append([]Option{o}, f.Options...), o.ID
	}
	o, ok := x.pick(f, wish, whyKey(f.Options))
	if !ok {
		x.noKey()
		return
	}
	if from, isImport := strings.CutPrefix(o.ID, importWord); isImport {
		x.imports(from, o.Name)
		return
	}
	x.c.Key = o.ID
	for _, k := range m.KeyPairs {
		if k.Name == o.ID {
			x.c.KeyFile = x.fileOf(k.PublicKey)
		}
	}
	if x.c.KeyFile == "" {
		x.doubt("the private half of key pair "+x.c.Key+" is not found on this machine", "without it, in ~/.ssh or in an agent, the gateway lets you in nowhere, and what was made is taken back")
	}
}

// whyKey is why the first of the options is chosen.
func whyKey(options []Option) string {
	if len(options) > 0 && options[0].Detail == notHere {
		return "no key of this machine is known"
	}
	return "its private half is on this machine"
}

// notHere is said of a key pair that lets nobody in from this machine, as far as one can see.
const notHere = "its private half is not found here"

// keyOptions are the key pairs, those first whose private half is here; then keys that are only here.
func (x *chooser) keyOptions() []Option {
	var here, there, out []Option
	known := map[string]bool{}
	pairs := slices.SortedFunc(slices.Values(x.w.Material.KeyPairs), func(a, b cloud.KeyPair) int { return strings.Compare(a.Name, b.Name) })
	rank := func(o Option) int {
		return slices.IndexFunc(x.w.Keys, func(k Key) bool { return o.Detail == "in "+k.File })
	}
	for _, k := range pairs {
		known[keyBlob(k.PublicKey)] = true
		o := Option{ID: k.Name, Name: k.Name, Detail: notHere}
		if file := x.fileOf(k.PublicKey); file != "" {
			o.Detail = "in " + file
			here = append(here, o)
			continue
		}
		there = append(there, o)
	}
	slices.SortStableFunc(here, func(a, b Option) int { return cmp.Compare(rank(a), rank(b)) })
	for _, k := range x.w.Keys {
		if b := keyBlob(k.PublicKey); b != "" && !known[b] {
			known[b] = true
			out = append(out, Option{ID: importWord + k.File, Name: x.importName(Import{From: k.File}), Detail: "made from " + k.File})
		}
	}
	// What is only here comes before what is only there: it lets one in.
	return slices.Concat(here, out, there)
}

// imports makes the key pair from a key on this machine.
func (x *chooser) imports(from, name string) {
	if i := x.wish.Import; i != nil {
		imp := *i
		imp.Name = name
		x.c.Import = &imp
	} else {
		for _, k := range x.w.Keys {
			if k.File == from {
				x.c.Import = &Import{Name: name, PublicKey: k.PublicKey, From: from}
			}
		}
	}
	if x.c.Import != nil {
		x.c.Key, x.c.KeyFile = name, x.fileOf(x.c.Import.PublicKey)
	}
}

// noKey explains what is missing.
func (x *chooser) noKey() {
	if x.wish.Key != "" || x.wish.Import != nil {
		return
	}
	x.problem(FieldKey, gateway.NotFound, "there is neither a key pair in the cloud nor a key on this machine", "make one: ssh-keygen -t ed25519; then: portico gateway create --import-key ~/.ssh/id_ed25519.pub")
}

// fileOf is the file on this machine with the private half of a public key, or "".
func (x *chooser) fileOf(public string) string {
	b := keyBlob(public)
	for _, k := range x.w.Keys {
		if b != "" && keyBlob(k.PublicKey) == b {
			return k.File
		}
	}
	return ""
}

// importName is a name for a new key pair that no other has.
func (x *chooser) importName(i Import) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(x.w.Material.KeyPairs, func(k cloud.KeyPair) bool { return k.Name == name })
	}
	if i.Name != "" {
		return i.Name
	}
	name := KeyPairName
	for n := 2; taken(name); n++ {
		name = KeyPairName + "-" + string(rune('0'+n%10))
		if n > 9 {
			return name
		}
	}
	return name
}

// importable is why a public key cannot be imported; "" when it can.
func importable(i Import) string {
	f := strings.Fields(i.PublicKey)
	switch {
	case strings.Contains(i.PublicKey, "PRIVATE KEY"):
		return "it is a private key, and those stay where they are"
	case len(f) < 2 || !strings.HasPrefix(f[0], "ssh-") && !strings.HasPrefix(f[0], "ecdsa-") && !strings.HasPrefix(f[0], "sk-"):
		return "it is no public key of OpenSSH's"
	case strings.ContainsAny(strings.TrimSpace(i.PublicKey), "\r\n"):
		return "it is more than one line"
	}
	return ""
}
