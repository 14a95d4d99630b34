package instances

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

// detail is the pane beside the list: what an operator asks about one instance.
func (s *Screen) detail(r row, st *themes.Styles, width, height int) string {
	d := pane{s: s, r: r, st: st, width: width}
	d.machine()
	d.network()
	d.services()
	d.ssh()
	return widget.Pane(st, r.Instance.Name, d.facts, width, height)
}

type pane struct {
	s     *Screen
	r     row
	st    *themes.Styles
	width int
	facts []widget.Fact
}

func (d *pane) add(name, value string) {
	if value != "" {
		d.facts = append(d.facts, widget.Fact{Name: name, Value: widget.Spans{{Text: value, Style: d.st.Text}}})
	}
}

// all adds values one below the other.
func (d *pane) all(name string, values []string) {
	for _, v := range values {
		d.add(name, v)
		name = ""
	}
}

func (d *pane) gap() { d.facts = append(d.facts, widget.Fact{}) }

// room is what a value can take beside the longest name there is here.
func (d *pane) room() int { return d.width - len("services") - 2 }

func (d *pane) machine() {
	i := d.r.Instance
	d.facts = append(d.facts, widget.Fact{Name: "status", Value: statusCell(d.r, d.st)})
	if i.Fault != "" {
		d.all("fault", widget.Wrap(i.Fault, d.room()))
	}
	d.add("flavor", i.Flavor)
	if i.VCPUs > 0 {
		d.add("", fmt.Sprintf("%d vCPU  %s", i.VCPUs, memory(i.RAM)))
	}
	d.all("tags", widget.Wrap(tags(d.r), d.room()))
	l := d.s.logins[i.ID]
	if key := cmp.Or(i.KeyName, l.KeyName); key != "" {
		d.add("key", key)
		if l.KeyFile != "" {
			d.add("", l.KeyFile)
		} else if d.s.logins != nil {
			d.facts = append(d.facts, widget.Fact{Value: widget.Spans{{Text: "not found on this machine", Style: d.st.Dim}}})
		}
	}
	if l.User != "" {
		d.add("login", l.User)
	}
}

// memory is an amount of RAM as one says it.
func memory(mib int) string {
	if mib >= 1024 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(mib)/1024), ".0") + " GB"
	}
	return fmt.Sprintf("%d MB", mib)
}

func (d *pane) network() {
	d.gap()
	inv := d.s.snapshot.Snapshot.Inventory
	names := map[string]string{}
	for _, n := range inv.Networks {
		names[n.ID] = n.Name
	}
	var groups []string
	for _, p := range inv.InstancePorts(d.r.Instance.ID) {
		for _, ip := range p.FixedIPs {
			d.add("network", strings.TrimSpace(names[p.NetworkID]+" "+ip.Addr.String()))
		}
		for _, id := range p.Groups {
			name := id
			if g, ok := inv.Group(id); ok {
				name = g.Name
			}
			if !slices.Contains(groups, name) {
				groups = append(groups, name)
			}
		}
	}
	d.all("groups", groups)
	for _, a := range d.r.Public {
		d.add("public", a.String())
	}
}

func (d *pane) services() {
	name := "services"
	if len(d.r.Forwards) > 0 {
		d.gap()
	}
	for _, f := range d.r.Forwards {
		line := widget.Spans{{Text: f.Service.Name + " ", Style: d.st.Dim}, {Text: f.PublicPorts(), Style: d.st.Strong}, {Text: " → " + f.Service.PortText(), Style: d.st.Dim}}
		if word, style := d.s.testWord(d.r, f, d.st, full); word != "" {
			line = append(line, widget.Span{Text: "  " + word, Style: style})
		}
		d.facts = append(d.facts, widget.Fact{Name: name, Value: line})
		name = ""
	}
}

// ssh is the command that y copies.
func (d *pane) ssh() {
	f, ok := publish.SSHForward(d.r)
	if !ok {
		return
	}
	d.gap()
	name := "ssh"
	for _, l := range widget.Wrap(publish.SSHCommand(f, d.s.logins[d.r.Instance.ID]), d.room()) {
		d.facts = append(d.facts, widget.Fact{Name: name, Value: widget.Spans{{Text: l, Style: d.st.Accent}}})
		name = ""
	}
}
