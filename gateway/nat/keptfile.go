package nat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// savedElsewhere are files of others in the form of iptables-save, which put rules back at boot: Debian's
// iptables-persistent and Red Hat's iptables-services.
var savedElsewhere = []string{"/etc/iptables/rules.v4", "/etc/sysconfig/iptables"}

// maxSaved is how large such a file may be to be edited, in bytes.
const maxSaved = 512 << 10

// keptEdit takes rules that a plan takes over out of a file of others, so that they do not stand twice after
// the next boot. All else in it stays, byte for byte.
type keptEdit struct {
	path, old, text string
	lines           []int    // that go, from 1
	removed         []string // the same as text
}

// keptEdits are what a plan that takes these rules over changes in files of others.
func keptEdits(seen *observed, gone []netfilter.Placed) []keptEdit {
	var out []keptEdit
	for _, path := range savedElsewhere {
		if old := seen.saved[path]; old != "" && len(gone) > 0 {
			if e := takeOut(path, old, gone); len(e.lines) > 0 {
				out = append(out, e)
			}
		}
	}
	return out
}

// takeOut leaves rules of the nat table out of a saved text.
func takeOut(path, old string, gone []netfilter.Placed) keptEdit {
	taken := map[string]bool{}
	for _, p := range gone {
		taken[savedLine(p)] = true
	}
	e := keptEdit{path: path, old: old}
	var b strings.Builder
	table, n := "", 0
	for line := range strings.Lines(old) {
		n++
		text := strings.TrimRight(line, "\r\n")
		if name, is := strings.CutPrefix(text, "*"); is {
			table = strings.TrimSpace(name)
		}
		if rule := withoutCounters(text); table == tableNAT && taken[rule] {
			e.lines, e.removed = append(e.lines, n), append(e.removed, rule)
			continue
		}
		b.WriteString(line)
	}
	e.text = b.String()
	return e
}

// savedLine is a rule as iptables-save writes it.
func savedLine(p netfilter.Placed) string { return "-A " + p.Chain + " " + p.Rule.String() }

// withoutCounters is a line of iptables-save -c as it is without -c.
func withoutCounters(line string) string {
	if rest, counted := strings.CutPrefix(line, "["); counted {
		if _, rule, ok := strings.Cut(rest, "] "); ok {
			return rule
		}
	}
	return line
}

// keptScript puts the text on standard input in the place of a file of others, whose mode and owner it keeps,
// if what is in it has the fingerprint $2.
const keptScript = `sum=$(sha256sum <"$1") || exit 1
if [ "${sum%% *}" != "$2" ]; then echo "somebody has changed $1 since the plan was made" >&2; exit 1; fi
if cp -p "$1" "$1.new" && cat >"$1.new"; then sync "$1.new" 2>/dev/null; mv -f "$1.new" "$1" && exit 0; fi
rm -f "$1.new"
exit 1`

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// keptStep carries one edit out.
func (e *Engine) keptStep(k keptEdit) *hostStep {
	shown := make([]string, len(k.lines))
	for i, n := range k.lines {
		shown[i] = strconv.Itoa(n) + "d"
	}
	done := false
	return &hostStep{
		change: plan.Change{
			ID: "kept-" + strings.ReplaceAll(strings.Trim(k.path, "/"), "/", "-"), Target: e.Gateway.Name + " " + k.path,
			Title: fmt.Sprintf("take out %s that would come back at boot", rulesText(len(k.lines))), Action: plan.Update, Before: k.removed, Host: e.Gateway.Name,
			Shell:   []string{"sed -i '" + strings.Join(shown, ";") + "' " + k.path},
			Cleanup: append([]string{"these lines go back into the nat table of " + k.path + ":"}, k.removed...),
		},
		do: func(ctx context.Context) error {
			err := e.script(ctx, keptScript, []byte(k.text), k.path, digest(k.old))
			done = err == nil || !refused(err) && cloud.KindOf(err) != gateway.Internal // the script has failed, and done nothing
			return err
		},
		undo: func(ctx context.Context) error {
			if !done {
				return nil
			}
			return e.script(ctx, keptBackScript, []byte(k.old), k.path, digest(k.text), digest(k.old))
		},
	}
}

// keptBackScript is keptScript where the file may already be as it shall be: it has the fingerprint $3 then.
const keptBackScript = `sum=$(sha256sum <"$1") || exit 1
if [ "${sum%% *}" = "$3" ]; then exit 0; fi
` + keptScript

func rulesText(n int) string {
	if n == 1 {
		return "1 rule"
	}
	return fmt.Sprintf("%d rules", n)
}

// sourceKept names in a plan's base a file of others that the plan edits; its value is the file's path.
const sourceKept = "kept"

// withKept is a base that insists also on the files of others that a plan edits on these hosts: they are a
// part of what the gateway saves and compares when it is armed.
func (e *Engine) withKept(base []plan.Fingerprint, all hosts) []plan.Fingerprint {
	out := slices.Clone(base)
	for _, h := range all {
		x := h.engine(e)
		edits := keptEdits(h.observed, x.gone(h.observed))
		if len(edits) == 0 {
			continue
		}
		sum := sha256.New()
		for _, f := range ourFiles {
			_, _ = sum.Write([]byte(h.files[f]))
		}
		for _, k := range edits {
			_, _ = sum.Write([]byte(k.old))
			out = append(out, plan.Fingerprint{Source: x.source(sourceKept), Value: k.path})
		}
		for i := range out {
			if out[i].Source == x.source(sourceFiles) {
				out[i].Value = hex.EncodeToString(sum.Sum(nil))
			}
		}
	}
	return out
}

// keptIn are the files of others that a plan with this base edits on this engine's host.
func (e *Engine) keptIn(base []plan.Fingerprint) []string {
	var out []string
	for _, b := range base {
		if b.Source == e.source(sourceKept) {
			out = append(out, b.Value)
		}
	}
	return out
}
