package userdata

import (
	"strings"
)

// CloudConfig is the same as [Script] for images that have no iptables yet: cloud-init installs it,
// then runs the script. The machine needs a way to its distribution's packages for that.
func CloudConfig(o Options) (string, error) {
	body, err := script(o)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("#cloud-config\n# Written by Portico. It is a gateway's first boot: 'portico gateway user-data --help'\n")
	b.WriteString("package_update: true\npackages:\n- iptables\nwrite_files:\n- path: " + scriptPath + "\n  permissions: '0700'\n")
	if len(body) > Limit/2 {
		b.WriteString("  encoding: gz+b64\n  content: " + strings.ReplaceAll(pack(body), "\n", "") + "\n")
	} else {
		b.WriteString("  content: |\n")
		for line := range strings.Lines(body) {
			b.WriteString("    " + line)
		}
	}
	b.WriteString("runcmd:\n- [sh, " + scriptPath + "]\n")
	return b.String(), checkSize(b.String())
}

// scriptPath is gone with the boot that made it.
const scriptPath = "/run/portico-boot.sh"
