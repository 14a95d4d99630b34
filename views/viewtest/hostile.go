package viewtest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
)

// nasty are pieces of text that mean something to a terminal, a shell, ssh, iptables, a table or
// YAML, or that look like something else than they are.
var nasty = []string{
	"\x1b[31m", "\x1b[2J\x1b[H", "\x1b]0;owned\a", "\x1b]52;c;ZXZpbA==\a", "\x1b]8;;http://evil\x1b\\", "\x1bP+q\x1b\\", "\x1b", "\u009b31m", "\x9b31m", "\a", "\b\b\b", "\x00", "\x7f", "\r", "\n", "\t", "\v\f",
	"\u202e", "\u2066", "\u2069", "\u200f", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\u2029", "\u0085", "\u034f", "\u3164", "\u2800", "\U000E0041", "\uE000", "\u0378", "\uFFFE", "\xff\xfe", "\xc3",
	"`reboot`", "$(reboot)", "${IFS}", "; reboot", "| sh", "&& reboot", "> /etc/passwd", "<<EOF", "'", "\"", "\\", "'\\''", "!!", "!", "~root", "*", "?", "[a-z]", "{a,b}", "#", "%h", "%%", "a=b", "\nreboot\n",
	"-rf", "--json", "-oProxyCommand=reboot", "--", "-", "@", "user@host", "\nHost *\n  ProxyCommand reboot\n", "Match all", "Include /etc/shadow", "\nPORTICO\nreboot\n", "\nRULES\nreboot\n", "\nEOF\n",
	"\n-A INPUT -j ACCEPT\n", "\nCOMMIT\n*filter\n", "\" -j ACCEPT -m comment --comment \"", "portico v1", "vm=00000000-0000-4000-8000-000000000000 svc=ssh", "../../etc/passwd", "con", "null", "true", "{}", "[]", ": ", "- ", "<script>",
	"e\u0301", "\u0301", "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a", "日本語", "한국어", "ᄀ", "ᅡ", "ᆨ", "עברית", "العربية", "हिन्दी", "ൎ", "👩\u200d🔬", "👨\u200d👩\u200d👧", "👍🏽", "🏽", "🇩🇪", "🇩", "❤\ufe0f", "\ufe0f", "1\ufe0f\u20e3", "ﷺ", "𒐫", "ａ", "…", "—",
	"gw-1", "localhost", "portico-gw-1", " ", "   ", "x", "assembly-02",
}

// HostileNames are n names made of nasty pieces and random characters, the same for the same seed.
// None is empty, nor longer than the 255 characters that Nova takes.
func HostileNames(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same names again are what is wanted
	out := make([]string, 0, n)
	for i := range n {
		if i < len(nasty) {
			out = append(out, nasty[i])
			continue
		}
		var b strings.Builder
		for range 1 + r.IntN(8) {
			switch r.IntN(4) {
			case 0:
				b.WriteRune(rune(r.IntN(0x11_0000)))
			case 1:
				b.WriteRune(rune(r.IntN(0x3000)))
			default:
				b.WriteString(nasty[r.IntN(len(nasty))])
			}
		}
		if r.IntN(40) == 0 {
			b.WriteString(strings.Repeat(nasty[r.IntN(len(nasty))], 60))
		}
		runes := []rune(b.String())
		out = append(out, string(runes[:min(len(runes), 255)]))
	}
	return out
}

// Hostile is a project whose instances, at 10.0.0.1 and so on, have these names as they are after
// [cloud.Clean], and where every other text is one of them too. Its gateway is the first.
func Hostile(names []string) *Project {
	clean := func(i int) string { return cloud.Clean(names[i%len(names)]) }
	p := Small()
	p.Inventory.Identity = cloud.Identity{Cloud: clean(1), Region: clean(2), Project: clean(3), User: clean(4)}
	p.Inventory.Instances, p.Inventory.Ports, p.Inventory.FloatingIPs, p.State.Forwards = nil, nil, nil, nil
	for i := range names {
		id := fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
		p.Inventory.Instances = append(p.Inventory.Instances, cloud.Instance{
			ID: id, Name: clean(i), Status: []string{"ACTIVE", "ERROR", "SHUTOFF", clean(i)}[i%4], TaskState: clean(i + 1), Flavor: clean(i + 2), KeyName: clean(i + 3), Fault: clean(i + 4),
			Tags: []string{clean(i + 5)}, Metadata: map[string]string{clean(i + 6): clean(i + 7)}, Created: Start,
		})
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		port := cloud.Port{ID: "port-" + id, Name: clean(i + 8), DeviceID: id, DeviceOwner: "compute:nova", NetworkID: "net", FixedIPs: []cloud.FixedIP{{Addr: addr}}, Groups: []string{"g1"}}
		p.Inventory.Ports = append(p.Inventory.Ports, port)
		p.State.Forwards = append(p.State.Forwards, gateway.Forward{
			Instance: id, Service: gateway.Service{Name: "ssh", Protocol: gateway.TCP, Port: 22}, Engine: "nat",
			Public: netip.AddrPortFrom(p.Gateway.FloatingIP, uint16(20000+i)), Private: netip.AddrPortFrom(addr, 22),
		})
		l := p.Logins["id-gw-1"]
		l.UserFrom, l.KeyName = "image "+clean(i+9), clean(i+3)
		p.Logins[id] = l
	}
	first := p.Inventory.Ports[0]
	p.Gateway.Name, p.Gateway.InstanceID, p.Gateway.PortID, p.Gateway.FixedIP = clean(0), first.DeviceID, first.ID, first.FixedIPs[0].Addr
	for i := range 40 {
		fip := cloud.FloatingIP{ID: fmt.Sprint("fip-", i), Address: netip.AddrFrom4([4]byte{203, 0, 113, byte(10 + i)}), Status: clean(i), Description: clean(i + 1)}
		if i < 30 {
			fip.PortID, fip.FixedIP = p.Inventory.Ports[i].ID, p.Inventory.Ports[i].FixedIPs[0].Addr
		}
		p.Inventory.FloatingIPs = append(p.Inventory.FloatingIPs, fip)
	}
	p.Inventory.SecurityGroups[0].Name, p.Inventory.Networks[0].Name = clean(10), clean(11)
	f := p.State.Forwards[0]
	for i := range 30 {
		d := gateway.Drift{Kind: []gateway.DriftKind{gateway.Foreign, gateway.Strange, gateway.Missing}[i%3], Where: clean(i), Line: "-A " + clean(i+13), Why: clean(i + 14), Note: clean(i + 15)}
		if i%6 == 0 {
			d.Forward = &f
		}
		p.State.Drift = append(p.State.Drift, d)
	}
	p.State.Armed = &gateway.Armed{By: clean(16), At: Start, Left: time.Minute}
	p.State.RolledBack = []gateway.RolledBack{{By: clean(17), At: Start, Back: Start, Why: clean(18)}}
	p.State.Facts = []gateway.Fact{{Name: "iptables", Value: clean(12), OK: true}}
	return p
}
