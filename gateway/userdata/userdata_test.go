package userdata

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
)

const subnetID = "11111111-2222-4333-8444-555555555555"

// forwards are so many, three to a VM.
func forwards(n int) []gateway.Forward {
	services := []gateway.Service{{Name: "ssh", Protocol: gateway.TCP, Port: 22}, {Name: "http", Protocol: gateway.TCP, Port: 80}, {Name: "mosh", Protocol: gateway.UDP, Port: 60000}}
	out := make([]gateway.Forward, n)
	for i := range out {
		s := services[i%3]
		addr := netip.AddrFrom4([4]byte{192, 168, byte(1 + i/3/200), byte(10 + i/3%200)})
		out[i] = gateway.Forward{
			Instance: fmt.Sprintf("00000000-0000-4000-8000-%012x", i/3), Service: s, Engine: "nat",
			Public:  netip.AddrPortFrom(netip.MustParseAddr("203.0.113.10"), uint16(30000+1000*(i%3)+i/3)),
			Private: netip.AddrPortFrom(addr, s.Port),
		}
	}
	return out
}

// mapping is a subnet published whole, as a scheme has it: all addresses but those that are left out.
func mapping(t *testing.T, subnet, schemeName string, services []gateway.Service, without ...string) Options {
	t.Helper()
	n := netip.MustParsePrefix(subnet)
	sch, err := scheme.Find(scheme.Builtin(), schemeName)
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := scheme.Addresses(n)
	if err != nil {
		t.Fatal(err)
	}
	var ends []scheme.Endpoint
	for a := range addrs {
		if !slices.Contains(without, a.String()) {
			for _, s := range services {
				ends = append(ends, scheme.Endpoint{Addr: a, Service: s})
			}
		}
	}
	entries, err := scheme.NewLedger(nil, nil).Assign(sch, n, ends)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Covers: []gateway.Cover{{Subnet: subnetID, Whole: true, Services: services, Scheme: sch.Name}}}
	for _, e := range entries {
		o.Forwards = append(o.Forwards, gateway.Forward{
			Subnet: subnetID, Service: e.Service, Engine: "nat",
			Public: netip.AddrPortFrom(netip.IPv4Unspecified(), e.Port), Private: netip.AddrPortFrom(e.Addr, e.Service.Port),
		})
	}
	gateway.SortForwards(o.Forwards)
	return o
}

var web = []gateway.Service{{Name: "ssh", Protocol: gateway.TCP, Port: 22}, {Name: "http", Protocol: gateway.TCP, Port: 80}, {Name: "https", Protocol: gateway.TCP, Port: 443}}

func examples(t *testing.T) map[string]Options {
	t.Helper()
	return map[string]Options{
		"base":       {},
		"named":      {Name: "gw-1"},
		"hostile":    {Name: "gw\n$(touch /tmp/x)\r`id` 'q' \"d\" PORTICO \x1b[2J"},
		"few":        {Forwards: forwards(3)},
		"many":       {Forwards: forwards(2000)},
		"no snat":    {Forwards: forwards(3), NoSNAT: true},
		"whole /24":  mapping(t, "10.20.0.0/24", "per-service", web, "10.20.0.1"),
		"two octets": mapping(t, "10.20.0.0/22", "two-octet", web[:1], "10.20.0.1"),
	}
}

// Every form is a POSIX script, holds no token but those that the script itself replaces, and fits.
func TestScript(t *testing.T) {
	for name, o := range examples(t) {
		t.Run(name, func(t *testing.T) {
			text, err := Script(o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), "boot.sh"); err != nil {
				t.Error(err)
			}
			for word := range strings.SplitSeq(text, "@") {
				if slices.Contains([]string{"TITLE", "WITH", "FILES", "STANDING", "RULES", "RESTORE", "UNITNAME", "TRIES", "PAUSE"}, word) {
					t.Errorf("@%s@ was not replaced", word)
				}
			}
			if strings.Contains(text, unknown.String()) {
				t.Error("the place of the address is not a token")
			}
			if Size(text) > Limit {
				t.Errorf("%d bytes", Size(text))
			}
			config, err := CloudConfig(o)
			if err != nil || !strings.HasPrefix(config, "#cloud-config\n") || Size(config) > Limit {
				t.Errorf("cloud-config: %d bytes, %v", Size(config), err)
			}
			if again, _ := Script(o); again != text {
				t.Error("it is another one each time")
			}
		})
	}
}

// A name is a comment, whatever is in it.
func TestName(t *testing.T) {
	base, err := Script(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x\ntouch /tmp/x", "x\r\ntouch", "x\u2028y", "@RULES@", "`id`", "\x00\x1b]0;x\a"} {
		text, err := Script(Options{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		was, now := strings.Split(base, "\n"), strings.Split(text, "\n")
		if len(was) != len(now) {
			t.Errorf("%q: %d lines, not %d", name, len(now), len(was))
			continue
		}
		for i := range was {
			if was[i] != now[i] && (i != 1 || !strings.HasPrefix(now[i], "# Written by Portico, for ")) {
				t.Errorf("%q: line %d: %q", name, i+1, now[i])
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	o := mapping(t, "10.20.0.0/17", "two-octet", web[:1])
	for _, render := range []func(Options) (string, error){Script, CloudConfig} {
		_, err := render(o)
		if cloud.KindOf(err) != gateway.Invalid || !strings.Contains(err.Error(), "Nova takes 64") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := Script(Options{Forwards: []gateway.Forward{{Instance: "not a UUID"}}}); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("a forward that cannot be: %v", err)
	}
}

// What is packed is what was to be written.
func TestPack(t *testing.T) {
	text := strings.Repeat("-A PORTICO-PREROUTING\n", 5000)
	packed := pack(text)
	if _, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(packed, "\n", "")); err != nil || len(packed) > len(text)/20 {
		t.Errorf("%d bytes, %v", len(packed), err)
	}
}

// TestShellcheck runs where shellcheck is installed, as it is in CI.
func TestShellcheck(t *testing.T) {
	program, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("there is no shellcheck")
	}
	for name, o := range examples(t) {
		text, err := Script(o)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program, "--shell=sh", "-")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
