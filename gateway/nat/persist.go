package nat

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

// The files of ours on a gateway, all written by root and readable by all: they hold rules,
// no secrets.
const (
	pathRules   = "/etc/portico/rules.v4"
	pathRestore = "/etc/portico/restore.sh"
	pathSysctl  = "/etc/sysctl.d/60-portico.conf"
	unitName    = "portico.service"
	pathUnit    = "/etc/systemd/system/" + unitName
)

var ourFiles = []string{pathRules, pathRestore, pathSysctl, pathUnit, pathPrepared}

const restoreText = `#!/bin/sh
# Written by Portico. Puts its forwards back after a boot; withdrawing the last one removes this.
set -e
PATH=$PATH:/usr/sbin:/sbin
iptables-restore --noflush -w 10 < ` + pathRules + `
jump() {
  iptables -w 10 -t "$1" -C "$2" -j "PORTICO-$2" 2>/dev/null || iptables -w 10 -t "$1" -I "$2" 1 -j "PORTICO-$2"
}
`

const unitText = `[Unit]
Description=Portico forwards
After=network-pre.target netfilter-persistent.service ufw.service firewalld.service docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ` + pathRestore + `

[Install]
WantedBy=multi-user.target
`

// writeFile defines put PATH MODE: standard input becomes the file, at once and completely.
const writeFile = `put() {
	mkdir -p "${1%/*}" && cat > "$1.new" && chmod "$2" "$1.new" && { sync "$1.new" 2>/dev/null; mv -f "$1.new" "$1"; } && return 0
	rm -f "$1.new"
	return 1
}
`

const forwardingScript = writeFile + `umask 022
PATH=$PATH:/usr/sbin:/sbin
printf '%s' "$2" | put "$1" 644 && sysctl -q -w net.ipv4.ip_forward=1`

const forwardingUndo = `PATH=$PATH:/usr/sbin:/sbin
rm -f "$1" "$1.new"
[ "$2" = 1 ] || sysctl -q -w net.ipv4.ip_forward="$2"`

// filesScript makes our files what they should be. $1 is the unit and $2 says whether it starts at
// boot: enable, disable, or "" where there is no systemd. Then follow path, mode and text of each
// file: "-" is standard input, "sed:SUM" is to be edited by the script there, and "" is no file.
const filesScript = writeFile + editScript + `umask 022
unit=$1 boot=$2; shift 2
if [ "$boot" = disable ] && [ -e "/etc/systemd/system/$unit" ]; then systemctl disable "$unit" || exit 1; fi
while [ $# -gt 0 ]; do
	case $3 in
	"") rm -f "$1" "$1.new" || exit 1 ;;
	-) put "$1" "$2" || exit 1 ;;
	sed:*) edit "$1" "$2" "${3#sed:}" || exit 1 ;;
	*) printf '%s' "$3" | put "$1" "$2" || exit 1 ;;
	esac
	shift 3
done
rmdir /etc/portico 2>/dev/null
[ -n "$boot" ] || exit 0
systemctl daemon-reload || exit 1
[ "$boot" != enable ] || systemctl enable "$unit"`

func forwardingBefore(seen *observed) string {
	if seen.forwarding {
		return "1"
	}
	return "0"
}

// sysctlText is the file that keeps forwarding on: as it stands, else a new one that remembers how
// it was.
func sysctlText(seen *observed) string {
	if had := seen.files[pathSysctl]; had != "" {
		return had
	}
	return fmt.Sprintf(sysctlForm, forwardingBefore(seen))
}

// sysctlForm is that file; it remembers how it was before.
const (
	sysctlBefore = "Before it, net.ipv4.ip_forward was "
	sysctlForm   = "# Written by Portico. " + sysctlBefore + "%s.\nnet.ipv4.ip_forward = 1\n"
)

