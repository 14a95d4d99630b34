package pair

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/rollback"
)

// Host is one host of a pair, or of one to be, as it was found.
type Host struct {
	Member gateway.Member
	Runner gateway.Runner
	Err    error // why it could not be looked at; the rest is unknown then

	Installed, Systemd bool
	Running, Enabled   bool // our service
	Masked             bool // somebody has forbidden it to start
	Device             string
	Addresses          []netip.Addr      // all that it has
	Files              map[string]string // by path; what is not there has no mode
	Modes              map[string]string // "644"
	Sums               rollback.Sums     // of the rules as the plan saw them, and of our files
	Forwards           int               // that it carries: for an address of its own, or, of a pair that stands, for the shared one
}

const lookScript = `PATH=$PATH:/usr/sbin:/sbin
sec() { printf '\n@@portico %s\n' "$1"; }
unit=$1; shift
sec installed; command -v keepalived
sec systemd; command -v systemctl
sec active; systemctl is-active "$unit"
sec enabled; systemctl is-enabled "$unit"
sec links; ip -o -4 addr show
for f in "$@"; do sec "mode $f"; stat -L -c %a "$f"; sec "file $f"; cat "$f"; done
sec end
exit 0`

// Look reads one host. What fails is noted in it.
func Look(ctx context.Context, m gateway.Member, r gateway.Runner) Host {
	h := Host{Member: m, Runner: r, Files: map[string]string{}, Modes: map[string]string{}}
	res, err := r.Run(ctx, gateway.Command{Args: append([]string{"sh", "-c", lookScript, "portico", nat.SharingUnit}, ourFiles...)})
	if err != nil {
		h.Err = err
		return h
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(res.Stdout), "\n@@portico ") {
		if name, body, ok := strings.Cut(part, "\n"); ok {
			sections[name] = body
		}
	}
	if _, complete := sections["end"]; !complete {
		h.Err = &gateway.Error{Op: "look at", Target: "host " + m.Name, Kind: gateway.Internal, Err: fmt.Errorf("its answer is cut short (exit %d): %s", res.Exit, cloud.Clean(string(res.Stderr)))}
		return h
	}
	has := func(section, what string) bool { return strings.TrimSpace(sections[section]) == what }
	h.Installed, h.Systemd = !has("installed", ""), !has("systemd", "")
	h.Running, h.Enabled = has("active", "active"), has("enabled", "enabled")
	h.Masked = has("enabled", "masked") || has("enabled", "masked-runtime")
	h.Sums.Files = h.readFiles(sections)
	h.readLinks(sections["links"])
	return h
}

// readFiles takes our files from what was printed, and returns their fingerprint.
func (h *Host) readFiles(sections map[string]string) string {
	sum := sha256.New()
	for _, f := range ourFiles {
		h.Files[f], h.Modes[f] = sections["file "+f], strings.TrimSpace(sections["mode "+f])
		_, _ = sum.Write([]byte(h.Files[f]))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// readLinks reads "ip -o -4 addr show".
func (h *Host) readLinks(text string) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "inet" {
			continue
		}
		addr, _, _ := strings.Cut(f[3], "/")
		a, err := netip.ParseAddr(addr)
		if err != nil {
			continue
		}
		h.Addresses = append(h.Addresses, a)
		if name, _, _ := strings.Cut(f[1], "@"); a == h.Member.FixedIP && goodDevice(name) {
			h.Device = name
		}
	}
}

// goodDevice reports whether a network device's name can stand in a configuration file.
func goodDevice(name string) bool {
	return name != "" && len(name) < 16 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

// Active reports whether the host holds an address.
func (h *Host) Active(shared netip.Addr) bool { return slices.Contains(h.Addresses, shared) }

// unfit is why a host cannot be one of a pair; nil when it can.
func (h *Host) unfit() error {
	fail := func(kind gateway.Kind, next, format string, args ...any) error {
		return &gateway.Error{Op: "make a pair with", Target: h.Member.Name, Kind: kind, Err: fmt.Errorf(format, args...), Next: next}
	}
	switch {
	case h.Err != nil:
		return h.Err
	case !h.Systemd:
		return fail(gateway.NotFound, "use a machine with systemd", "it has no systemd to run keepalived")
	case !h.Installed:
		return fail(gateway.NotFound, "install it there, then pair again (Debian, Ubuntu: sudo apt install keepalived; RHEL and its like: sudo dnf install keepalived)", "keepalived is not installed there")
	case h.Masked:
		return fail(gateway.Conflict, "see why, and allow it there: sudo systemctl unmask "+nat.SharingUnit, "somebody has forbidden %s to start there (it is masked)", nat.SharingUnit)
	case h.Device == "":
		return fail(gateway.Conflict, "see where 'gateways' in the configuration file and ~/.ssh/config lead to for this name", "the machine that was reached has no address %s: it is another one", h.Member.FixedIP)
	}
	return nil
}
