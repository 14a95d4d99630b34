// Package portspace draws the public ports of a gateway: what has them, and which are free.
package portspace

import (
	"fmt"

	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/views/widget"
)

// Picture is the map of a gateway's public ports; name is what the gateway is called. Ports of
// Kubernetes' services are marked where nodes is set.
func Picture(space publish.PortSpace, name string, nodes bool) *widget.PortMap {
	m := widget.NewPortMap(scheme.MinPort, map[widget.PortUse]string{
		widget.PortFree: "free", widget.PortNodes: "NodePorts, on a node of Kubernetes", widget.PortRange: "for " + name + "'s own connections", widget.PortOurs: "published",
		widget.PortForeign: "a rule made by hand", widget.PortHeld: name + " listens", widget.PortAsked: "asked for", widget.PortClash: "taken",
	})
	if r := space.NodePorts; nodes && !r.IsZero() {
		m.MarkRange(r.First, r.Last, widget.PortNodes)
	}
	if r := space.Local; r.Last > 0 {
		m.MarkRange(r.First, r.Last, widget.PortRange)
	}
	uses := map[publish.PortUse]widget.PortUse{publish.PortOurs: widget.PortOurs, publish.PortByHand: widget.PortForeign, publish.PortProgram: widget.PortHeld}
	for _, r := range space.Runs {
		m.MarkRange(r.First, r.Last, uses[r.Use])
	}
	return m
}

// Lines is the whole page for one gateway: both protocols, one below the other, in at most height
// lines; one alone where there is too little room, and a sentence where there is too little for that.
func Lines(s publish.Snapshot, name string, st *themes.Styles, width, height int) []string {
	if s.State == nil {
		return []string{widget.Paint(st.Dim, "what stands on the gateway is not known yet")}
	}
	tcp, udp := publish.PortSpaceOf(s, "tcp"), publish.PortSpaceOf(s, "udp")
	out := one(tcp, name, st, width, height)
	if more := one(udp, name, st, width, height-len(out)-1); len(udp.Runs) > 0 && len(more) > 3 && len(out) > 3 {
		out = append(append(out, ""), more...)
	}
	return out
}

func one(space publish.PortSpace, name string, st *themes.Styles, width, height int) []string {
	head := fmt.Sprintf("public %s ports of %s: %d free", space.Protocol, name, space.Free)
	body := Picture(space, name, true).View(st, width, height-1)
	if body == nil {
		return []string{widget.Paint(st.Dim, widget.Truncate(head+"; the map needs more room", width))}
	}
	return append([]string{widget.Paint(st.Column, widget.Truncate(head, width))}, body...)
}
