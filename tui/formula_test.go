package tui

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/scheme"
	"portico/tui/effects/effectstest"
)

// subnetted is the small project with its subnet.
func subnetted() *effectstest.Backend {
	b := effectstest.Project()
	b.Project.Subnets = []cloud.Subnet{{ID: "sub", Name: "lab-v4", NetworkID: "net", CIDR: netip.MustParsePrefix("192.168.0.0/24")}}
	b.Project.Ports = slices.Clone(b.Project.Ports)
	for i, p := range b.Project.Ports {
		b.Project.Ports[i].FixedIPs = []cloud.FixedIP{{SubnetID: "sub", Addr: p.FixedIPs[0].Addr}}
	}
	return b
}

// A formula is computed while it is typed, saved by a name, and from then on one of the schemes.
func TestFormulaInTheConsole(t *testing.T) {
	d := drive(t, subnetted(), 120, 40)
	var saved scheme.Config
	d.root.o.Keep = func(c scheme.Config) (string, []scheme.Scheme, error) {
		if saved.Name != "" {
			return "", nil, &gateway.Error{Op: "save", Kind: gateway.Permission, Err: errors.New("nobody may write it")}
		}
		saved = c
		all, err := scheme.All([]scheme.Config{c})
		return "/etc/portico.yaml", all, err
	}
	d.start()
	d.keys("down", "down", "p")
	d.settle()
	d.keys("up", "up", "up", "up", "up", "up", "up")
	d.keys("41000+n")
	d.settle()
	d.shows("✓ ssh 41001-41254 for 254 addresses", "→ 41012")
	d.keys("down", "ours", "ctrl+s")
	d.settle()
	d.shows("saved as scheme ours in /etc/portico.yaml", "( ) ours")
	if saved.Name != "ours" || len(saved.Services) != 1 || saved.Services[0].Formula != "41000+n" {
		t.Errorf("saved %+v", saved)
	}
	d.keys("ctrl+s")
	d.settle()
	d.shows("not saved: nobody may write it")
}

// The form for whole subnets lets in the operator alone, and shows the ports that it asks for.
func TestSubnetForMyAddressOnly(t *testing.T) {
	d := drive(t, subnetted(), 120, 40).start()
	d.keys("N")
	d.settle()
	d.keys("up", "me")
	d.settle()
	d.shows("me is 198.51.100.7", "public tcp ports of gw-1")
	d.keys("enter")
	d.settle()
	d.shows("No changes") // the backend plans for instances alone
}
