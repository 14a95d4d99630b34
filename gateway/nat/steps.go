package nat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
	"portico/gateway/rollback"
)

// hostStep is one change on the gateway.
type hostStep struct {
	change   plan.Change
	do, undo func(ctx context.Context) error
}

func (s *hostStep) Change() plan.Change          { return s.change }
func (s *hostStep) Do(ctx context.Context) error { return s.do(ctx) }

// Undo takes the change back. If the gateway has done so by itself, that is as good.
func (s *hostStep) Undo(ctx context.Context) error {
	err := s.undo(rollback.Undoing(ctx))
	if errors.Is(err, errPutBack) {
		return nil
	}
	return err
}

// Exit codes of applyScript that are not iptables-restore's own.
const (
	exitStale = 75
	exitTest  = 76
)

// errPutBack says that the gateway has put its own part back already: there is nothing to undo.
var errPutBack = errors.New("the gateway has put itself back, because it heard nothing from this console in time")

var errBusy = errors.New("somebody else has been changing it for 20 s")

// applyScript restores one table if it still is as the plan saw it, and prints the fingerprint it
// has afterwards. $1 is the table, $2 its
// fingerprint; the rules come on standard input and are tried before they are used. $3 is the
// gateway's address and the rest are UDP ports whose flows are forgotten: the kernel takes rules
// for a flow's first packet only, and a UDP flow that keeps talking never ends.
const applyScript = `PATH=$PATH:/usr/sbin:/sbin
sum() { ` + sumPipe + `; }
have=$(sum "$1")
if [ "${have%% *}" != "$2" ]; then echo "the rules have changed since the plan was made" >&2; exit 75; fi
rules=$(cat)
printf '%s\n' "$rules" | iptables-restore --noflush --counters -w 10 --test || exit 76
printf '%s\n' "$rules" | iptables-restore --noflush --counters -w 10 || exit $?
sum "$1"
addr=$3; shift 3
forget() { conntrack -D -p udp --orig-dst "$addr" --orig-port-dst "$1" >/dev/null 2>&1; }
for port in "$@"; do
case $port in
*-*) for p in $(conntrack -L -p udp --orig-dst "$addr" 2>/dev/null | sed -n 's/^[^=]*=[^=]*=[^=]*=[^=]*=\([0-9]*\).*/\1/p' | sort -u); do
	if [ "$p" -ge "${port%-*}" ] && [ "$p" -le "${port#*-}" ]; then forget "$p"; fi; done ;;
*) forget "$port" ;;
esac
done
exit 0`

// restoreStep turns our part of one table into the layout by one restore, and forgets the flows of
// these UDP ports; nil when it is so.
func (e *Engine) restoreStep(seen *observed, want netfilter.Layout, udp ...string) *hostStep {
	patch := netfilter.Diff(seen.rules, want)
	if patch.Empty() {
		return nil
	}
	before := ownLayout(seen.rules, want)
	action := plan.Update
	switch {
	case len(before.Chains) == 0:
		action = plan.Create
	case len(want.Chains) == 0:
		action = plan.Delete
	}
	shell := heredoc("iptables-restore --noflush --counters -w 10", patch.Restore)
	for _, port := range udp {
		shell = append(shell, e.forgetting(port))
	}
	c := plan.Change{
		ID: "rules-" + want.Table, Target: e.Gateway.Name + " iptables " + want.Table,
		Title: ruleCount(len(patch.Added), len(patch.Removed)), Action: action,
		Before: patch.Removed, After: patch.Added, Host: e.Gateway.Name,
		Shell:   shell,
		Cleanup: heredoc("iptables-restore --noflush --counters -w 10", patch.Undo),
	}
	touched, sum := false, ""
	return &hostStep{
		change: c,
		do: func(ctx context.Context) error {
			var err error
			sum, err = e.restore(ctx, want.Table, seen.sums[want.Table], patch.Restore, udp...)
			touched = err == nil || !refused(err)
			return err
		},
		undo: func(ctx context.Context) error {
			if !touched {
				return nil
			}
			return e.putBack(ctx, before, sum, udp...)
		},
	}
}

// forgetting is the command that forgets the flows of one UDP port, or of a range "60000-60010".
func (e *Engine) forgetting(port string) string {
	words := []string{"conntrack", "-D", "-p", "udp", "--orig-dst", e.Gateway.FixedIP.String(), "--orig-port-dst"}
	if first, last, isRange := strings.Cut(port, "-"); isRange {
		return "for port in $(seq " + gateway.Quote(first, last) + "); do " + gateway.Quote(words...) + ` "$port"; done`
	}
	return gateway.Quote(append(words, port)...)
}

