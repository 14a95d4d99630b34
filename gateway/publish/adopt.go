package publish

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// adopt wants what stands and, of what was made by hand, the forwards at the ports of the request.
func (w *wanted) adopt() error {
	w.all, w.named, w.adopted = slices.Clone(w.have), map[string]bool{}, map[gateway.Key]bool{}
	for _, text := range w.req.Adopt {
		if err := w.adoptPort(text); err != nil {
			return err
		}
	}
	if w.req.AdoptAll {
		for _, d := range w.s.State.Drift {
			if d.Kind == gateway.Foreign && d.Forward != nil {
				w.take(*d.Forward)
			}
			if d.Kind == gateway.Foreign && d.Vacant != nil {
				w.vacant(*d.Vacant)
			}
		}
		if w.req.Vacant == VacantAdopt {
			w.coverWhole()
		}
		w.tellRest()
		w.tellRemoved()
	}
	gateway.SortForwards(w.all)
	return nil
}

// adoptPort takes what leads from one public port: "30011" or "udp/30011".
func (w *wanted) adoptPort(text string) error {
	proto, number, said := strings.Cut(text, "/")
	if !said {
		proto, number = "", text
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 || said && proto != string(gateway.TCP) && proto != string(gateway.UDP) {
		return &gateway.Error{
			Op: "read the port", Target: cloud.Clean(text), Kind: gateway.Invalid, Err: errors.New("it is neither a port nor a protocol and a port"),
			Next: "write it as 30011 or tcp/30011",
		}
	}
	taken, why := false, ""
	for _, d := range w.s.State.Drift {
		if d.Kind != gateway.Foreign {
			continue
		}
		switch p, n := PortOf(d); {
		case n != uint16(port) || said && string(p) != proto:
		case d.Forward == nil:
			why = cmp.Or(why, d.Why+": "+d.Line)
		default:
			w.take(*d.Forward)
			taken = true
		}
	}
	switch {
	case taken:
		return nil
	case why != "":
		return &gateway.Error{Op: "adopt port", Target: cloud.Clean(text), Kind: gateway.Invalid, Err: errors.New(why), Next: "leave it as it is, or withdraw it by hand and publish the VM"}
	}
	return &gateway.Error{
		Op: "adopt port", Target: cloud.Clean(text), Kind: gateway.NotFound, Err: errors.New("no rule made by hand forwards it"),
		Next: "see 'portico forwards' for those that do",
	}
}

// take adds one forward, once. One that stands already is kept: its rule made by hand only goes.
func (w *wanted) take(f gateway.Forward) {
	if w.adopted[f.Key()] {
		return
	}
	w.adopted[f.Key()] = true
	if f.Instance != "" {
		w.named[f.Instance] = true
	}
	item := Item{Action: plan.Create, Forward: f, Instance: w.nameOf(f)}
	if w.standsAs(f) {
		item.Action = 0
	} else {
		w.all = append(w.all, f)
	}
	w.items = append(w.items, item)
}

// vacant does what the request says with a rule that leads to an address nobody has.
func (w *wanted) vacant(f gateway.Forward) {
	switch w.req.Vacant {
	case VacantAdopt:
		w.take(f)
	case VacantRemove:
		if w.removed == nil {
			w.removed = map[gateway.Key]bool{}
		}
		w.removed[f.Key()] = true
	}
}

// orAdopt advises, when an instance's ports are taken, to take over what was made for it by hand.
func (w *wanted) orAdopt(i cloud.Instance, err error) error {
	var e *gateway.Error
	if !errors.As(err, &e) || e.Kind != gateway.Conflict {
		return err
	}
	for _, d := range w.s.State.Drift {
		if f := d.Forward; d.Kind == gateway.Foreign && f != nil && f.Instance == i.ID {
			advised := *e
			advised.Next = fmt.Sprintf("portico adopt %d takes over the forward to it that was made by hand", f.Public.Port())
			return &advised
		}
	}
	return err
}

// tellRest says how many rules made by hand stay, by reason.
func (w *wanted) tellRest() {
	count := map[string]int{}
	total := 0
	for _, d := range w.s.State.Drift {
		if d.Kind == gateway.Foreign && d.Forward == nil && (d.Vacant == nil || w.req.Vacant == VacantLeave) {
			count[d.Why]++
			total++
		}
	}
	if total == 0 {
		return
	}
	reasons := make([]string, 0, len(count))
	for why, n := range count {
		reasons = append(reasons, fmt.Sprintf("%s (%d)", why, n))
	}
	slices.Sort(reasons)
	title := "1 rule made by hand stays as it is"
	if total > 1 {
		title = fmt.Sprintf("%d rules made by hand stay as they are", total)
	}
	w.warnings = append(w.warnings, plan.Warning{
		Title: title, Detail: strings.Join(reasons, "; ") + "; 'portico forwards' lists them",
	})
}

// tellRemoved says how many rules go without anything in their place.
func (w *wanted) tellRemoved() {
	if n := len(w.removed); n > 0 {
		w.warnings = append(w.warnings, plan.Warning{
			Title: counted(n, "forward") + " made by hand " + map[bool]string{true: "goes", false: "go"}[n == 1], Detail: "nobody has the address; one that gets it later is not published",
		})
	}
}

// PortOf is the public port of a forward made by hand, also of one that cannot be adopted; 0 when
// its rule names none.
func PortOf(d gateway.Drift) (gateway.Protocol, uint16) {
	if d.Forward != nil {
		return d.Forward.Service.Protocol, d.Forward.Public.Port()
	}
	if d.Kind != gateway.Foreign {
		return "", 0
	}
	var proto gateway.Protocol
	words := strings.Fields(d.Line)
	for i, w := range words[:max(len(words)-1, 0)] {
		switch w {
		case "-p":
			proto = gateway.Protocol(words[i+1])
		case "--dport":
			n, _ := strconv.ParseUint(words[i+1], 10, 16) // a range has no one port
			return proto, uint16(n)
		}
	}
	return proto, 0
}