// forwardingStep turns IP forwarding on, now and after every boot; nil when it is so.
func (e *Engine) forwardingStep(seen *observed) *hostStep {
	had := seen.files[pathSysctl]
	if seen.forwarding && had != "" {
		return nil
	}
	before, text := forwardingBefore(seen), sysctlText(seen)
	action, was := plan.Create, []string(nil)
	if !seen.forwarding {
		action, was = plan.Update, []string{"net.ipv4.ip_forward = 0"}
	}
	return &hostStep{
		change: plan.Change{
			ID: "forwarding", Target: e.Gateway.Name + " sysctl", Title: "IP forwarding on, also after a reboot", Action: action,
			Before: was, After: []string{"net.ipv4.ip_forward = 1", pathSysctl},
			Host:    e.Gateway.Name,
			Shell:   append(heredoc("cat > "+pathSysctl, text), "sysctl -w net.ipv4.ip_forward=1"),
			Cleanup: []string{"rm -f " + pathSysctl, "sysctl -w net.ipv4.ip_forward=" + before},
		},
		do: func(ctx context.Context) error { return e.script(ctx, forwardingScript, nil, pathSysctl, text) },
		undo: func(ctx context.Context) error {
			if had != "" {
				return e.script(ctx, forwardingScript+"\nsysctl -q -w net.ipv4.ip_forward=0", nil, pathSysctl, had)
			}
			return e.script(ctx, forwardingUndo, nil, pathSysctl, before)
		},
	}
}

// persistStep makes the rules survive a reboot, or forgets them when none are left; nil when
// the files are as they should be.
func (e *Engine) persistStep(seen *observed, layouts ...netfilter.Layout) *hostStep {
	if len(layouts[0].Chains) == 0 {
		return e.forgetStep(seen)
	}
	rules, restore := bootFiles(layouts)
	prepared := e.preparedFile(seen)
	same := seen.files[pathRules] == rules && seen.files[pathRestore] == restore && seen.files[pathPrepared] == prepared
	if seen.systemd {
		same = same && seen.files[pathUnit] == unitText && seen.enabled
	}
	if same {
		return nil
	}
	unit, after := "", []string{pathRules, pathRestore}
	edit := editFile(seen.files[pathRules], rules)
	shell := append([]string{"mkdir -p /etc/portico"}, heredoc("cat > "+pathRules, rules)...)
	if edit != nil {
		shell = edit.shell(pathRules)
	}
	shell = append(append(shell, heredoc("cat > "+pathRestore, restore)...), "chmod 755 "+pathRestore)
	if seen.systemd {
		unit, after = unitText, append(after, unitName+" enabled")
		shell = append(append(shell, heredoc("cat > "+pathUnit, unitText)...), "systemctl daemon-reload", "systemctl enable "+unitName)
	}
	if prepared != seen.files[pathPrepared] && prepared != "" {
		after, shell = append(after, pathPrepared), append(shell, heredoc("cat > "+pathPrepared, prepared)...)
	}
	action, cleanup := plan.Create, forgetCommands
	if old := seen.files[pathRules]; old != "" {
		action, cleanup = plan.Update, heredoc("cat > "+pathRules, old)
		if back := editFile(rules, old); back != nil {
			cleanup = back.shell(pathRules)
		}
		cleanup = append(cleanup, heredoc("cat > "+pathRestore, seen.files[pathRestore])...)
	}
	return &hostStep{
		change: plan.Change{ID: "persist", Target: e.Gateway.Name + " files", Title: "keep the rules over a reboot", Action: action, After: after, Host: e.Gateway.Name, Shell: shell, Cleanup: cleanup},
		do: func(ctx context.Context) error {
			return e.editFiles(ctx, edit, seen.systemd, true, map[string]string{pathRules: rules, pathRestore: restore, pathUnit: unit, pathSysctl: sysctlText(seen), pathPrepared: prepared})
		},
		undo: func(ctx context.Context) error { return e.restoreFiles(ctx, seen) },
	}
}

// forgetCommands is forgetting as typed by hand.
var forgetCommands = []string{"systemctl disable " + unitName, "rm -f " + strings.Join(ourFiles, " "), "rmdir /etc/portico", "systemctl daemon-reload"}

// keptCommands writes our files as they were, by hand.
func keptCommands(seen *observed) []string {
	out := []string{"mkdir -p /etc/portico"}
	for _, f := range ourFiles {
		if text := seen.files[f]; text != "" {
			out = append(out, heredoc("cat > "+f, text)...)
		}
	}
	if seen.enabled {
		out = append(out, "systemctl daemon-reload", "systemctl enable "+unitName)
	}
	return out
}

