package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kevinburke/ssh_config"
	"golang.org/x/crypto/ssh"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"portico/cloud"
	cloudemulator "portico/cloud/emulator"
	gatewayemulator "portico/gateway/emulator"
	"portico/gateway/netfilter"
	"portico/gateway/publish"
	"portico/views/viewtest"
)

// world is a project whose every text is one of some names, and its gateway. The first instance is
// the gateway.
type world struct {
	*testing.T
	ids []string // of the others, by address
}

func newWorld(t *testing.T, gatewayName string, names []string) *world {
	t.Helper()
	// These two travel in YAML to the client, which has no control characters.
	c, err := cloudemulator.Start(cloudemulator.Config{Project: cloud.Clean(names[1]), User: cloud.Clean(names[2])})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	address := gatewayemulator.Loopback()
	if err := c.Fill(func(m *cloudemulator.Model) { fillWorld(m, address, gatewayName, names) }); err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{private: private}
	d.gateway, err = gatewayemulator.Start(gatewayemulator.Config{User: demoUser, FixedIP: netip.MustParseAddr("10.0.0.4"), Public: address, Keys: []ssh.PublicKey{signer.PublicKey()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.gateway.Close() })
	if d.nursery, err = newNursery(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.nursery.close)
	home := t.TempDir()
	for _, pair := range append(c.Env(), "HOME="+home, "USERPROFILE="+home, "SSH_AUTH_SOCK=", "NO_COLOR=1", "PORTICO_CONFIG="+d.hostileConfig(t, home, cloud.Clean(gatewayName))) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	w := &world{T: t}
	all := c.Servers()
	slices.SortFunc(all, func(a, b cloudemulator.Instance) int { return a.Fixed[0].Compare(b.Fixed[0]) })
	for _, i := range all[1:] {
		w.ids = append(w.ids, i.ID)
	}
	return w
}

// fillWorld puts the instances, and whatever else has a text, into a cloud.
func fillWorld(m *cloudemulator.Model, address netip.Addr, gatewayName string, names []string) {
	public := m.AddNetwork(cloudemulator.NetworkSpec{Name: names[3], External: true})
	m.AddSubnet(cloudemulator.SubnetSpec{Name: names[4], Network: public, CIDR: netip.MustParsePrefix("203.0.113.0/24")})
	lab := m.AddNetwork(cloudemulator.NetworkSpec{Name: names[5]})
	subnet := m.AddSubnet(cloudemulator.SubnetSpec{Name: names[6], Network: lab, CIDR: netip.MustParsePrefix("10.0.0.0/16")})
	m.AddRouter(cloudemulator.RouterSpec{Name: names[7], ExternalNetwork: public, ExternalAddress: netip.MustParseAddr("203.0.113.5"), Subnets: []string{subnet}})
	group := m.AddGroup(names[8], names[9])
	flavor := m.AddFlavor(names[10], 1, 1024, 10)
	var images []string
	for i := range 50 {
		images = append(images, m.AddImage(fmt.Sprintf("%s %d", names[i], i), map[string]string{"os_distro": names[i+1], "os_admin_user": names[len(names)-1-i]}))
	}
	server := func(name string, i int) string {
		at := netip.AddrFrom4([4]byte{10, 0, byte((i + 4) >> 8), byte(i + 4)})
		return m.AddServer(cloudemulator.ServerSpec{
			Name: name, Image: images[i%len(images)], Flavor: flavor, KeyName: names[i%len(names)], Groups: []string{group}, Tags: []string{names[i%len(names)]},
			Metadata: map[string]string{"k": names[i%len(names)]}, NICs: []cloudemulator.NIC{{Subnet: subnet, Address: at, Name: names[i%len(names)]}},
		})
	}
	m.AddFloatingIP(cloudemulator.FloatingIPSpec{Address: address, Network: public, Server: server(gatewayName, 0), Description: names[11]})
	for i, name := range names {
		server(name, i+1)
	}
	m.AddFloatingIP(cloudemulator.FloatingIPSpec{Address: netip.MustParseAddr("203.0.113.77"), Network: public, Description: names[12]})
}

// hostileConfig writes a configuration that leads to the gateway under its name.
func (d *demo) hostileConfig(t *testing.T, dir, name string) string {
	t.Helper()
	if err := d.writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(name) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(cloudemulator.DemoGateway), quoted)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a command and returns what it prints, which must be text and nothing else.
func (w *world) run(args ...string) string {
	w.Helper()
	var out, remarks bytes.Buffer
	a := newApp(os.Stdin, &out, &remarks)
	defer a.close()
	c := a.command()
	c.SetArgs(args)
	if err := c.ExecuteContext(w.Context()); err != nil {
		w.Fatalf("%s: %v", strings.Join(args[:min(3, len(args))], " "), cloud.Explain(err))
	}
	w.isText(args[0], out.String()+remarks.String())
	return out.String()
}

func (w *world) isText(where, text string) {
	w.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !cloud.IsText(r) }); i >= 0 {
		w.Errorf("%s: %+.40q", where, text[i:])
	}
}

