package publish

import (
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway/plan"
)

// Form is a way of writing down a plan, to be read or to be run by hand.
type Form string

// The forms.
const (
	RulesForm     Form = "rules"     // what iptables-restore gets
	ShellForm     Form = "shell"     // a script that does all of it
	OpenStackForm Form = "openstack" // a script that does what is in the cloud
)

// Text is the proposal in a form, ending with a line feed. It is "" for a form in which there is
// nothing to do.
func (p Proposal) Text(f Form) string {
	changes := p.Plan.Changes()
	switch f {
	case RulesForm:
		return rulesText(changes)
	case ShellForm:
		return p.shellText(changes)
	case OpenStackForm:
		return openStackText(changes)
	}
	return ""
}

// RestoreInput is what iptables-restore gets for a change; ok is false for one of another kind.
func RestoreInput(c plan.Change) (lines []string, ok bool) {
	if end := slices.Index(c.Shell, "COMMIT"); end > 0 && strings.HasPrefix(c.Shell[0], "iptables-restore ") {
		return c.Shell[1 : end+1], true
	}
	return nil, false
}

func rulesText(changes []plan.Change) string {
	var b strings.Builder
	for _, c := range changes {
		if lines, ok := RestoreInput(c); ok {
			b.WriteString(remark(c) + strings.Join(lines, "\n") + "\n")
		}
	}
	return b.String()
}

// shellText is a script that can be run as it stands: openstack's client here, and what is for the
// gateway there, as root.
func (p Proposal) shellText(changes []plan.Change) string {
	if len(changes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("set -e\n")
	there := ""
	end := func() {
		if there != "" {
			b.WriteString("PORTICO\n")
		}
		there = ""
	}
	for _, c := range changes {
		if c.Host != there {
			end()
			if there = c.Host; onHost(c) {
				b.WriteString(CommandLine(append(slices.Clone(p.shells[c.Host]), "sudo", "sh", "-e", "-s")) + " <<'PORTICO'\n")
			}
		}
		b.WriteString(remark(c) + strings.Join(c.Shell, "\n") + "\n")
	}
	end()
	return b.String()
}

// openStackText is a script for openstack's own client. What only the gateway can do is named in
// remarks, at its place in the order.
func openStackText(changes []plan.Change) string {
	if !slices.ContainsFunc(changes, func(c plan.Change) bool { return !onHost(c) }) {
		return ""
	}
	var b strings.Builder
	b.WriteString("set -e\n")
	for _, c := range changes {
		if onHost(c) {
			b.WriteString("# not in the cloud: " + strings.TrimPrefix(remark(c), "# "))
			continue
		}
		b.WriteString(remark(c) + strings.Join(c.Shell, "\n") + "\n")
	}
	return b.String()
}

// remark is what a change is about, as a line that a shell passes over.
func remark(c plan.Change) string { return "# " + cloud.Clean(c.Target+": "+c.Title) + "\n" }
