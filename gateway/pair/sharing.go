package pair

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

// step is one change, made of functions.
type step struct {
	change   plan.Change
	do, undo func(ctx context.Context) error
}

func (s *step) Change() plan.Change            { return s.change }
func (s *step) Do(ctx context.Context) error   { return s.do(ctx) }
func (s *step) Undo(ctx context.Context) error { return s.undo(ctx) }

// putScript begins what writes files: put PATH MODE TEXT writes one whole or not at all.
const putScript = `PATH=$PATH:/usr/sbin:/sbin
umask 022
put() { mkdir -p "${1%/*}" && printf '%s' "$3" >"$1.new" && chmod "$2" "$1.new" && mv -f "$1.new" "$1" && return 0; rm -f "$1.new"; return 1; }
`

// setScript writes our files, tries the configuration, and starts the service, now and at boot. $1 is the
// unit; then path, mode and text of each file, the configuration first.
const setScript = putScript + `unit=$1; shift
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

// backScript makes the service and our files what they were. $1 is the unit, $2 whether it is started at
// boot, $3 whether it runs; then path, mode and text of each file, those that were not there without a mode.
const backScript = putScript + `unit=$1 enabled=$2 running=$3 rc=0; shift 3
[ $enabled = true ] || ! systemctl is-enabled --quiet "$unit" 2>/dev/null || systemctl disable "$unit" || rc=1
[ $running = true ] || ! systemctl is-active --quiet "$unit" || systemctl stop "$unit" || rc=1
while [ $# -gt 0 ]; do
	if [ -n "$2" ]; then put "$1" "$2" "$3"; else rm -f "$1" "$1.new"; fi || rc=1
	shift 3
done
rmdir /etc/portico 2>/dev/null
systemctl daemon-reload || rc=1
[ $enabled = false ] || systemctl enable "$unit" || rc=1
[ $running = false ] || systemctl restart "$unit" || rc=1
exit $rc`

// run runs a script as a part of the change that ctx belongs to. One that comes too late is refused: the
// host has put itself back then.
func (h *Host) run(ctx context.Context, script string, args ...string) error {
	res, err := h.Runner.Run(ctx, rollback.Guarded(ctx, gateway.Command{Args: append([]string{"sh", "-c", script, "portico"}, args...)}))
	fail := func(kind gateway.Kind, err error) error {
		return &gateway.Error{Op: "change keepalived on", Target: "host " + h.Member.Name, Kind: kind, Err: err, Next: "see to that on the host (journalctl -u " + nat.SharingUnit + "), then try again"}
	}
	switch {
	case err != nil:
		return fail(cloud.KindOf(err), err)
	case res.Exit == rollback.Lost:
		return fail(gateway.Stale, errPutBack)
	case res.Exit != 0:
		return fail(gateway.Internal, fmt.Errorf("exit %d: %s", res.Exit, cloud.Clean(strings.TrimSpace(string(res.Stderr)))))
	}
	return nil
}

var errPutBack = errors.New("the host has put itself back, because it heard nothing from this console in time")

// back makes the service and our files on the host what they were. If the host has done so by itself, that
// is as good.
func (h *Host) back(ctx context.Context) error {
	args := []string{nat.SharingUnit, strconv.FormatBool(h.Enabled), strconv.FormatBool(h.Running)}
	for _, f := range ourFiles {
		args = append(args, f, h.Modes[f], h.Files[f])
	}
	err := h.run(rollback.Undoing(ctx), backScript, args...)
	if errors.Is(err, errPutBack) {
		return nil
	}
	return err
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
		had = had || h.Modes[f] != ""
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
		do:   func(ctx context.Context) error { return h.run(ctx, setScript, setArgs(want)...) },
		undo: h.back,
	}
}

var dropCommands = []string{"systemctl disable --now " + nat.SharingUnit, "rm -f " + strings.Join(ourFiles, " "), "systemctl daemon-reload"}

// Shares reports whether the host has anything of a pair's: our service, or a file of it.
func (h *Host) Shares() bool {
	return h.Running || slices.ContainsFunc(ourFiles, func(f string) bool { return h.Modes[f] != "" })
}

// dropStep ends the sharing; nil when there is none.
func (h *Host) dropStep() plan.Step {
	if !h.Shares() {
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
		undo: h.back,
	}
}

func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// heredoc writes a file, as typed into a shell.
func heredoc(file, text string) []string {
	return slices.Concat([]string{"cat > " + file + " <<'FILE'"}, lines(text), []string{"FILE"})
}

// Switch is the host's own rollback of what a pair changes there.
func (h *Host) Switch() *rollback.Switch {
	gw := gateway.Gateway{Name: h.Member.Name, InstanceID: h.Member.InstanceID, PortID: h.Member.PortID, FixedIP: h.Member.FixedIP, FloatingIP: h.Member.FloatingIP}
	return &rollback.Switch{Gateway: gw, Runner: h.Runner, Files: ourFiles}
}
