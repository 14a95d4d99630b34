package publish

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// survey is what the gateway has found out for the form.
type survey struct {
	seq     int
	begun   bool // for these instances
	looking bool
	found   map[found]probe.Result
	me      *views.Me // nil until it is known
}

// found is one service of one instance.
type found struct {
	instance string
	service  gateway.Service
}

// look asks the gateway for what is not known yet, or, again, for everything; nil when there is
// nothing to ask, or nobody.
func (s *Screen) look(again bool) views.Intent {
	if len(s.instances) == 0 || s.snapshot.State == nil {
		return nil
	}
	if again {
		s.survey.found, s.survey.me = nil, nil
	}
	var missing []gateway.Service
	for _, svc := range s.candidates() {
		if slices.ContainsFunc(s.instances, func(id string) bool { _, ok := s.survey.found[found{id, svc}]; return !ok }) {
			missing = append(missing, svc)
		}
	}
	if s.survey.begun && len(missing) == 0 && !again {
		return nil
	}
	s.survey.seq++
	s.survey.begun, s.survey.looking = true, true
	return views.Survey{Seq: s.survey.seq, Instances: slices.Clone(s.instances), Services: missing}
}

// candidates are the services to look for: those of the form, whether they are chosen or not, and
// those that were typed.
func (s *Screen) candidates() []gateway.Service {
	var out []gateway.Service
	for _, c := range s.services {
		out = append(out, c.service)
	}
	return append(out, s.typed()...)
}

// surveyed takes a part of an answer. Those to an earlier question are dropped.
func (s *Screen) surveyed(m views.SurveyMsg) {
	if m.Seq != s.survey.seq || len(s.instances) == 0 {
		return
	}
	if m.Me != nil {
		s.survey.me = m.Me
	}
	if f := m.Finding; f != nil {
		if s.survey.found == nil {
			s.survey.found = map[found]probe.Result{}
		}
		s.survey.found[found{f.Instance, f.Service}] = f.Result
	}
	if m.Done {
		s.survey.looking = false
	}
}

// results are what is known of a service, of all instances.
func (s *Screen) results(svc gateway.Service) []probe.Result {
	var out []probe.Result
	for _, id := range s.instances {
		if r, ok := s.survey.found[found{id, svc}]; ok {
			out = append(out, r)
		}
	}
	return out
}

// answerWord says in a few cells whether a service answers the gateway.
func (s *Screen) answerWord(svc gateway.Service, st *themes.Styles) (string, lipgloss.Style) {
	all := s.results(svc)
	switch {
	case len(all) == 0 && s.survey.looking:
		return "…", st.Dim
	case len(all) == 0:
		return "", st.Dim
	case len(s.instances) == 1:
		return oneWord(all[0], st)
	}
	ok, unknown := 0, 0
	for _, r := range all {
		switch r.Outcome {
		case probe.OK:
			ok++
		case probe.Unknown:
			unknown++
		case probe.Refused, probe.Timeout, probe.Wrong:
		}
	}
	if unknown == len(all) {
		return "? unknown", st.Dim
	}
	text, style := fmt.Sprintf("%d of %d answer", ok, len(s.instances)), st.Warn
	switch {
	case ok == len(s.instances):
		style = st.Good
	case len(all) < len(s.instances) && s.survey.looking:
		text, style = text+"…", st.Dim
	case ok == 0:
		style = st.Bad
	}
	return text, style
}

func oneWord(r probe.Result, st *themes.Styles) (string, lipgloss.Style) {
	switch r.Outcome {
	case probe.OK:
		return "✓ " + banner(r), st.Good
	case probe.Refused:
		return "✗ closed", st.Bad
	case probe.Timeout:
		return "✗ no answer", st.Bad
	case probe.Wrong:
		return "✗ not " + r.Target.Service.Name, st.Bad
	case probe.Unknown:
	}
	return "? unknown", st.Dim
}

// banner is the kind of what answers, in a word.
func banner(r probe.Result) string {
	switch said := cloud.Clean(r.Detail); {
	case strings.HasPrefix(said, "SSH-"):
		if _, software, ok := strings.Cut(strings.TrimPrefix(said, "SSH-"), "-"); ok {
			software, _, _ = strings.Cut(software, " ")
			return widget.Truncate(software, 16)
		}
		return "SSH"
	case strings.HasPrefix(said, "HTTP/"):
		if f := strings.Fields(said); len(f) > 1 {
			return "HTTP " + widget.Truncate(f[1], 3)
		}
		return "HTTP"
	case r.Target.Service.Name == "https" || r.Target.Service.Port == 443:
		return "TLS"
	}
	return "answers"
}

// evidence is what is known of a service in words.
func (s *Screen) evidence(svc gateway.Service) string {
	all := s.results(svc)
	gw := s.snapshot.Gateway.Name
	switch {
	case s.snapshot.State == nil:
		return "what answers is looked for when the gateway is known"
	case len(all) == 0 && s.survey.looking:
		return gw + " is connecting…"
	case len(all) == 0:
		return "not looked for yet; r looks"
	case len(s.instances) == 1:
		return s.oneEvidence(all[0])
	}
	by := map[probe.Outcome][]string{}
	for i, id := range s.instances {
		if r, ok := s.survey.found[found{id, svc}]; ok {
			by[r.Outcome] = append(by[r.Outcome], s.names[i])
		}
	}
	var out []string
	for _, o := range []struct {
		outcome probe.Outcome
		word    string
	}{{probe.Refused, "closed"}, {probe.Timeout, "no answer"}, {probe.Wrong, "not " + svc.Name}, {probe.Unknown, "unknown"}, {probe.OK, "answers"}} {
		names := by[o.outcome]
		if len(names) > 3 {
			names = append(names[:3:3], fmt.Sprintf("%d more", len(names)-3))
		}
		if len(names) > 0 {
			out = append(out, o.word+": "+strings.Join(names, ", "))
		}
	}
	return strings.Join(out, "; ")
}

func (s *Screen) oneEvidence(r probe.Result) string {
	gw := s.snapshot.Gateway.Name
	said := strings.TrimSuffix(cloud.Clean(r.Detail), ", seen from the gateway")
	switch r.Outcome {
	case probe.OK:
		return fmt.Sprintf("%s got: %s", gw, said)
	case probe.Refused:
		return fmt.Sprintf("%s: %s: nothing listens there now", gw, said)
	case probe.Timeout:
		return fmt.Sprintf("%s: %s; its groups may let nobody in until it is published", gw, said)
	case probe.Wrong:
		return fmt.Sprintf("%s: %s", gw, said)
	case probe.Unknown:
	}
	return said
}
