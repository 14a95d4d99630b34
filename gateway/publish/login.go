package publish

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
)

// Identity is a private key on this machine, by its file and its public half as an
// authorized_keys line.
type Identity struct{ File, PublicKey string }

// LoginRules says which user to log in as where the image does not.
type LoginRules struct {
	ByImage map[string]string // image name -> user; goes before everything
	Default string            // when nothing else tells
}

// distroUsers are the users that the distributions' own cloud images come with.
var distroUsers = []struct{ word, user string }{
	{"debian", "debian"}, {"ubuntu", "ubuntu"}, {"rocky", "rocky"}, {"almalinux", "almalinux"}, {"alma", "almalinux"},
	{"centos", "cloud-user"}, {"rhel", "cloud-user"}, {"fedora", "fedora"}, {"opensuse", "opensuse"}, {"sles", "sles"},
	{"arch", "arch"}, {"alpine", "alpine"}, {"cirros", "cirros"}, {"flatcar", "core"}, {"coreos", "core"},
	{"freebsd", "freebsd"}, {"openbsd", "openbsd"}, {"gentoo", "gentoo"}, {"oracle", "cloud-user"},
}

// Logins works out how to log in to each instance, by ID. Images and key pairs take two calls,
// whatever the number of instances; what the project may not read is left out.
func (p *Publisher) Logins(ctx context.Context, inv cloud.Inventory) (map[string]Login, error) {
	var ids []string
	for _, i := range inv.Instances {
		if i.ImageID != "" {
			ids = append(ids, i.ImageID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	images := map[string]cloud.Image{}
	list, imageErr := p.cloud.Images(ctx, ids)
	for _, img := range list {
		images[img.ID] = img
	}
	pairs, pairErr := p.cloud.KeyPairs(ctx)
	files := keyFiles(pairs, p.options.Identities())
	out := make(map[string]Login, len(inv.Instances))
	for _, i := range inv.Instances {
		l := p.user(images[i.ImageID])
		l.KeyName, l.KeyFile = i.KeyName, files[i.KeyName]
		out[i.ID] = l
	}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	if imageErr != nil {
		return out, imageErr
	}
	return out, pairErr
}

// userName is what an image may say of a login user. Whoever shares an image sets it, and ssh
// would take a word that begins with a dash for an option.
var userName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$`)

func (p *Publisher) user(img cloud.Image) Login {
	rules := p.options.Login
	if u := rules.ByImage[img.Name]; u != "" && img.Name != "" {
		return Login{User: u, UserFrom: "config"}
	}
	if userName.MatchString(img.AdminUser) {
		return Login{User: img.AdminUser, UserFrom: "image property os_admin_user"}
	}
	for _, d := range distroUsers {
		if strings.EqualFold(img.Distro, d.word) {
			return Login{User: d.user, UserFrom: "os_distro " + img.Distro}
		}
	}
	for _, d := range distroUsers {
		if strings.Contains(strings.ToLower(img.Name), d.word) {
			return Login{User: d.user, UserFrom: "image " + img.Name}
		}
	}
	if rules.Default != "" {
		return Login{User: rules.Default, UserFrom: "config"}
	}
	return Login{}
}

// keyFiles finds, for each key pair by name, the local file with the same key.
func keyFiles(pairs []cloud.KeyPair, ids []Identity) map[string]string {
	files := map[string]string{}
	for _, id := range ids {
		if k := keyBlob(id.PublicKey); k != "" && files[k] == "" {
			files[k] = id.File
		}
	}
	out := map[string]string{}
	for _, kp := range pairs {
		if f := files[keyBlob(kp.PublicKey)]; f != "" {
			out[kp.Name] = f
		}
	}
	return out
}

// keyBlob is the key itself, without type and comment.
func keyBlob(line string) string {
	f := strings.Fields(line)
	if len(f) < 2 {
		return ""
	}
	return f[1]
}

// SSHForward is the way to an instance by ssh: the forward that carries it, or its own floating
// IP. An instance that is not reachable has none.
func SSHForward(r InstanceRow) (gateway.Forward, bool) {
	for _, f := range r.Forwards {
		if f.Service.Name == "ssh" {
			return f, true
		}
	}
	for _, f := range r.Forwards {
		if f.Service.Protocol == gateway.TCP && f.Service.Port == 22 {
			return f, true
		}
	}
	public, ok := firstIPv4(r.Public)
	if !ok {
		return gateway.Forward{}, false
	}
	f := gateway.Forward{Instance: r.Instance.ID, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}}
	f.Public = addrPort(public, 22)
	if private, ok := firstIPv4(r.Private); ok {
		f.Private = addrPort(private, 22)
	}
	return f, true
}

// SSHArgs is the ssh command as a list of words.
func SSHArgs(f gateway.Forward, l Login) []string {
	args := []string{"ssh"}
	if f.Public.Port() != 22 {
		args = append(args, "-p", strconv.Itoa(int(f.Public.Port())))
	}
	if l.KeyFile != "" {
		args = append(args, "-i", l.KeyFile)
	}
	target := f.Public.Addr().String()
	if l.User != "" {
		target = l.User + "@" + target
	}
	return append(args, target)
}

// SSHCommand is the command to copy: "ssh -p 30011 -i ~/.ssh/mg debian@203.0.113.10".
func SSHCommand(f gateway.Forward, l Login) string { return CommandLine(SSHArgs(f, l)) }

// CommandLine joins words for a shell and lets it expand a leading "~/", as the key's file has.
func CommandLine(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if rest, ok := strings.CutPrefix(w, "~/"); ok && rest != "" {
			out[i] = "~/" + gateway.Quote(rest)
			continue
		}
		out[i] = gateway.Quote(w)
	}
	return strings.Join(out, " ")
}