func (w *world) plan(format string) string {
	w.Helper()
	return w.run(append([]string{"plan", "--scheme", "next-free", "--format", format}, w.ids...)...)
}

// count reads a plan as rules and tells how many lines, tables, chains and rules it has.
func (w *world) rules() map[string]int {
	w.Helper()
	out := map[string]int{}
	var input strings.Builder
	inTable := false
	for line := range strings.Lines(w.plan("rules")) {
		out["lines"]++
		inTable = inTable || line[0] == '*'
		if inTable {
			input.WriteString(line)
			inTable = line != "COMMIT\n"
		}
	}
	rules, err := netfilter.Ruleset{}.Restore(input.String())
	if err != nil {
		w.Fatal(err)
	}
	for _, t := range rules.Tables {
		out["tables"]++
		for _, c := range t.Chains {
			out["chains"]++
			out["rules"] += len(c.Rules)
		}
	}
	return out
}

// shape takes a script apart as a shell does: its commands with the number of their words, and
// everything in it that is more than words. What it hands to another shell is a script again.
func (w *world) shape(script string) map[string]int {
	w.Helper()
	out := map[string]int{}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "plan")
	if err != nil {
		w.Fatalf("%v", err)
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case nil, *syntax.Lit, *syntax.SglQuoted, *syntax.Word, *syntax.Comment:
		case *syntax.CallExpr:
			name := ""
			if len(n.Args) > 0 {
				name = n.Args[0].Lit()
			}
			out[fmt.Sprintf("%s with %d words", name, len(n.Args))]++
		case *syntax.Redirect:
			out["redirection"]++
			if n.Hdoc != nil && n.Word.Lit() == "" { // quoted, so that nothing in it is expanded
				body := n.Hdoc.Lit()
				if strings.Contains(body, "COMMIT\n") && body[0] == '*' {
					out["lines of rules"] += strings.Count(body, "\n")
					return false
				}
				for k, v := range w.shape(body) {
					out["there: "+k] += v
				}
				return false
			}
		default:
			out[reflect.TypeOf(n).String()]++
		}
		return true
	})
	return out
}

// Hostile names change nothing in what commands print but the names: the same plan for instances
// with harmless names has as many rules, commands, words and lines. Reading a project and planning
// take their time, so that one hostile name in twenty is here unless PORTICO_NAMES is all, as on CI; the
// next test has them all.
func TestHostileNames(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const gw = "g'w\n\"$(reboot)`reboot`\" -j ACCEPT\u202e %h #\nPORTICO\nreboot\x1b]0;x\a -- ;|&"
	hostile := viewtest.HostileNames(seed, 2000)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(hostile), func(i, j int) { hostile[i], hostile[j] = hostile[j], hostile[i] })
	if os.Getenv("PORTICO_NAMES") != "all" {
		hostile = hostile[:100]
	}
	plain := make([]string, len(hostile))
	for i := range plain {
		plain[i] = "vm-" + strconv.Itoa(i)
	}
	p := newWorld(t, "gw-1", plain)
	rules, shape, list := p.rules(), p.shape(p.plan("shell")), strings.Count(p.run("list"), "\n")
	w := newWorld(t, gw, hostile)
	if diff := cmp.Diff(rules, w.rules()); diff != "" || rules["rules"] < len(plain) {
		t.Errorf("rules: %s", diff)
	}
	if diff := cmp.Diff(shape, w.shape(w.plan("shell"))); diff != "" || shape["there: lines of rules"] < len(plain) {
		t.Errorf("commands: %v\n%s", shape, diff)
	}
	if n := strings.Count(w.run("list"), "\n"); n != list || n != len(plain)+2 {
		t.Errorf("the list has %d lines, and %d for plain names", n, list)
	}
	w.plan("table")
	for _, args := range [][]string{{"floatingips"}, {"gateways"}, {"forwards"}, {"ssh-config"}, {"__complete", "publish", ""}, {"__complete", "plan", "--gateway", ""}} {
		w.run(args...)
	}
	for _, text := range []string{w.run("list", "--json"), w.plan("json"), w.run("gateways", "--json"), w.run("floatingips", "--json")} {
		if !json.Valid([]byte(text)) {
			t.Errorf("no JSON: %.200q", text)
		}
	}
}