func (e *Engine) forgetStep(seen *observed) *hostStep {
	var had []string
	for _, f := range ourFiles {
		if seen.files[f] != "" {
			had = append(had, f)
		}
	}
	if len(had) == 0 {
		return nil
	}
	return &hostStep{
		change: plan.Change{
			ID: "persist", Target: e.Gateway.Name + " files", Title: "forget the rules kept over a reboot", Action: plan.Delete, Before: had,
			Host: e.Gateway.Name, Shell: forgetCommands, Cleanup: keptCommands(seen),
		},
		do:   func(ctx context.Context) error { return e.writeFiles(ctx, seen.systemd, false, nil) },
		undo: func(ctx context.Context) error { return e.writeFiles(ctx, seen.systemd, seen.enabled, seen.files) },
	}
}

// writeFiles makes our files these, and no others.
func (e *Engine) writeFiles(ctx context.Context, systemd, enabled bool, files map[string]string) error {
	return e.editFiles(ctx, nil, systemd, enabled, files)
}

// editFiles does so by editing the rules where an edit is given.
func (e *Engine) editFiles(ctx context.Context, edit *fileEdit, systemd, enabled bool, files map[string]string) error {
	boot, stdin := "", files[pathRules]
	if systemd {
		boot = map[bool]string{true: "enable", false: "disable"}[enabled]
	}
	args := []string{unitName, boot}
	for _, f := range ourFiles {
		mode, text := "644", files[f]
		if f == pathRestore {
			mode = "755"
		}
		switch {
		case f == pathRules && edit != nil:
			text, stdin = edit.argument(), edit.script
		case f == pathRules && text != "":
			text = "-" // it may be larger than an argument can be
		}
		args = append(args, f, mode, text)
	}
	return e.script(ctx, filesScript, []byte(stdin), args...)
}

// restoreFiles brings our files back to what an observation saw, but for the one that turns
// forwarding on: that is its own step's.
func (e *Engine) restoreFiles(ctx context.Context, seen *observed) error {
	files := maps.Clone(seen.files)
	files[pathSysctl] = sysctlText(seen)
	return e.writeFiles(ctx, seen.systemd, seen.enabled, files)
}

// bootFiles renders what puts the layouts back at boot. Jumps are ensured one by one there,
// because the rules of others may or may not have been restored before.
func bootFiles(layouts []netfilter.Layout) (rules, restore string) {
	var r, s strings.Builder
	s.WriteString(restoreText)
	for _, l := range layouts {
		r.WriteString(l.Declare())
		for _, j := range l.Jumps {
			fmt.Fprintf(&s, "jump %s %s\n", l.Table, j.From)
		}
	}
	return r.String(), s.String()
}

// script runs a shell script of ours on the gateway with arguments, never with text of others
// put into it.
func (e *Engine) script(ctx context.Context, script string, stdin []byte, args ...string) error {
	res, err := e.Runner.Run(ctx, rollback.Guarded(ctx, gateway.Command{Args: append([]string{"sh", "-c", script, "portico"}, args...), Stdin: stdin}))
	switch {
	case err != nil:
		return e.failed("change files of", err)
	case res.Exit == rollback.Lost:
		return &gateway.Error{Op: "change files of", Target: "gateway " + e.Gateway.Name, Kind: gateway.Stale, Err: errPutBack}
	case res.Exit == 1 && len(res.Stderr) == 0:
		return &gateway.Error{Op: "change files of", Target: "gateway " + e.Gateway.Name, Kind: gateway.Conflict, Err: errBusy, Next: "try again in a moment"}
	case res.Exit != 0:
		said := cloud.Clean(strings.TrimSpace(string(res.Stderr)))
		return &gateway.Error{
			Op: "change files of", Target: "gateway " + e.Gateway.Name, Kind: gateway.Internal, Err: fmt.Errorf("exit %d: %s", res.Exit, said), Next: advice(said),
		}
	}
	return nil
}

// advice is what to do about what a program on the gateway said.
func advice(said string) string {
	if strings.Contains(said, "No space left on device") {
		return "make room on the gateway's disk, then try again"
	}
	return "see to that on the gateway, then try again"
}
