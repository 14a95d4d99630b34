package nat

import (
	"slices"
	"strings"

	"portico/gateway/plan"
)

// packageOf says which package has a program, by what installs packages: apt-get's name first, then the
// others'. What is not listed is called as its program, or is there on any machine.
var packageOf = map[string][2]string{
	"iptables": {"iptables", "iptables-nft"}, "iptables-save": {"iptables", "iptables-nft"}, "iptables-restore": {"iptables", "iptables-nft"},
	"ss": {"iproute2", "iproute"}, "flock": {"util-linux", "util-linux"}, "setsid": {"util-linux", "util-linux"},
	"sha256sum": {"coreutils", "coreutils"}, "conntrack": {"conntrack", "conntrack-tools"},
}

// install is the command that installs programs on a gateway, as far as one can know.
func (o *observed) install(programs []string) string {
	debian := o.packages == "" || o.packages == "apt-get"
	var names []string
	for _, p := range programs {
		name := p
		if n, ok := packageOf[p]; ok && debian {
			name = n[0]
		} else if ok {
			name = n[1]
		}
		if (o.packages == "apk" || o.packages == "pacman" || o.packages == "zypper") && name == "iptables-nft" {
			name = "iptables"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	command := map[string]string{"dnf": "dnf install", "yum": "yum install", "zypper": "zypper install", "apk": "apk add", "pacman": "pacman -S"}[o.packages]
	switch {
	case command != "":
	case o.packages == "":
		command = "Debian: apt install"
	default:
		command = "apt install"
	}
	return command + " " + strings.Join(names, " ")
}

// lackWarnings tell of what a gateway could do with.
func (e *Engine) lackWarnings(seen *observed) []plan.Warning {
	if !e.Prepare || !slices.Contains(seen.lacking, "conntrack") {
		return nil
	}
	return []plan.Warning{{
		Title:  "it has no conntrack",
		Detail: "when a UDP forward leads elsewhere, flows that stand go on to where it led before; " + seen.install([]string{"conntrack"}),
	}}
}
