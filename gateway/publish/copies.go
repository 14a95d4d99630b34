package publish

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/hostkey"
)

// Copy is one text to take along: a command, a block of configuration, an address.
type Copy struct {
	As    string // what it is called in commands: "scp"
	Title string // what it is for: "copy files"
	Text  string // "" where it makes no sense here; lines end with \n where there are several
	Why   string // it makes no sense here
	Note  string // what to know, or to put in place of what stands there; may be ""
}

// The kinds of copies, in the order in which they are offered.
const (
	AsSSH        = "ssh"
	AsConfig     = "config"
	AsSCP        = "scp"
	AsRsync      = "rsync"
	AsJump       = "jump"
	AsShuttle    = "sshuttle"
	AsTunnel     = "tunnel"
	AsURL        = "url"
	AsKnownHosts = "known-hosts"
)

// CopyKinds lists the kinds.
func CopyKinds() []string {
	return []string{AsSSH, AsConfig, AsSCP, AsRsync, AsJump, AsShuttle, AsTunnel, AsURL, AsKnownHosts}
}

// HostKeyLines are the host keys of an instance as known_hosts lists them after the host: "ssh-ed25519
// AAAA...", and, where there are none, why.
type HostKeyLines struct {
	Lines []string
	Why   string
}

// KnownHostKeys reads the host keys that an instance printed on its console. Fingerprints alone make
// no line, and a key that they contradict is left out.
func (p *Publisher) KnownHostKeys(ctx context.Context, instanceID string) HostKeyLines {
	set, err := p.HostKeys(ctx, instanceID)
	if err != nil {
		return HostKeyLines{Why: "its console log can't be read: " + cloud.Explain(err).Why}
	}
	var out HostKeyLines
	for _, k := range set.Keys {
		if set.Check(k) == hostkey.Match {
			out.Lines = append(out.Lines, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))))
		}
	}
	switch {
	case len(out.Lines) > 0:
	case len(set.Keys) > 0:
		out.Why = "its console log contradicts itself"
	case len(set.Prints) > 0:
		out.Why = "its console log has the fingerprints alone, not the keys"
	default:
		out.Why = "its console log names no host key"
	}
	return out
}

// Copies lists what there is to take along for an instance, each kind, in order. f is the forward that
// it is about; the zero one leaves the choice. Nobody is asked.
func (p *Publisher) Copies(s Snapshot, instanceID string, f gateway.Forward, logins map[string]Login, keys HostKeyLines) []Copy {
	c := copier{p: p, s: s, f: f, logins: logins}
	rows := Rows(s)
	i := slices.IndexFunc(rows, func(r InstanceRow) bool { return r.Instance.ID == instanceID })
	if i < 0 {
		return c.nothing("the instance is gone")
	}
	c.row = rows[i]
	c.way, c.reachable = c.wayTo(c.row, logins[instanceID])
	return []Copy{c.ssh(), c.config(), c.scp(), c.rsync(), c.jump(), c.shuttle(), c.tunnel(), c.url(), c.knownHosts(keys)}
}

// copier makes the copies for one instance.
type copier struct {
	p         *Publisher
	s         Snapshot
	row       InstanceRow
	f         gateway.Forward
	logins    map[string]Login
	way       Way
	reachable bool // its ssh is, from outside
}

// wayTo is the way to an instance; a gateway is reached as the configuration says.
func (c *copier) wayTo(r InstanceRow, login Login) (Way, bool) {
	w, ok := WayTo(r, login)
	if ok && r.Gateway && Direct(r) {
		return c.p.gatewayWay(c.s.Gateway, login)
	}
	return w, ok
}

var copyTitles = map[string]string{
	AsSSH: "log in", AsConfig: "block for ~/.ssh/config", AsSCP: "copy files", AsRsync: "keep folders the same", AsJump: "through the gateway",
	AsShuttle: "its whole network", AsTunnel: "one port of it, here", AsURL: "address for a browser", AsKnownHosts: "line for known_hosts",
}

func (c *copier) nothing(why string) []Copy {
	var out []Copy
	for _, k := range CopyKinds() {
		out = append(out, Copy{As: k, Title: copyTitles[k], Why: why})
	}
	return out
}

// made is a copy of words, or why there is none.
func made(as string, words []string, note, why string) Copy {
	out := Copy{As: as, Title: copyTitles[as], Note: note, Why: why}
	if why == "" {
		out.Text = CommandLine(words)
	}
	return out
}

// noSSH says why an instance's ssh is not reachable, or "".
func (c *copier) noSSH() string {
	switch {
	case c.reachable:
		return ""
	case c.row.Gateway:
		return "this machine is the gateway"
	case c.s.State == nil && c.s.HasGateway():
		return "whether its ssh is published is not known"
	}
	return "its ssh is not published"
}

func (c *copier) ssh() Copy { return made(AsSSH, c.way.Words(), "", c.noSSH()) }

func (c *copier) scp() Copy {
	words := append([]string{"scp", "-r"}, c.way.options("-P")...)
	return made(AsSCP, append(words, "FILE", c.way.target()+":"), "put your own file or folder in place of FILE", c.noSSH())
}

func (c *copier) rsync() Copy {
	words := []string{"rsync", "-av"}
	if o := c.way.options("-p"); len(o) > 0 {
		words = append(words, "-e", rsyncWords(append([]string{"ssh"}, o...)))
	}
	return made(AsRsync, append(words, "FOLDER/", c.way.target()+":FOLDER/"), "put your own folders in place of FOLDER", c.noSSH())
}

