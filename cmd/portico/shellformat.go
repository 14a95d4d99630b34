package main

import (
	"strings"

	"portico/gateway/publish"
)

// shellScript is a plan as a script that can be run as it stands: openstack's client here, and
// what is for the gateway there, as root.
func shellScript(p publish.Proposal, cfg config) string {
	root := publish.CommandLine(append(cfg.gatewayShell(p.Gateway), "sudo", "sh", "-e", "-s"))
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
				b.WriteString(root + " <<'PORTICO'\n")
				there = true
			}
		}
		b.WriteString("# " + c.Target + ": " + c.Title + "\n" + strings.Join(c.Shell, "\n") + "\n")
	}
	end()
	return b.String()
}
