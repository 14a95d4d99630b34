package publish

import (
	"context"
	"slices"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

func TestParsePorts(t *testing.T) {
	for text, want := range map[string][]uint16{
		"": nil, "40022": {40022}, " 40022, 40080 ": {40022, 40080}, "40000-40002;1024": {40000, 40001, 40002, 1024}, "65535": {65535}, "22,443": {22, 443},
	} {
		if got, err := ParsePorts(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for text, says := range map[string]string{
		"0": "run from 1", "0-5": "run from 1", "65536": "no port", "x": "no port", "40002-40000": "no port", "-1": "no port", "40000-": "no port",
		"40000,40000": "twice", "1024-65535": "more than", "a\x1b[31m": "no port",
	} {
		if _, err := ParsePorts(text); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOwnPorts(t *testing.T) {
	p := testPublisher(t)
	standing := []gateway.Forward{testForward(betaID, "192.168.0.12:22", "ssh", 30012)}
	for name, c := range map[string]struct {
		req   Request
		ports []uint16
		kind  gateway.Kind
		says  string
	}{
		"one":                    {Request{Instances: []string{"alpha"}, Ports: []uint16{40022}}, []uint16{40022}, 0, ""},
		"in the order of both":   {Request{Instances: []string{"alpha", "beta"}, Services: []string{"ssh", "http"}, Ports: []uint16{4001, 4002, 4003, 4004}}, []uint16{4001, 4002, 4003, 4004}, 0, ""},
		"instead of where it is": {Request{Instances: []string{"beta"}, Ports: []uint16{40022}, KeepPorts: true}, []uint16{40022}, 0, ""},
		"where it is":            {Request{Instances: []string{"beta"}, Ports: []uint16{30012}}, []uint16{30012}, 0, ""},
		"too few":                {Request{Instances: []string{"alpha", "beta"}, Ports: []uint16{40022}}, nil, gateway.Invalid, "1 port for 2 forwards"},
		"too many":               {Request{Instances: []string{"alpha"}, Ports: []uint16{40022, 40023}}, nil, gateway.Invalid, "2 ports for 1 forward"},
		"another's":              {Request{Instances: []string{"alpha"}, Ports: []uint16{30012}}, nil, gateway.Conflict, "ssh of 192.168.0.12 has this port"},
		"the gateway's own":      {Request{Instances: []string{"alpha"}, Ports: []uint16{9090}}, nil, gateway.Conflict, "node_exporter"},
		"twice":                  {Request{Instances: []string{"alpha"}, Services: []string{"ssh", "http"}, Ports: []uint16{4001, 4001}}, nil, gateway.Conflict, "has this port"},
		"a low one":              {Request{Instances: []string{"alpha"}, Ports: []uint16{80}}, nil, gateway.Invalid, "run from 1024"},
		"to withdraw":            {Request{Instances: []string{"beta"}, Ports: []uint16{30012}, Withdraw: true}, nil, gateway.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshotWith(t, p, standing)
			s.State.Reserved = append(s.State.Reserved, gateway.Reserved{Protocol: gateway.TCP, Port: 9090, By: "node_exporter, which listens on gw-1"})
			got, err := p.Plan(context.Background(), s, c.req)
			if c.ports == nil {
				if err == nil || cloud.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v, want %v %q", err, c.kind, c.says)
				}
				return
			}
			var ports []uint16
			for _, f := range got.Want() {
				ports = append(ports, f.Public.Port())
			}
			if err != nil || !slices.Equal(ports, c.ports) {
				t.Errorf("%v, %v", ports, err)
			}
		})
	}
}