// Two thousand go through the list, as a table and as JSON, through the commands to log in, and
// through ssh_config.
func TestHostileNamesInLists(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	names := viewtest.HostileNames(seed, 2000)
	p := viewtest.Hostile(names)
	s, w := p.Snapshot(), &world{T: t}
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		a := newApp(os.Stdin, &out, &out)
		a.flags.json = asJSON
		if err := a.printInstances(view{Snapshot: s}); err != nil {
			t.Fatal(err)
		}
		w.isText("list", out.String())
		if n := strings.Count(out.String(), "\n"); !asJSON && n != len(names)+1 || asJSON && !json.Valid(out.Bytes()) {
			t.Errorf("JSON %v: %d lines", asJSON, n)
		}
	}
	rows := publish.Rows(s)
	for _, r := range rows {
		way, ok := config{}.way(r, p.Logins[r.Instance.ID])
		if !ok {
			t.Fatalf("no way to %+q", r.Instance.Name)
		}
		w.oneCommand(way.Words())
	}
	block := publish.SSHConfig(publish.SSHHosts(rows, p.Logins, config{}.way, nil))
	w.isText("ssh-config", block)
	w.onlyOurs(block, len(rows))
}

// oneCommand checks that a shell gives ssh exactly these words, and that ssh takes none of them for
// an option that we did not mean.
func (w *world) oneCommand(words []string) {
	w.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(publish.CommandLine(words)), "")
	if err != nil || len(file.Stmts) != 1 {
		w.Fatalf("%q: %v", words, err)
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(file.Stmts[0].Redirs) > 0 {
		w.Fatalf("%q is more than a command", words)
	}
	got, err := expand.Fields(&expand.Config{Env: expand.ListEnviron("HOME=" + os.Getenv("HOME"))}, call.Args...)
	if err != nil || !slices.Equal(got, expanded(words)) {
		w.Fatalf("%q become %q, %v", words, got, err)
	}
	for i, word := range words {
		if value := i > 0 && slices.Contains([]string{"-p", "-i", "-o"}, words[i-1]); !value && word[0] == '-' && !slices.Contains([]string{"-p", "-i", "-o"}, word) {
			w.Fatalf("%q is an option in %q", word, words)
		}
	}
}

// onlyOurs checks that an ssh_config has so many hosts, each of one name, and nothing but our keywords.
func (w *world) onlyOurs(block string, hosts int) {
	w.Helper()
	file, err := ssh_config.Decode(strings.NewReader(block))
	if err != nil {
		w.Fatal(err)
	}
	seen := map[string]bool{}
	for _, h := range file.Hosts[1:] { // the first is what stands before any Host
		if len(h.Patterns) != 1 || strings.ContainsAny(h.Patterns[0].String(), "*?!, ") || seen[h.Patterns[0].String()] {
			w.Errorf("Host %v", h.Patterns)
		}
		seen[h.Patterns[0].String()] = true
		for _, n := range h.Nodes {
			kv, ok := n.(*ssh_config.KV)
			if ok && !slices.Contains([]string{"HostName", "Port", "User", "IdentityFile", "UserKnownHostsFile", "HostKeyAlias"}, kv.Key) {
				w.Errorf("keyword %+q", kv.Key)
			}
		}
	}
	if len(seen) != hosts || len(file.Hosts[0].Nodes) != 0 {
		w.Errorf("%d hosts of %d", len(seen), hosts)
	}
}
