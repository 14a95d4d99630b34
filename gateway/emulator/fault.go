package emulator

import (
	"strings"

	"portico/gateway/emulator/internal/shell"
)

// Fault makes something go wrong. With Program it strikes a program the gateway is about to run,
// whoever calls it; else the command line of a session.
type Fault struct {
	Line    string // part of the command line; "" is any
	Program string // the program and words that follow in this order: "iptables-restore --test"
	Skip    int    // let this many pass first
	Times   int    // strike so often; 0 is once, -1 always

	After  bool   // let it do its work first
	Exit   int    // the status it ends with
	Stderr string // what it says
	// AtLine has iptables-restore fail at this line of its input, in a test and in earnest: tables
	// committed before it stay, nothing of the one it is in is done. A shorter input does not fail.
	AtLine int

	// Cut cuts the connection it came over, in place of an answer. Where that is in the midst of a
	// command line, the rest of it is not run, or with After is run without a connection.
	Cut    bool
	Refuse int  // with Cut: that many attempts to connect again are refused, see [Gateway.Refuse]
	Stall  bool // the link stalls, see [Gateway.Stall]: before the command line has arrived, or its answer
}

// armed is a fault that has not struck for the last time.
type armed struct {
	Fault
	skip, left int
}

// Fail arms faults. Of those that fit, the first armed strikes.
func (g *Gateway) Fail(faults ...Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range faults {
		a := &armed{Fault: f, skip: f.Skip, left: f.Times}
		if f.Times == 0 {
			a.left = 1
		}
		g.faults = append(g.faults, a)
	}
}

// Heal ends all faults armed by [Gateway.Fail] that have not struck for the last time.
func (g *Gateway) Heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = nil
}

// strike returns the first armed fault that fits, and counts it.
func (g *Gateway) strike(fits func(Fault) bool) *Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.faults {
		if a.left == 0 || !fits(a.Fault) {
			continue
		}
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.left > 0 {
			a.left--
		}
		return &a.Fault
	}
	return nil
}

func (g *Gateway) lineFault(line string) *Fault {
	return g.strike(func(f Fault) bool { return f.Program == "" && strings.Contains(line, f.Line) })
}

// contains reports whether words begin with the first of want and hold the others in order.
func contains(words, want []string) bool {
	if len(want) == 0 || len(words) == 0 || words[0] != want[0] {
		return false
	}
	for _, w := range words {
		if len(want) > 0 && w == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// programFault is the machine's question before each program.
func (g *Gateway) programFault(args []string) *shell.Fault {
	f := g.strike(func(f Fault) bool { return contains(args, strings.Fields(f.Program)) })
	if f == nil {
		return nil
	}
	return &shell.Fault{Exit: f.Exit, Stderr: f.Stderr, After: f.After, AtLine: f.AtLine, Cut: f.Cut, Stall: f.Stall, Link: func() { g.breakLink(f) }}
}

// breakLink does to the link what a fault says; cutting the connection is left to whoever has it.
func (g *Gateway) breakLink(f *Fault) {
	if f.Refuse != 0 {
		g.Refuse(f.Refuse)
	}
	if f.Stall {
		g.Stall()
	}
}
