package scheme

import (
	"net/netip"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

func TestCheck(t *testing.T) {
	half, err := New(Config{Name: "half", Services: []ServiceConfig{{Service: "ssh", Port: 22, Formula: "30000 + n/2"}}})
	if err != nil {
		t.Fatal(err)
	}
	sshd := []gateway.Reserved{{Protocol: gateway.TCP, Port: 30022, By: "sshd"}, {Protocol: gateway.UDP, Port: 30023, By: "ntpd"}}
	cases := []struct {
		name     string
		scheme   *Scheme
		subnet   string
		reserved []gateway.Reserved
		hazards  []Hazard
		want     []ProblemKind
		detail   string
		count    int
	}{
		{name: "all well", scheme: byName(t, ""), subnet: "192.168.0.0/24"},
		{name: "reserved", scheme: byName(t, ""), subnet: "192.168.0.0/24", reserved: sshd, want: []ProblemKind{Taken},
			detail: "ssh of 192.168.0.22 would get tcp/30022, which sshd has", count: 1},
		{name: "collisions", scheme: byName(t, ""), subnet: "10.0.0.0/22", want: []ProblemKind{Collision},
			detail: "ssh of 10.0.3.233 and http of 10.0.0.1 both get tcp/31001", count: 2 * 22},
		{name: "out of range", scheme: byName(t, "two-octet"), subnet: "10.0.138.0/23", want: []ProblemKind{OutOfRange},
			detail: "ssh of 10.0.138.208 would get 65536", count: 2 * (48 + 255)},
		{name: "not whole", scheme: half, subnet: "10.0.0.0/30", want: []ProblemKind{NoPort}, detail: "30000.5", count: 1},
		{name: "node ports", scheme: byName(t, ""), subnet: "10.0.0.0/30", hazards: []Hazard{NodePorts}, want: []ProblemKind{Warning},
			detail: "ssh of 10.0.0.1 on tcp/30001; http of 10.0.0.1 on tcp/31001; https of 10.0.0.1 on tcp/32001; and 3 more", count: 6},
		{name: "local ports do not reach down", scheme: byName(t, ""), subnet: "192.168.0.0/24", hazards: []Hazard{LocalPorts(32768, 60999)}},
		{name: "local ports", scheme: byName(t, ""), subnet: "10.0.0.0/30", hazards: []Hazard{LocalPorts(32002, 60999)}, want: []ProblemKind{Warning},
			detail: "https of 10.0.0.2 on tcp/32002", count: 1},
		{name: "too large", scheme: byName(t, ""), subnet: "10.0.0.0/8", want: []ProblemKind{Unusable}, detail: "16777216 addresses", count: 1},
		{name: "IPv6", scheme: byName(t, ""), subnet: "2001:db8::/64", want: []ProblemKind{Unusable}, detail: "IPv4", count: 1},
		{name: "range", scheme: byName(t, "next-free"), subnet: "10.0.0.0/8", reserved: sshd},
		{name: "range and node ports", scheme: &Scheme{Name: "r", Range: Range{29999, 30001}}, subnet: "10.0.0.0/8", hazards: []Hazard{NodePorts},
			want: []ProblemKind{Warning}, detail: "30000-30001", count: 2},
		{name: "full range", scheme: &Scheme{Name: "r", Range: Range{30022, 30022}}, subnet: "10.0.0.0/8", reserved: sshd,
			want: []ProblemKind{Taken}, detail: "all 1 ports are taken", count: 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.scheme.Check(netip.MustParsePrefix(c.subnet), c.reserved, c.hazards...)
			if len(got) != len(c.want) {
				t.Fatalf("problems: %+v, want kinds %v", got, c.want)
			}
			for i, p := range got {
				if p.Kind != c.want[i] || !strings.Contains(p.Detail, c.detail) || p.Count != c.count || p.Fatal() == (p.Kind == Warning) {
					t.Errorf("problem %+v, want kind %v, count %d and %q", p, c.want[i], c.count, c.detail)
				}
			}
		})
	}
}

