// Package doctor is the ladder of a path's hops, which fills as they are looked at: the first broken
// one is open with its evidence, and f is what puts it right.
//
//	DiagnoseMsg -> LadderMsg... -> DiagnosisMsg --enter--> a hop's evidence, --f--> the fix
package doctor

import (
	"cmp"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/doctor"
	"portico/views"
)

// Screen is the ladder. Make one with New.
type Screen struct {
	keys     keys
	own      views.Keys // that the operator has bound
	readOnly string     // why nothing can be changed, or ""

	asked views.DiagnoseMsg
	hops  []doctor.Hop
	found *doctor.Diagnosis // nil while it is looked for
	err   error

	cursor  int // of hops
	open    map[doctor.HopID]bool
	touched bool // the operator has moved: the cursor stays where it is

	top, height int   // of the lines below the heading, as last drawn
	starts      []int // the line of each hop, and the number of lines
	follow      bool  // the hop under the cursor is to be in sight
}

var _ views.Screen = (*Screen)(nil)

// New returns the screen before anything was asked. In a read-only console nothing is mended.
func New(readOnly bool) *Screen {
	return &Screen{keys: newKeys(), readOnly: views.StartedReadOnly(readOnly)}
}

// Title names the screen.
func (s *Screen) Title() string { return "Doctor" }

// Update takes what is found, and keys.
func (s *Screen) Update(msg tea.Msg) (views.Screen, views.Intent) {
	switch msg := msg.(type) {
	case views.SnapshotMsg:
		s.own, s.readOnly = msg.Keys, cmp.Or(msg.ReadOnly, s.readOnly)
	case views.DiagnoseMsg:
		s.begin(msg)
	case views.LadderMsg:
		if msg.Seq == s.asked.Seq && !s.ended() {
			s.hops = msg.Progress.Hops
			if msg.Progress.Title != "" {
				s.asked.Title = msg.Progress.Title
			}
		}
	case views.DiagnosisMsg:
		if msg.Seq == s.asked.Seq {
			s.end(msg)
		}
	case tea.KeyPressMsg:
		return s, s.press(msg)
	}
	return s, nil
}

// begin looks anew. When the same is looked at again, the hops that the operator has opened stay open.
func (s *Screen) begin(m views.DiagnoseMsg) {
	again := m.Again && s.asked.Target == m.Target
	s.asked, s.hops, s.found, s.err = m, nil, nil, nil
	s.top, s.follow, s.touched = 0, true, false
	if !again {
		s.cursor, s.open = 0, map[doctor.HopID]bool{}
	}
}

func (s *Screen) ended() bool { return s.found != nil || s.err != nil }

func (s *Screen) end(m views.DiagnosisMsg) {
	if m.Err != nil {
		s.err = m.Err
		return
	}
	s.found, s.hops = &m.Diagnosis, m.Diagnosis.Hops
	if m.Diagnosis.Title != "" {
		s.asked.Title = m.Diagnosis.Title
	}
	if at := s.worst(); at >= 0 && !s.touched {
		s.cursor, s.follow = at, true
		s.open = map[doctor.HopID]bool{s.hops[at].ID: true}
	}
}

// worst is the hop that the diagnosis is about: the broken one, else the first that could not be seen.
func (s *Screen) worst() int {
	if at := s.found.Broken; at >= 0 && at < len(s.hops) {
		return at
	}
	for i, h := range s.hops {
		if h.Verdict == doctor.Unknown && h.Follows == 0 {
			return i
		}
	}
	return -1
}

// fix is what the diagnosis offers, or nil.
func (s *Screen) fix() *doctor.Fix {
	if s.found == nil {
		return nil
	}
	return s.found.Fix()
}

// press handles a key.
func (s *Screen) press(msg tea.KeyPressMsg) views.Intent {
	k := s.keys
	switch {
	case key.Matches(msg, k.Close):
		return views.Back{}
	case key.Matches(msg, k.Again):
		again := s.asked.Diagnose
		again.Again = true
		return again
	case key.Matches(msg, k.Fix):
		return s.mend()
	case key.Matches(msg, k.Copy):
		return s.copy()
	default:
		s.move(msg)
	}
	return nil
}

// mend opens the plan of the fix; what no plan can do is copied.
func (s *Screen) mend() views.Intent {
	fix := s.fix()
	switch {
	case !s.ended():
		return views.Tell{Text: stillLooking}
	case fix == nil:
		return views.Tell{Text: "there is nothing to mend"}
	case fix.Kind == doctor.FixPlan && fix.Request == nil:
		return views.Tell{Text: "there is no plan for it"}
	case fix.Kind == doctor.FixPlan && s.readOnly != "":
		return views.Tell{Text: views.OnlyLooks(s.readOnly)}
	case fix.Kind == doctor.FixPlan:
		return views.Mend{Request: *fix.Request}
	case fix.Command != "":
		return views.CopyText{Text: clean(fix.Command), What: "the command"}
	}
	return views.CopyText{Text: clean(fix.Sentence), What: "the sentence for " + clean(fix.To)}
}

func (s *Screen) copy() views.Intent {
	if s.found == nil {
		return views.Tell{Text: stillLooking}
	}
	return views.CopyText{Text: doctor.Report(*s.found), What: "the report"}
}

const stillLooking = "still looking"

// move moves between hops; one that is longer than the screen is scrolled through first.
func (s *Screen) move(msg tea.KeyPressMsg) {
	k, last := s.keys, len(s.hops)-1
	if last < 0 {
		return
	}
	s.follow = true
	switch {
	case key.Matches(msg, k.Open):
		id := s.hops[s.cursor].ID
		s.open[id] = !s.open[id]
	case key.Matches(msg, k.Down):
		if s.scrolls(1) {
			return
		}
		s.cursor = min(s.cursor+1, last)
	case key.Matches(msg, k.Up):
		if s.scrolls(-1) {
			return
		}
		s.cursor = max(s.cursor-1, 0)
	case key.Matches(msg, k.PageDown):
		s.top, s.follow = s.top+s.height, false
	case key.Matches(msg, k.PageUp):
		s.top, s.follow = max(0, s.top-s.height), false
	case key.Matches(msg, k.Home):
		s.cursor = 0
	case key.Matches(msg, k.End):
		s.cursor = last
	default:
		return
	}
	s.touched = true
}

// scrolls moves the page by a line when the hop under the cursor goes on beyond it.
func (s *Screen) scrolls(by int) bool {
	if s.cursor+1 >= len(s.starts) {
		return false
	}
	from, to := s.starts[s.cursor], s.starts[s.cursor+1]
	beyond := by > 0 && to > s.top+s.height || by < 0 && from < s.top
	if beyond && to > s.top && from < s.top+s.height {
		s.top, s.follow, s.touched = s.top+by, false, true
		return true
	}
	return false
}

// Keys are the bindings that work now.
func (s *Screen) Keys() help.KeyMap {
	k := s.keys
	fix := s.fix()
	k.Fix.SetEnabled(fix != nil && (fix.Kind != doctor.FixPlan || s.readOnly == ""))
	if fix != nil && fix.Kind != doctor.FixPlan {
		k.Fix.SetHelp("f", "copy "+map[bool]string{true: "the command", false: "what to say"}[fix.Command != ""])
	}
	k.Copy.SetEnabled(s.found != nil)
	k.Open.SetEnabled(len(s.hops) > 0)
	k.Again.SetEnabled(s.ended())
	return k
}
