package apply

import (
	"slices"

	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/views"
)

// entry is one way in: the text to use, and what copies it.
type entry struct {
	text     string
	instance string
	ssh      bool
	forward  gateway.Forward
	copy     views.Intent
}

// findEntries lists the ways in that stand after a successful apply, by instance: ssh commands,
// and addresses for a browser. The first ssh command is the chosen one.
func (s *Screen) findEntries() {
	known := len(s.entries) > 0
	s.entries = nil
	if !s.finished || !s.report.OK() || s.proposal.Request.Repair {
		return
	}
	for _, it := range s.proposal.Items {
		f := it.Forward
		e := entry{instance: it.Instance, forward: f}
		switch {
		case it.Action == plan.Delete:
			continue
		case f.Service.IsSSH():
			e.ssh, e.text, e.copy = true, publish.SSHCommand(f, s.logins[f.Instance]), views.CopySSH{Forward: f}
		case f.Service.Name == "http" || f.Service.Name == "https":
			e.text = f.Service.Name + "://" + f.Public.String() + "/"
			e.copy = views.CopyText{Text: e.text, What: "the address"}
		default:
			continue
		}
		s.entries = append(s.entries, e)
	}
	if !known {
		s.chosen = max(0, slices.IndexFunc(s.entries, func(e entry) bool { return e.ssh }))
	}
}