func TestOwnSchemes(t *testing.T) {
	service := func(formula string) []ServiceConfig {
		return []ServiceConfig{{Service: "ssh", Port: 22, Formula: formula}}
	}
	two := append(service("30000+n"), service("31000+n")...)
	cases := []struct {
		name string
		in   Config
		err  string // "" when it is valid
	}{
		{"arithmetic", Config{Name: "own", Services: service("30000 + (oct1+oct2+oct3+oct4+x+y) % 7 * 10 - -n")}, ""},
		{"choice", Config{Name: "own", Services: service("n < 100 and n != 7 ? 30000+n : 40000+n")}, ""},
		{"range", Config{Name: "own", First: 40000, Last: 40100}, ""},
		{"same port", Config{Name: "own", Services: []ServiceConfig{{Service: "mosh", Protocol: "udp", SamePort: true, Formula: "60000+n"}}}, ""},
		{"no name", Config{Services: service("30000+n")}, "a name is"},
		{"bad name", Config{Name: "Own\x1b[31m", Services: service("30000+n")}, "a name is"},
		{"nothing", Config{Name: "own"}, "neither services nor a range"},
		{"both", Config{Name: "own", First: 40000, Last: 40100, Services: service("30000+n")}, "one or the other"},
		{"low range", Config{Name: "own", First: 80, Last: 40100}, "not within the ports"},
		{"range backwards", Config{Name: "own", First: 40100, Last: 40000}, "not within the ports"},
		{"name of a built-in", Config{Name: "per-service", Services: service("30000+n")}, "already one"},
		{"service twice", Config{Name: "own", Services: two}, "there twice"},
		{"too many", Config{Name: "own", Services: make([]ServiceConfig, 65)}, "64 are the most"},
		{"protocol", Config{Name: "own", Services: []ServiceConfig{{Service: "a", Protocol: "sctp", Port: 1, Formula: "n"}}}, "tcp or udp"},
		{"service name", Config{Name: "own", Services: []ServiceConfig{{Service: "a b", Port: 1, Formula: "n"}}}, "a service's name"},
		{"no port", Config{Name: "own", Services: []ServiceConfig{{Service: "a", Formula: "n"}}}, "port on the instance is missing"},
		{"port and same port", Config{Name: "own", Services: []ServiceConfig{{Service: "a", Port: 1, SamePort: true, Formula: "n"}}}, "although"},
		{"empty formula", Config{Name: "own", Services: service(" ")}, "it is empty"},
		{"long formula", Config{Name: "own", Services: service("n" + strings.Repeat("+n", 100))}, "longer than 200"},
		{"syntax", Config{Name: "own", Services: service("30000 + ")}, "at character"},
		{"unknown variable", Config{Name: "own", Services: service("30000 + m")}, "at character 9: unknown name m"},
		{"string", Config{Name: "own", Services: service(`30000 + "n"`)}, "at character"},
		{"function", Config{Name: "own", Services: service("max(n, 3)")}, "at character 1"},
		{"loop", Config{Name: "own", Services: service("sum(1..1000000000)")}, "at character"},
		{"list", Config{Name: "own", Services: service("len(map(1..9, 1))")}, "at character"},
		{"range operator", Config{Name: "own", Services: service("(1..n)[0]")}, "cannot be used"},
		{"power", Config{Name: "own", Services: service("2 ** n")}, "operator ** cannot be used"},
		{"environment", Config{Name: "own", Services: service(`$env["n"]`)}, "at character"},
		{"fraction", Config{Name: "own", Services: service("30000 + 1.5 * n")}, "at character 9: only whole numbers"},
		{"variable", Config{Name: "own", Services: service("let a = n; a + a")}, "at character"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			all, err := All([]Config{c.in})
			switch {
			case c.err == "" && err != nil:
				t.Fatal(err)
			case c.err == "":
				if got, err := Find(all, c.in.Name); err != nil || got.From != "the configuration file" {
					t.Errorf("Find: %+v, %v", got, err)
				}
			case err == nil || !strings.Contains(err.Error(), c.err) || cloud.KindOf(err) != gateway.Invalid:
				t.Errorf("error is %v, want Invalid with %q", err, c.err)
			case strings.ContainsRune(err.Error(), '\n') || strings.ContainsRune(err.Error(), '\x1b'):
				t.Errorf("error is not one clean line: %q", err)
			}
		})
	}
}

func TestFormulaResults(t *testing.T) {
	cases := []struct{ name, formula, err string }{
		{"whole quotient", "n / 11 + 30000", ""},
		{"fraction", "n / 7 + 30000", "not a whole number"},
		{"division by zero", "30000 / (n - 11)", "divides by zero"},
		{"remainder by zero", "30000 % (n - 11)", "divide by zero"},
		{"truth", "n == 11", "true, which is not a number"},
		{"low", "n", "gives 11, which is outside"},
		{"negative", "-30000 - n", "gives -30011, which is outside"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(Config{Name: "own", Services: []ServiceConfig{{Service: "ssh", Port: 22, Formula: c.formula}}})
			if err != nil {
				t.Fatal(err)
			}
			port, err := s.Port(lan, netip.MustParseAddr("192.168.0.11"), ssh)
			if c.err == "" && (err != nil || port != 30001) {
				t.Errorf("port %d, %v; want 30001", port, err)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("port %d, error %v; want %q", port, err, c.err)
			}
		})
	}
}

func TestFindNamesWhatThereIs(t *testing.T) {
	_, err := Find(Builtin(), "perservice")
	if cloud.KindOf(err) != gateway.NotFound || !strings.Contains(err.Error(), "per-service, interleaved, two-octet, next-free") {
		t.Errorf("error is %v", err)
	}
}