// refused reports whether a restore ended before it changed anything.
func refused(err error) bool {
	k := cloud.KindOf(err)
	return k == gateway.Stale || k == gateway.Invalid || k == gateway.Conflict
}

// putBack brings our part of a table to what it was. sum is the fingerprint that our own change
// left; a table that has another one by now holds somebody else's work, which stays. "" means
// that it is not known how far the change came.
func (e *Engine) putBack(ctx context.Context, before netfilter.Layout, sum string, udp ...string) error {
	// What is still waiting to be done comes before this, or is refused.
	if err := e.script(ctx, "exit 0", nil); err != nil {
		return err
	}
	now, _, err := e.observeHost(ctx)
	if err != nil {
		return err
	}
	patch := netfilter.Diff(now.rules, before)
	if patch.Empty() {
		return nil
	}
	if sum == "" {
		sum = now.sums[before.Table]
	}
	_, err = e.restore(ctx, before.Table, sum, patch.Restore, udp...)
	return err
}

// restore runs applyScript and returns the fingerprint the table has then. Errors of Kind Stale,
// Invalid and Conflict mean that nothing was changed.
func (e *Engine) restore(ctx context.Context, table, sum, rules string, udp ...string) (string, error) {
	res, err := e.Runner.Run(ctx, rollback.Guarded(ctx, gateway.Command{
		Args:  append([]string{"sh", "-c", applyScript, "portico", table, sum, e.Gateway.FixedIP.String()}, udp...),
		Stdin: []byte(rules),
	}))
	if err != nil {
		return "", &gateway.Error{Op: "change the rules of", Target: "gateway " + e.Gateway.Name, Kind: gateway.Unreachable, Err: err}
	}
	said := cloud.Clean(strings.TrimSpace(string(res.Stderr)))
	fail := &gateway.Error{Op: "change the " + table + " rules of", Target: "gateway " + e.Gateway.Name}
	switch {
	case res.Exit == 0:
		return firstWord(string(res.Stdout)), nil
	case res.Exit == rollback.Lost:
		fail.Kind, fail.Err = gateway.Stale, errPutBack
	case res.Exit == exitStale:
		fail.Kind, fail.Err = gateway.Stale, fmt.Errorf("the %s rules have changed since the plan was made", table)
	case res.Exit == exitTest && strings.Contains(said, "xtables lock"):
		fail.Kind, fail.Err = gateway.Conflict, fmt.Errorf("another program is changing its rules: %s", said)
		fail.Next = "nothing was changed; try again in a moment"
	case res.Exit == exitTest:
		fail.Kind, fail.Err = gateway.Invalid, fmt.Errorf("iptables-restore refused them: %s%s", said, failingLine(said, rules))
		fail.Next = "nothing was changed; report this together with the gateway's 'iptables -V'"
	case res.Exit == 1 && said == "":
		fail.Kind, fail.Err = gateway.Conflict, errBusy
		fail.Next = "try again in a moment"
	default:
		fail.Kind, fail.Err = gateway.Internal, fmt.Errorf("iptables-restore failed (exit %d): %s%s", res.Exit, said, failingLine(said, rules))
		fail.Next = advice(said)
	}
	return "", fail
}

// failingLine finds the line that iptables-restore names, in either of its wordings.
func failingLine(said, rules string) string {
	var n int
	for _, form := range []string{"Error occurred at line: %d", "line %d failed"} {
		prefix, _, _ := strings.Cut(form, "%d")
		if i := strings.Index(said, prefix); i >= 0 {
			_, _ = fmt.Sscanf(said[i:], form, &n)
		}
	}
	lines := strings.Split(rules, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return fmt.Sprintf(" (line %d: %s)", n, lines[n-1])
}

func ruleCount(added, removed int) string {
	var parts []string
	if added > 0 {
		parts = append(parts, fmt.Sprintf("add %d rule%s", added, plural(added)))
	}
	if removed > 0 {
		parts = append(parts, fmt.Sprintf("remove %d rule%s", removed, plural(removed)))
	}
	if len(parts) == 0 {
		return "remove empty chains" // all that a patch without rules can do
	}
	return strings.Join(parts, ", ")
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// heredoc is a command with its standard input, as typed into a shell.
func heredoc(command, text string) []string {
	return slices.Concat([]string{command + " <<'RULES'"}, strings.Split(strings.TrimRight(text, "\n"), "\n"), []string{"RULES"})
}
