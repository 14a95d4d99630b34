package pair

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

// Host is one host of a pair, or of one to be, as it was found.
type Host struct {
	Member gateway.Member
	Runner gateway.Runner
	Err    error // why it could not be looked at; the rest is unknown then

	Installed, Systemd bool
	Running, Enabled   bool // our service
	Device             string
	Addresses          []netip.Addr // all that it has
	Files              map[string]string
	Forwards           int // that it carries: for an address of its own, or, of a pair that stands, for the shared one
}

const lookScript = `PATH=$PATH:/usr/sbin:/sbin
sec() { printf '\n@@portico %s\n' "$1"; }
unit=$1; shift
sec installed; command -v keepalived
sec systemd; command -v systemctl
sec active; systemctl is-active "$unit"
sec enabled; systemctl is-enabled "$unit"
sec links; ip -o -4 addr show
for f in "$@"; do sec "file $f"; cat "$f"; done
sec end
exit 0`

// Look reads one host. What fails is noted in it.
func Look(ctx context.Context, m gateway.Member, r gateway.Runner) Host {
	h := Host{Member: m, Runner: r, Files: map[string]string{}}
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
	for _, f := range ourFiles {
		h.Files[f] = sections["file "+f]
	}
	h.readLinks(sections["links"])
	return h
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
	case h.Device == "":
		return fail(gateway.Conflict, "see where 'gateways' in the configuration file and ~/.ssh/config lead to for this name", "the machine that was reached has no address %s: it is another one", h.Member.FixedIP)
	}
	return nil
}

// step is one change, made of functions.
type step struct {
	change   plan.Change
	do, undo func(ctx context.Context) error
}

func (s *step) Change() plan.Change            { return s.change }
func (s *step) Do(ctx context.Context) error   { return s.do(ctx) }
func (s *step) Undo(ctx context.Context) error { return s.undo(ctx) }

// setScript writes our files, tries the configuration, and starts the service, now and at boot. $1 is the
// unit; then path, mode and text of each file, the configuration first.
const setScript = `PATH=$PATH:/usr/sbin:/sbin
umask 022
unit=$1; shift
put() { mkdir -p "${1%/*}" && printf '%s' "$3" >"$1.new" && chmod "$2" "$1.new" && mv -f "$1.new" "$1" && return 0; rm -f "$1.new"; return 1; }
config=$1
while [ $# -gt 0 ]; do put "$1" "$2" "$3" || exit 1; shift 3; done
keepalived --config-test --use-file "$config" || { echo "keepalived refuses this configuration" >&2; exit 1; }
systemctl daemon-reload && systemctl enable "$unit" && systemctl restart "$unit"`

// dropScript ends the service and removes our files. $1 is the unit, the rest are files.
const dropScript = `unit=$1; shift
if [ -e "/etc/systemd/system/$unit" ]; then systemctl disable --now "$unit" || exit 1; fi
rm -f "$@" || exit 1
rmdir /etc/portico 2>/dev/null
systemctl daemon-reload`

func (h *Host) run(ctx context.Context, script string, args ...string) error {
	res, err := h.Runner.Run(ctx, rollback.Guarded(ctx, gateway.Command{Args: append([]string{"sh", "-c", script, "portico"}, args...)}))
	fail := func(kind gateway.Kind, err error) error {
		return &gateway.Error{Op: "change keepalived on", Target: "host " + h.Member.Name, Kind: kind, Err: err, Next: "see to that on the host (journalctl -u " + nat.SharingUnit + "), then try again"}
	}
	switch {
	case err != nil:
		return fail(cloud.KindOf(err), err)
	case res.Exit != 0:
		return fail(gateway.Internal, fmt.Errorf("exit %d: %s", res.Exit, cloud.Clean(strings.TrimSpace(string(res.Stderr)))))
	}
	return nil
}

// texts are our files on this host: of the pair's host with this number.
func (h *Host) texts(name string, number int, other, shared netip.Addr) map[string]string {
	return map[string]string{pathConfig: configText(name, h.Device, number, h.Member.FixedIP, other, shared), pathHealth: healthText, pathUnit: unitText}
}

var modes = map[string]string{pathConfig: "644", pathHealth: "755", pathUnit: "644"}

func setArgs(files map[string]string) []string {
	args := []string{nat.SharingUnit}
	for _, f := range ourFiles {
		args = append(args, f, modes[f], files[f])
	}
	return args
}

// setStep makes the host share the address; nil when it does.
func (h *Host) setStep(want map[string]string) plan.Step {
	same := h.Running && h.Enabled
	had := false
	for _, f := range ourFiles {
		same = same && h.Files[f] == want[f]
		had = had || h.Files[f] != ""
	}
	if same {
		return nil
	}
	action, before := plan.Create, []string(nil)
	if had {
		action, before = plan.Update, lines(h.Files[pathConfig])
	}
	shell := []string{"mkdir -p /etc/portico"}
	for _, f := range ourFiles {
		shell = append(shell, heredoc(f, want[f])...)
	}
	shell = append(shell, "systemctl daemon-reload", "systemctl enable "+nat.SharingUnit, "systemctl restart "+nat.SharingUnit)
	return &step{
		change: plan.Change{
			ID: "keepalived-" + h.Member.Name, Target: h.Member.Name + " keepalived", Title: "share the address, now and after a reboot", Action: action,
			Before: before, After: lines(want[pathConfig]), Host: h.Member.Name, Shell: shell, Cleanup: dropCommands,
		},
		do: func(ctx context.Context) error { return h.run(ctx, setScript, setArgs(want)...) },
		undo: func(ctx context.Context) error {
			if had && h.Running {
				return h.run(ctx, setScript, setArgs(h.Files)...)
			}
			return h.run(ctx, dropScript, append([]string{nat.SharingUnit}, ourFiles...)...)
		},
	}
}

var dropCommands = []string{"systemctl disable --now " + nat.SharingUnit, "rm -f " + strings.Join(ourFiles, " "), "systemctl daemon-reload"}

// dropStep ends the sharing; nil when there is none.
func (h *Host) dropStep() plan.Step {
	if !h.Running && !slices.ContainsFunc(ourFiles, func(f string) bool { return h.Files[f] != "" }) {
		return nil
	}
	return &step{
		change: plan.Change{
			ID: "keepalived-" + h.Member.Name, Target: h.Member.Name + " keepalived", Title: "no longer share the address", Action: plan.Delete,
			Before: lines(h.Files[pathConfig]), Host: h.Member.Name, Shell: dropCommands, Cleanup: []string{"portico gateway pair makes it again"},
		},
		do: func(ctx context.Context) error {
			return h.run(ctx, dropScript, append([]string{nat.SharingUnit}, ourFiles...)...)
		},
		undo: func(ctx context.Context) error { return h.run(ctx, setScript, setArgs(h.Files)...) },
	}
}

func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// heredoc writes a file, as typed into a shell.
func heredoc(file, text string) []string {
	return slices.Concat([]string{"cat > " + file + " <<'FILE'"}, lines(text), []string{"FILE"})
}
