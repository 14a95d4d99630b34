package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

func TestConfig(t *testing.T) {
	good := `gateway: gw-1
gateways:
  - {name: gw-1, user: debian, port: 2222, no_snat: true}
  - {name: edge, fixed_ip: 192.0.2.1, floating_ip: 203.0.113.1, local: true}
services:
  - {name: jupyter, protocol: tcp, port: 8888}
scheme: ours
schemes:
  - name: ours
    services: [{service: ssh, port: 22, formula: 40000 + n}]
login:
  default: debian
  images: {golden: ops}
`
	tests := map[string]struct{ text, says string }{
		"everything":           {text: good},
		"empty":                {text: ""},
		"unknown key":          {text: "gatway: gw-1\n", says: "gatway"},
		"line and column":      {text: "services:\n  - {name: x, prt: 1}\n", says: "line 2, column 15: there is no key \"prt\" here; did you mean \"port\"?"},
		"not YAML":             {text: "a: [", says: ""},
		"bad service":          {text: "services:\n  - {name: x, protocol: sctp, port: 1}\n", says: "tcp or udp"},
		"nameless gateway":     {text: "gateways:\n  - {user: x}\n", says: "name"},
		"name of two lines":    {text: "gateways:\n  - {name: \"gw\\n#\"}\n", says: "not text"},
		"user like an option":  {text: "gateways:\n  - {name: gw-1, user: -oProxyCommand=x}\n", says: "none that ssh takes"},
		"host like a command":  {text: "gateways:\n  - {name: gw-1, host: \"`x`\"}\n", says: "none that ssh takes"},
		"login like an option": {text: "login: {images: {golden: -oProxyCommand=x}}\n", says: "none that ssh takes"},
		"unknown scheme":       {text: "scheme: theirs\n", says: "theirs"},
		"bad formula":          {text: "schemes:\n  - name: ours\n    services: [{service: ssh, port: 22, formula: 40000 + z}]\n", says: "40000 + z"},
		"scheme twice":         {text: "schemes:\n  - name: per-service\n    services: [{service: ssh, port: 22, formula: 40000 + n}]\n", says: "already"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			a := newApp(os.Stdin, os.Stdout, os.Stderr)
			a.flags.config = path
			c, err := a.loadConfig()
			if err == nil {
				_, err = a.options(c)
			}
			valid := tt.text == "" || tt.text == good
			x := cloud.Explain(err)
			if valid != (err == nil) || !strings.Contains(x.What+x.Why, tt.says) {
				t.Errorf("got %v, want a word about %q", err, tt.says)
			}
			if err != nil && a.exitCode(err) == exitDone {
				t.Error("an error ends with exit code 0")
			}
		})
	}
}

func TestConfigIsUsed(t *testing.T) {
	c, _, err := readConfig([]byte("scheme: interleaved\nservices: [{name: jupyter, protocol: tcp, port: 8888}]\ngateway: gw-9\n"))
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	o, err := a.options(c)
	if err != nil {
		t.Fatal(err)
	}
	if o.Schemes[0].Name != "interleaved" || len(o.Schemes) != 4 || o.Gateway != "gw-9" {
		t.Errorf("options: %v, gateway %q", o.Schemes, o.Gateway)
	}
	if last := o.Services[len(o.Services)-1]; last != (gateway.Service{Name: "jupyter", Protocol: gateway.TCP, Port: 8888}) {
		t.Errorf("service: %v", last)
	}
	a.flags.gateway = "gw-1"
	if o, _ := a.options(c); o.Gateway != "gw-1" {
		t.Errorf("--gateway loses to the file: %q", o.Gateway)
	}
}

func TestMissingConfig(t *testing.T) {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.flags.config = filepath.Join(t.TempDir(), "none.yaml")
	if _, err := a.loadConfig(); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("a file that was named and is not there: %v", err)
	}
}