// rsyncWords joins words as rsync splits them (rsync(1), --rsh): at spaces, with quotation marks that
// are doubled within themselves, and no backslash.
func rsyncWords(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if strings.ContainsAny(w, " '\"\\") {
			w = "'" + strings.ReplaceAll(w, "'", "''") + "'"
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}

// tunnel makes one port of the instance one of this machine.
func (c *copier) tunnel() Copy {
	port, note := uint16(80), "put the port that you need in place of 80"
	if c.f.Service.Protocol == gateway.TCP && !c.f.Service.IsSSH() {
		port, note = c.f.Service.Port, ""
	} else if w, ok := c.web(); ok {
		port, note = w.Service.Port, ""
	}
	here := port
	if here < 1024 {
		here += 8000
	}
	words := append([]string{"ssh", "-N", "-L", fmt.Sprintf("%d:localhost:%d", here, port)}, c.way.options("-p")...)
	if note == "" {
		note = fmt.Sprintf("then it is at localhost:%d", here)
	}
	return made(AsTunnel, append(words, c.way.target()), note, c.noSSH())
}

// shuttle leads everything for the instance's subnet through the instance.
func (c *copier) shuttle() Copy {
	subnet, why := c.subnet(), c.noSSH()
	if why == "" && !subnet.IsValid() {
		why = "the subnet of its address is not known"
	}
	w := c.way
	target := w.target()
	if w.Port != 0 && w.Port != 22 {
		target += ":" + strconv.Itoa(int(w.Port))
	}
	w.Port = 0
	words := []string{"sshuttle", "-r", target}
	if o := w.options("-p"); len(o) > 0 {
		words = append(words, "--ssh-cmd", CommandLine(append([]string{"ssh"}, o...)))
	}
	return made(AsShuttle, append(words, subnet.String()), "needs sshuttle here and Python there", why)
}

// subnet is the one of the address that forwards lead to.
func (c *copier) subnet() netip.Prefix {
	addr := c.private().Addr()
	for _, p := range c.s.Inventory.InstancePorts(c.row.Instance.ID) {
		for _, ip := range p.FixedIPs {
			if s, ok := c.s.Inventory.Subnet(ip.SubnetID); ok && ip.Addr == addr {
				return s.CIDR.Masked()
			}
		}
	}
	return netip.Prefix{}
}

// private is where its sshd listens.
func (c *copier) private() netip.AddrPort {
	if f, ok := SSHForward(c.row); ok && f.Private.IsValid() {
		return f.Private
	}
	if a, ok := firstIPv4(c.row.Private); ok {
		return netip.AddrPortFrom(a, 22)
	}
	return netip.AddrPort{}
}

// web is the forward that a browser can open: the one it is about, or the first there is.
func (c *copier) web() (gateway.Forward, bool) {
	if c.f.Instance != "" && webScheme(c.f.Service) != "" {
		return c.f, true
	}
	for _, f := range c.row.Forwards {
		if webScheme(f.Service) != "" {
			return f, true
		}
	}
	return gateway.Forward{}, false
}

// webScheme is what an address of a service begins with, or "".
func webScheme(s gateway.Service) string {
	switch {
	case s.Protocol != gateway.TCP:
		return ""
	case s.Name == "https" || s.Port == 443 || s.Port == 8443:
		return "https"
	case s.Name == "http" || s.Port == 80 || s.Port == 8080:
		return "http"
	}
	return ""
}

func (c *copier) url() Copy {
	out := Copy{As: AsURL, Title: copyTitles[AsURL]}
	f, ok := c.web()
	if !ok {
		out.Why = "no web service of it is published"
		return out
	}
	scheme, host := webScheme(f.Service), f.Public.String()
	if p := f.Public.Port(); scheme == "http" && p == 80 || scheme == "https" && p == 443 {
		host = f.Public.Addr().String()
	}
	out.Text = scheme + "://" + host + "/"
	return out
}

func (c *copier) knownHosts(keys HostKeyLines) Copy {
	out := Copy{As: AsKnownHosts, Title: copyTitles[AsKnownHosts], Note: "the keys are those on its console, which the cloud shows", Why: c.noSSH()}
	switch {
	case out.Why != "":
	case c.way.Alias:
		out.Why = "your own ~/.ssh/config explains " + c.way.Host
	case len(keys.Lines) == 0:
		out.Why = keys.Why
	}
	if out.Why != "" {
		out.Note = ""
		return out
	}
	host := c.way.Host
	if c.way.Port != 0 && c.way.Port != 22 {
		host = fmt.Sprintf("[%s]:%d", host, c.way.Port)
	}
	lines := make([]string, len(keys.Lines))
	for i, k := range keys.Lines {
		lines[i] = host + " " + k
	}
	out.Text = strings.Join(lines, "\n")
	return out
}

// config is the instance's own block. Its name comes from outside: one that leads elsewhere already
// is not used.
func (c *copier) config() Copy {
	out := Copy{As: AsConfig, Title: copyTitles[AsConfig], Why: c.noSSH()}
	if out.Why != "" {
		return out
	}
	var taken map[string]bool
	if c.p.options.OwnHosts != nil {
		taken = c.p.options.OwnHosts()
	}
	// All rows count for whose name is unique.
	hosts := SSHHosts(Rows(c.s), c.logins, c.wayTo, taken)
	i := slices.IndexFunc(hosts, func(h SSHHost) bool { return h.InstanceID == c.row.Instance.ID })
	if i < 0 {
		out.Why = "its ID is none that ssh could take"
		return out
	}
	out.Text = strings.TrimSuffix(SSHConfig(hosts[i:i+1]), "\n\n") + "\n"
	out.Note = "then: ssh " + hosts[i].Host
	return out
}
