package nat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"portico/gateway"
	"portico/gateway/door"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// pathPrepared is there on a machine that was made a gateway: our chains, boot files and IP forwarding
// stay there when the last forward goes. Without it nothing of ours outlives the last forward.
const pathPrepared = "/etc/portico/gateway"

const preparedText = "# Written by Portico: this machine is a gateway. Its chains stay when nothing is published.\n# 'portico gateway retire' removes them, and this.\n"

// mean settles whether the machine is to stay a gateway when no forward stands: as it is, unless the
// plan is to prepare or to retire it.
func (e *Engine) mean(seen *observed) {
	e.prepared = !e.Retire && (e.Prepare || seen.files[pathPrepared] != "")
}

// layouts is what is to stand for these forwards on this gateway.
func (e *Engine) layouts(forwards []gateway.Forward, covers ...gateway.Cover) (nat, filter netfilter.Layout) {
	if len(forwards) == 0 && e.prepared {
		nat, filter = chains(e.Gateway, nil)
		nat.Chains = append(nat.Chains, coverChains(covers)...)
		return nat, filter
	}
	return layouts(e.Gateway, forwards, covers...)
}

// preparedFile is the text of the file that says that the machine is a gateway.
func (e *Engine) preparedFile(seen *observed) string {
	switch had := seen.files[pathPrepared]; {
	case !e.prepared:
		return ""
	case had != "":
		return had
	}
	return preparedText
}

// holdsDoor reports whether the gateway's port is to carry its group although nothing is published:
// a group that stands stays with a prepared gateway, and preparing makes it. A machine that prepared
// itself at its boot could make none.
func (e *Engine) holdsDoor(public *door.Door) bool {
	return e.prepared && (e.Prepare || public.Have != nil)
}

// relying names what others have made that needs IP forwarding.
func (o *observed) relying() []string {
	var out []string
	others := o.rules.Foreign()
	if t, ok := others.Table(tableNAT); ok && slices.ContainsFunc(t.Chains, func(c netfilter.Chain) bool { return len(c.Rules) > 0 }) {
		out = append(out, "nat rules that are not Portico's")
	}
	if t, ok := others.Table(tableFilter); ok {
		if c, ok := t.Chain("FORWARD"); ok && len(c.Rules) > 0 {
			out = append(out, "rules in FORWARD that are not Portico's")
		}
	}
	return append(out, o.forwarders...)
}

// stopForwardingStep turns IP forwarding off when a gateway is retired, if it was off before and
// nobody else needs it; else nil.
func (e *Engine) stopForwardingStep(seen *observed) *hostStep {
	wasOff := strings.Contains(seen.files[pathSysctl], sysctlBefore+"0.")
	if !e.Retire || !seen.forwarding || !wasOff || len(seen.relying()) > 0 {
		return nil
	}
	set := func(value string) func(context.Context) error {
		return func(ctx context.Context) error {
			return e.script(ctx, "PATH=$PATH:/usr/sbin:/sbin\nsysctl -q -w net.ipv4.ip_forward="+value, nil)
		}
	}
	return &hostStep{
		change: plan.Change{
			ID: "forwarding", Target: e.Gateway.Name + " sysctl", Title: "IP forwarding off, as it was before Portico", Action: plan.Update,
			Before: []string{"net.ipv4.ip_forward = 1"}, After: []string{"net.ipv4.ip_forward = 0"}, Host: e.Gateway.Name,
			Shell: []string{"sysctl -w net.ipv4.ip_forward=0"}, Cleanup: []string{"sysctl -w net.ipv4.ip_forward=1"},
		},
		do: set("0"), undo: set("1"),
	}
}

// stays tells what is left on a gateway without forwards.
func (e *Engine) stays(seen *observed) []plan.Warning {
	had := seen.files[pathSysctl]
	switch others := seen.relying(); {
	case !seen.forwarding || had == "" || e.prepared:
		return nil
	case e.Retire && !strings.Contains(had, sysctlBefore+"0."):
		return []plan.Warning{{Title: "IP forwarding stays on", Detail: "it was on before Portico came"}}
	case e.Retire && len(others) > 0:
		return []plan.Warning{{Title: "IP forwarding stays on until the next reboot", Detail: "others rely on it: " + strings.Join(others, ", ")}}
	case e.Retire:
		return nil
	}
	return []plan.Warning{{Title: "IP forwarding stays on until the next reboot", Detail: "others on this gateway may rely on it by now"}}
}

// File is one file that a gateway keeps of ours.
type File struct {
	Path string
	Mode string // octal, as chmod takes it
	Text string
}

// Files of a gateway, by what they are for.
type Files struct {
	Rules, Restore, Unit, Prepared File
	Sysctl                         File // its text is a format: "%s" is what net.ipv4.ip_forward was, "0" or "1"
	UnitName                       string
	Jumps                          []netfilter.Jump // of the nat table, then of the filter table
}

// BootFiles is what an engine leaves on the disk of a prepared gateway that carries these forwards, and
// publishes these subnets by a rule: a machine that has these files, and has run the one that restores, needs no change of its own.
func BootFiles(gw gateway.Gateway, forwards []gateway.Forward, covers ...gateway.Cover) (Files, error) {
	e := &Engine{Gateway: gw, Covers: covers, prepared: true}
	if err := e.checkCovers(); err != nil {
		return Files{}, err
	}
	if err := e.check(forwards, gateway.State{}); err != nil {
		return Files{}, err
	}
	nat, filter := e.layouts(forwards, covers...)
	rules, restore := bootFiles([]netfilter.Layout{nat, filter})
	return Files{
		Rules: File{pathRules, "644", rules}, Restore: File{pathRestore, "755", restore}, Unit: File{pathUnit, "644", unitText},
		Prepared: File{pathPrepared, "644", preparedText}, Sysctl: File{pathSysctl, "644", fmt.Sprintf(sysctlForm, "%s")},
		UnitName: unitName, Jumps: slices.Concat(nat.Jumps, filter.Jumps),
	}, nil
}
