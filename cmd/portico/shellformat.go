package main

import (
	"strings"

	"portico/gateway"
	"portico/gateway/publish"
)

// shellScript is a plan as a script that can be run as it stands: openstack's client here, and
// what is for the gateway there, as root.
func shellScript(p publish.Proposal) string {
	var b strings.Builder
	b.WriteString("set -e\n")
	there := false
	end := func() {
		if there {
			b.WriteString("PORTICO\n")
		}
		there = false
	}
	for _, c := range p.Plan.Changes() {
		if (c.Host != "") != there {
			end()
			if c.Host != "" {
				b.WriteString(gateway.Quote("ssh", p.Gateway.FloatingIP.String(), "sudo", "sh", "-e", "-s") + " <<'PORTICO'\n")
				there = true
			}
		}
		b.WriteString("# " + c.Target + ": " + c.Title + "\n" + strings.Join(c.Shell, "\n") + "\n")
	}
	end()
	return b.String()
}
