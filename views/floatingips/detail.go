package floatingips

import (
	"cmp"
	"fmt"
	"slices"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

// detailFrom is the width from which there is room for the detail pane, detailWidth what it takes.
const (
	detailFrom  = 120
	detailWidth = 40
)

// pane is what an operator asks about one address, beside the list.
type pane struct {
	s     *Screen
	r     row
	st    *themes.Styles
	facts []widget.Fact
}

func (s *Screen) detail(r row, st *themes.Styles, height int) string {
	d := pane{s: s, r: r, st: st}
	d.facts = append(d.facts, widget.Fact{Name: "status", Value: statusSpans(r, st)})
	d.leads()
	d.add("for", r.FloatingIP.Description)
	d.forwards()
	return widget.Pane(st, r.FloatingIP.Address.String(), d.facts, detailWidth, height)
}

// add adds a value, on as many lines as it takes.
func (d *pane) add(name, value string) {
	for _, l := range widget.Wrap(value, detailWidth-len("forwards")-2) {
		if l != "" {
			d.facts = append(d.facts, widget.Fact{Name: name, Value: widget.Spans{{Text: l, Style: d.st.Text}}})
			name = ""
		}
	}
}

// leads says where the address leads to.
func (d *pane) leads() {
	f, inv := d.r.FloatingIP, d.s.snapshot.Snapshot.Inventory
	if d.r.Free() {
		d.add("leads", "nowhere: it is free")
		d.add("next", "a attaches it to an instance, which then needs no forwards, or is a gateway; X gives it back")
		return
	}
	d.add("attached", attached(d.r))
	if f.FixedIP.IsValid() {
		d.add("fixed IP", f.FixedIP.String())
	}
	if i := slices.IndexFunc(inv.Ports, func(p cloud.Port) bool { return p.ID == f.PortID && f.PortID != "" }); i >= 0 {
		network := inv.Ports[i].NetworkID
		for _, n := range inv.Networks {
			if n.ID == network {
				network = cmp.Or(n.Name, n.ID)
			}
		}
		d.add("network", network)
	}
}

// forwards lists what comes in at the address, by port.
func (d *pane) forwards() {
	state := d.s.snapshot.Snapshot.State
	if d.r.Gateway && state == nil {
		d.facts = append(d.facts, widget.Fact{}, widget.Fact{Name: "forwards", Value: widget.Spans{{Text: "not known: no answer yet", Style: d.st.Dim}}})
		return
	}
	type line struct {
		port          uint16
		ports         string
		service, name string
	}
	var lines []line
	ours := map[uint16]bool{}
	for _, f := range d.s.snapshot.Snapshot.Forwards() {
		if f.Public.Addr() == d.r.FloatingIP.Address {
			ours[f.Public.Port()] = true
			lines = append(lines, line{f.Public.Port(), f.PublicPorts(), said(f.Service), publish.InstanceName(d.s.snapshot.Snapshot.Inventory, f.Instance)})
		}
	}
	for _, f := range d.r.FloatingIP.Forwardings {
		if !ours[f.External] {
			lines = append(lines, line{f.External, gateway.PortText(f.External, int(f.Last()-f.External)+1), f.Protocol, f.Internal.String()})
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.port, b.port) })
	d.facts = append(d.facts, widget.Fact{})
	name := "forwards"
	for _, l := range lines {
		d.facts = append(d.facts, widget.Fact{Name: name, Value: widget.Spans{
			{Text: fmt.Sprintf("%5s", l.ports), Style: d.st.Strong}, {Text: " " + l.service, Style: d.st.Dim}, {Text: " " + l.name, Style: d.st.Text},
		}})
		name = ""
	}
}

// said is a service's name; one that is not TCP says so.
func said(s gateway.Service) string {
	if s.Protocol == gateway.UDP {
		return s.Name + " udp"
	}
	return s.Name
}
