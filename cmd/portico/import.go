package main

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/gateway/scheme"
)

// byHandJSON is what was made by hand on a gateway.
type byHandJSON struct {
	Rules      int            `json:"rules"`      // DNAT rules
	Companions int            `json:"snat_rules"` // that serve just them
	Forwards   []forwardJSON  `json:"forwards"`   // to VMs
	Vacant     []forwardJSON  `json:"vacant"`     // to addresses that nobody has
	Staying    []stayingJSON  `json:"staying"`
	Kept       []string       `json:"kept_in"`  // files on the gateway that bring such rules back at boot
	Scheme     *string        `json:"scheme"`   // null: no known one
	Formulas   *scheme.Config `json:"formulas"` // what the ports follow where no scheme is known; null: nothing
	Odd        []forwardJSON  `json:"odd"`      // that neither explains
}

type stayingJSON struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
}

func newByHandJSON(s publish.Snapshot, b publish.ByHand) *byHandJSON {
	out := &byHandJSON{
		Rules: b.Rules, Companions: b.Companions, Forwards: []forwardJSON{}, Vacant: []forwardJSON{}, Staying: []stayingJSON{},
		Kept: orEmpty(b.Kept), Formulas: b.Formulas, Odd: []forwardJSON{},
	}
	if b.Scheme != "" {
		out.Scheme = &b.Scheme
	}
	for _, f := range b.Forwards {
		out.Forwards = append(out.Forwards, newForwardJSON(s.Inventory, f))
	}
	for _, f := range b.Vacant {
		out.Vacant = append(out.Vacant, newForwardJSON(s.Inventory, f))
	}
	for _, f := range b.Odd {
		out.Odd = append(out.Odd, newForwardJSON(s.Inventory, f))
	}
	for _, r := range b.Staying {
		out.Staying = append(out.Staying, stayingJSON(r))
	}
	return out
}

func (a *app) importCommand() *cobra.Command {
	vacant, only := "", false
	c := &cobra.Command{
		Use: "import", Short: "Take over a gateway that a script, a file of rules or a person has set up", Args: noArgs,
		Long: "Import reads the DNAT rules that stand on the gateway and are not Portico's, says which scheme they follow and what of them leads to\n" +
			"VMs, and takes over all that can be in one plan: Portico's rules come and the others go in the same restore, so that every public\n" +
			"port leads where it led. --vacant says what becomes of rules that lead to addresses which no VM has: adopt them, so that a VM that\n" +
			"gets the address is reachable at once, leave them as they are, or remove them.",
		Example: "portico import --plan\nportico import\nportico import --vacant remove",
		RunE: func(c *cobra.Command, _ []string) error {
			req := publish.Request{AdoptAll: true, Vacant: vacant}
			switch vacant {
			case publish.VacantAdopt, publish.VacantRemove:
			case "leave":
				req.Vacant = publish.VacantLeave
			default:
				return wrongUse("read --vacant "+cloud.Clean(vacant), fmt.Errorf("%s is none of them", cloud.Clean(vacant)), "adopt, leave or remove")
			}
			w, s, p, err := a.propose(c, req)
			if err != nil {
				return err
			}
			found := w.publisher.ByHand(s)
			if !a.flags.json {
				a.printFound(s, found, p)
			}
			if !only {
				return a.changeTo(c.Context(), w, s, p, newByHandJSON(s, found))
			}
			if a.flags.json {
				return a.printJSON(map[string]any{"by_hand": newByHandJSON(s, found), "plan": newPlanJSON(s.Inventory, p)})
			}
			a.printPlanTable(p)
			return nil
		},
	}
	c.Flags().StringVar(&vacant, "vacant", publish.VacantAdopt, "rules to addresses that no VM has: adopt, leave or remove")
	c.Flags().BoolVar(&only, "plan", false, "show what it would change, and change nothing")
	return c
}

// printFound shows what was made by hand, as a whole.
func (a *app) printFound(s publish.Snapshot, b publish.ByHand, p publish.Proposal) {
	line := func(name, text string) { a.print("%-11s%s\n", name, text) }
	line("found", fmt.Sprintf("%d DNAT rules and %d SNAT rules that serve them, made by hand on %s", b.Rules, b.Companions, s.Gateway.Name))
	line("ports", b.Text())
	line("lead to", fmt.Sprintf("%s to VMs, %s to addresses that no VM has", plural(len(b.Forwards), "forward"), plural(len(b.Vacant), "forward")))
	for _, r := range b.Staying {
		line("stay", fmt.Sprintf("%s: %s", plural(r.Count, "rule"), r.Why))
	}
	for i, f := range b.Odd {
		if i == maxOdd {
			line("odd", fmt.Sprintf("and %d more; --json lists all", len(b.Odd)-maxOdd))
			break
		}
		line("odd", f.String())
	}
	if len(b.Kept) > 0 {
		line("at boot", strings.Join(b.Kept, ", ")+" would bring rules of others back")
	}
	if len(b.Vacant) > 0 && len(p.Covers()) == 0 {
		line("later", "VMs that get one of these addresses are reachable at once; to keep the whole subnet in step: portico publish --subnet")
	}
	if b.Formulas != nil {
		text, err := yaml.MarshalWithOptions(map[string]any{"schemes": []scheme.Config{*b.Formulas}}, yaml.IndentSequence(true))
		if err == nil {
			a.print("\nto keep to these ports, put this into the configuration file (its path: portico config path):\n%s\n", text)
		}
	}
	a.print("\n")
}

// maxOdd is how many odd forwards are named.
const maxOdd = 5

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
