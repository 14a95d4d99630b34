package preview

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/themes"
	"portico/views/widget"
)

// Verb is what a proposal does.
func Verb(p publish.Proposal) string {
	switch r := p.Request; {
	case p.AboutCreation():
		return "Create"
	case r.FloatingIP.Do != "":
		return strings.ToUpper(string(r.FloatingIP.Do[:1])) + string(r.FloatingIP.Do[1:])
	case r.Make == publish.Prepare:
		return "Prepare"
	case r.Make == publish.Retire:
		return "Retire"
	case r.Withdraw:
		return "Withdraw"
	case p.AboutFix() && r.Fix.Start != "":
		return "Start"
	case p.AboutFix():
		return "Forget"
	case r.Repair, r.Fix != nil:
		return "Repair"
	case r.Sync:
		return "Sync"
	case r.AdoptAll || len(r.Adopt) > 0:
		return "Adopt"
	}
	return "Publish"
}

// Subjects is what a proposal is about: the instances, but of a repair what is wrong with the gateway.
func Subjects(p publish.Proposal) []string {
	if p.AboutCreation() {
		return []string{"gateway " + p.Creation().Name}
	}
	if p.AboutFloatingIP() {
		return []string{p.Subject()}
	}
	if p.AboutFix() {
		_, what, _ := strings.Cut(publish.Title(p), " ")
		return []string{what}
	}
	if p.Request.Make != "" {
		return []string{"gateway " + p.Gateway.Name}
	}
	if p.Request.Repair || p.Request.Fix != nil {
		return []string{"what is not as plans left it"}
	}
	if names := wholeSubnets(p.Items); len(names) > 0 && len(p.Request.Subnets) > 0 {
		return names
	}
	return Names(p.Items)
}

// wholeSubnets names the subnets whose addresses without an instance are among items.
func wholeSubnets(items []publish.Item) []string {
	_, folds := publish.Folded(items)
	var out []string
	for _, f := range folds {
		if !slices.Contains(out, f.Name) {
			out = append(out, f.Name)
		}
	}
	return out
}

// HeadingOf is the [Heading] of a proposal, with what carries its forwards: the gateway, or floating IPs
// that Neutron forwards.
func HeadingOf(p publish.Proposal, width int, st *themes.Styles) string {
	return HeadingBy(p, Subjects(p), p.Gateway, width, st)
}

// HeadingBy is [HeadingOf] with other subjects, and with a gateway that holds until there is a proposal.
func HeadingBy(p publish.Proposal, names []string, gw gateway.Gateway, width int, st *themes.Styles) string {
	verb := Verb(p)
	if at := at(p); len(at) > 0 && elsewhere[verb] == "" {
		return heading(verb, names, viaNeutron(at, st), width, st)
	}
	return Heading(verb, names, gw, width, st)
}

// at is where Neutron's forwards of a proposal are, if what stands after it is Neutron's alone.
func at(p publish.Proposal) []netip.Addr {
	if slices.ContainsFunc(p.Items, func(i publish.Item) bool {
		return i.Forward.Engine != publish.NeutronEngine && i.Action != plan.Delete
	}) {
		return nil
	}
	return p.AtNeutron()
}

func viaNeutron(at []netip.Addr, st *themes.Styles) widget.Spans {
	return widget.Spans{{Text: "via ", Style: st.Dim}, {Text: addresses(at), Style: st.Text}, {Text: " (" + publish.NeutronEngine + ")", Style: st.Dim}}
}

func addresses(all []netip.Addr) string { return strings.Trim(fmt.Sprint(all), "[]") }

// Heading is a screen's first line: what is done to which instances, and by way of which gateway.
func Heading(verb string, names []string, gw gateway.Gateway, width int, st *themes.Styles) string {
	return heading(verb, names, via(gw, st), width, st)
}

func heading(verb string, names []string, via widget.Spans, width int, st *themes.Styles) string {
	subject := strings.Join(names, ", ")
	if len(names) > 3 {
		subject = fmt.Sprintf("%d VMs: %s", len(names), subject)
	}
	left := widget.Spans{{Text: verb + "  ", Style: st.Title}, {Text: subject, Style: st.Text}}
	if where := elsewhere[verb]; where != "" {
		return HeadingWith(left, widget.Spans{{Text: where, Style: st.Dim}}, width, st)
	}
	return HeadingWith(left, via, width, st)
}

const inCloud = "in the cloud; no gateway changes"

// elsewhere says where what is done without a gateway is done, by its verb.
var elsewhere = map[string]string{"Attach": inCloud, "Detach": inCloud, "Allocate": inCloud, "Release": inCloud, "Start": inCloud, "Create": "in the cloud", "Forget": "on this machine"}

// HeadingWith puts two parts at the ends of a line. The right one, which is context, goes when
// the left one would keep less than half of the line.
func HeadingWith(left, right widget.Spans, width int, st *themes.Styles) string {
	room := width - right.Width() - 2
	if right.Width() == 0 || room < min(left.Width(), width/2) {
		return left.Cut(width).Render(st, false)
	}
	return left.Cut(room).Fit(room+2, false).Render(st, false) + right.Render(st, false)
}

// engine is how a gateway makes forwards real.
const engine = "nat"

// via names a gateway.
func via(gw gateway.Gateway, st *themes.Styles) widget.Spans {
	if gw.Name == "" && !gw.FloatingIP.IsValid() {
		return widget.Spans{{Text: "no gateway yet", Style: st.Dim}}
	}
	out := widget.Spans{{Text: "via ", Style: st.Dim}, {Text: widget.Truncate(gw.Name, maxName), Style: st.Text}}
	if gw.FloatingIP.IsValid() {
		out = append(out, widget.Span{Text: " " + gw.FloatingIP.String(), Style: st.Dim})
	}
	return append(out, widget.Span{Text: " (" + engine + ")", Style: st.Dim})
}
