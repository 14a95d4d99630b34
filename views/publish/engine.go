package publish

import (
	"portico/gateway/publish"
	"portico/themes"
	"portico/views"
	"portico/views/widget"
)

// engineWay is the engine under the focus.
func (s *Screen) engineWay() publish.EngineWay {
	all := publish.EngineWays(s.snapshot)
	if s.focus.index >= len(all) {
		return publish.EngineWay{}
	}
	return all[s.focus.index]
}

// takeEngine chooses the engine under the focus and reports whether the form is another one now.
func (s *Screen) takeEngine() bool {
	w := s.engineWay()
	if !w.Available || s.engine == w.Name && s.via == w.Via {
		return false
	}
	s.engine, s.via = w.Name, w.Via
	s.taken = takenOf(s.snapshot, s.address())
	return true
}

// address is the floating IP that Neutron is to forward, "" where the gateway is to.
func (s *Screen) address() string {
	for _, w := range publish.EngineWays(s.snapshot) {
		if w.Name == publish.NeutronEngine && s.taking(w, publish.EngineWays(s.snapshot)) {
			return w.Via
		}
	}
	return ""
}

// tellEngine says why an engine cannot be taken.
func (s *Screen) tellEngine() views.Intent {
	w := s.engineWay()
	return views.Tell{Text: w.Title + " can't be taken: " + w.Why}
}

// taking reports whether a form as it is takes this engine: the chosen one, else the one of what stands,
// else the first that can be.
func (s *Screen) taking(w publish.EngineWay, all []publish.EngineWay) bool {
	if s.engine != "" {
		return s.engine == w.Name && (s.via == w.Via || s.via == "")
	}
	for _, f := range s.now {
		return f.Engine == w.Name && (w.Via == "" || w.Via == f.Public.Addr().String())
	}
	for _, first := range all {
		if first.Available {
			return first == w
		}
	}
	return false
}

// engineLine is one way of making the forwards real.
func (s *Screen) engineLine(i int, w publish.EngineWay, st *themes.Styles) widget.Spans {
	ink := s.ink(s.focus == field{fieldEngine, i}, st)
	if !w.Available {
		if s.focus != (field{fieldEngine, i}) {
			ink = st.Faint
		}
		return widget.Spans{{Text: "( ) ", Style: st.Faint}, {Text: w.Title, Style: ink}, {Text: "  not available: " + w.Why, Style: st.Faint}}
	}
	why := "  " + w.Why
	if w.Recommended {
		why = "  recommended: " + w.Why
	}
	return widget.Spans{radio(s.taking(w, publish.EngineWays(s.snapshot)), st), {Text: w.Title, Style: ink}, {Text: why, Style: st.Dim}}
}
