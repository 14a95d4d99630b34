package doctor

import (
	"strings"
)

// machineName is what the gateway is called on the ladder: of a pair, which host it is, too.
func (f *facts) machineName() string {
	if f.gw.IsPair() && f.machine.Name != "" {
		return f.gw.Name + ": " + f.machine.Name
	}
	return f.gw.Name
}

// machineID is the instance that packets come to.
func (f *facts) machineID() string {
	if f.gw.IsPair() {
		return f.machine.InstanceID
	}
	return f.gw.InstanceID
}

// machinePort is the port that packets come in by.
func (f *facts) machinePort() string {
	if f.gw.IsPair() {
		return f.machine.PortID
	}
	return f.gw.PortID
}

// judgePair says whether one host of a pair is active, and the other could take over.
func (f *facts) judgePair() []Finding {
	if !f.gw.IsPair() || f.state == nil {
		return nil
	}
	var active, spare, raw []string
	silent := false
	for _, m := range f.state.Members {
		line := m.Name + ": "
		switch {
		case m.Err != nil:
			silent = true
			line += "does not answer"
		case m.Active:
			active = append(active, m.Name)
			line += "holds " + f.gw.FixedIP.String()
		case m.Running:
			line += "stands by"
		default:
			line += "its keepalived does not run"
		}
		if m.Err != nil || !m.Running {
			spare = append(spare, m.Name)
		}
		raw = append(raw, line)
	}
	e := Evidence{Words: "the hosts of the pair", Raw: rawLines(raw)}
	again := tell("the project's operator", "Look at the pair %s: sudo journalctl -u portico-keepalived on its hosts; portico gateway pair %s makes what is missing.", f.gw.Name, f.gw.Name)
	switch {
	case len(active) == 0 && silent:
		return []Finding{unknown(PairSplit, "which host of the pair is active is not known", "an SSH connection to "+strings.Join(spare, " and "), e)}
	case len(active) == 0:
		return []Finding{blocked(PairSplit, "no host of the pair holds its address "+f.gw.FixedIP.String(), e).with(again)}
	case len(active) > 1:
		return []Finding{degraded(PairSplit, "both hosts of the pair hold its address: they do not hear each other", e).with(again)}
	case len(spare) > 0:
		return []Finding{degraded(PairSpare, active[0]+" is active, and "+strings.Join(spare, " and ")+" could not take over", e).with(again)}
	}
	return nil
}
