package preview

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"portico/gateway/plan"
	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// question is which of its own dialogs the screen shows.
type question int

const (
	askNothing question = iota
	askApply            // whether to carry it out
	askTyped            // likewise, and a word must be typed
	askFile             // where to write the page to
)

// open opens a dialog. The focus is on Cancel, but where a file name is to be typed.
func (s *Screen) open(q question) {
	s.asking, s.onYes, s.input = q, false, widget.NewInput("", false)
	if q == askFile {
		s.input.Set(fileName(s.proposal, s.at))
		s.onYes = true
	}
}

// typed reports whether something is typed into the dialog.
func (q question) typed() bool { return q == askTyped || q == askFile }

// answer handles a key of the dialog. Saying yes takes two keys, moving to the button and
// pressing it, so that a key typed before the dialog was there can only cancel.
func (s *Screen) answer(msg tea.KeyPressMsg) views.Intent {
	k := newKeys()
	if s.asking.typed() {
		return s.answerTyped(msg, k)
	}
	switch {
	case key.Matches(msg, k.side):
		s.onYes = !s.onYes
	case key.Matches(msg, k.cancel):
		s.asking = askNothing
	case key.Matches(msg, k.press):
		s.asking = askNothing
		if s.onYes {
			return views.Apply{Proposal: s.proposal}
		}
	}
	return nil
}

// click presses the dialog's button that was hit. Yes waits for what must be typed.
func (s *Screen) click(c *widget.Click) views.Intent {
	if !s.Asking() {
		return nil
	}
	switch s.dialog().Hit(s.box, c.X-s.boxX, c.Y-s.boxY) {
	case "cancel":
		s.asking = askNothing
	case "yes":
		if !s.asking.typed() || s.meant() {
			s.onYes = true
			return s.answer(tea.KeyPressMsg{Code: tea.KeyEnter})
		}
	}
	return nil
}

func (s *Screen) answerTyped(msg tea.KeyPressMsg, k keyMap) views.Intent {
	switch {
	case msg.String() == "esc":
		s.asking = askNothing
	case key.Matches(msg, k.switchTyped):
		s.onYes = !s.onYes && s.meant()
	case !key.Matches(msg, k.press):
		s.typeInto(msg)
	case s.onYes && s.asking == askFile:
		s.asking = askNothing
		return views.Export{Path: strings.TrimSpace(s.input.Value()), What: pages[s.at].what, Text: textOf(s.proposal, s.at)}
	case s.onYes:
		s.asking = askNothing
		return views.Apply{Proposal: s.proposal}
	case s.input.Value() == "" || s.meant(): // Cancel has the focus, and nothing else is meant
		s.asking = askNothing
	}
	return nil
}

// typeInto hands a key or a paste to the text. What is all typed is meant.
func (s *Screen) typeInto(msg tea.Msg) {
	s.input.Update(msg)
	s.onYes = s.meant()
}

// meant reports whether the text that must be typed is there.
func (s *Screen) meant() bool {
	text := strings.TrimSpace(s.input.Value())
	if s.asking == askTyped {
		return text == word(s.proposal)
	}
	return text != ""
}

// longWord is the longest name that one is asked to type, in characters.
const longWord = 40

// word is what must be typed to take something away, "" where nothing must: to withdraw, the VM's
// name or, for several, or where the name is hard to type, the number of forwards; of a
// floating IP, the address, where it is for good or breaks what others use.
func word(p publish.Proposal) string {
	switch {
	case p.AboutFloatingIP():
		return p.MustType()
	case p.Request.Make == publish.Retire:
		if typable(p.Gateway.Name) {
			return p.Gateway.Name
		}
		return "retire"
	case !p.Request.Withdraw:
		return ""
	}
	names := Names(p.Items)
	if len(names) == 1 && typable(names[0]) {
		return names[0]
	}
	return fmt.Sprint(closing(p.Items))
}

// typable reports whether a name is one that any keyboard can type.
func typable(name string) bool {
	return name != "" && len(name) <= longWord && name == strings.TrimSpace(name) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' })
}

// closing is how many forwards a proposal takes back.
func closing(items []publish.Item) int {
	n := 0
	for _, it := range items {
		if it.Action == plan.Delete {
			n++
		}
	}
	return n
}

func (s *Screen) dialog() widget.Dialog {
	if s.asking == askFile {
		return widget.Dialog{
			Title: "Write " + pages[s.at].what + " to a file", Lines: []string{"Only you can read it. A file that is there is asked about first."},
			Input: &s.input, Yes: "Write", Cancel: "Cancel", OnYes: s.onYes,
		}
	}
	p := s.proposal
	where := p.Gateway.Name
	if at := at(p); len(at) > 0 {
		where = addresses(at)
	}
	d := widget.Dialog{Title: "Apply this on " + where + "?", Yes: "Apply", Cancel: "Cancel", OnYes: s.onYes}
	d.Lines = []string{p.Plan.Summary() + "."}
	switch Verb(p) {
	case "Withdraw":
		d.Title, d.Yes = "Withdraw from "+where+"?", "Withdraw"
		d.Lines = []string{closes(p.Items) + "; " + p.Plan.Summary() + "."}
	case "Repair":
		d.Title, d.Yes = "Repair "+p.Gateway.Name+"?", "Repair"
	case "Prepare":
		d.Title, d.Yes = "Prepare "+p.Gateway.Name+" as a gateway?", "Prepare"
	case "Retire":
		d.Title, d.Yes = "Retire "+p.Gateway.Name+"?", "Retire"
		if closing(p.Items) > 0 {
			d.Lines[0] = closes(p.Items) + "; " + d.Lines[0]
		}
	case "Sync":
		d.Title, d.Yes = "Bring "+p.Gateway.Name+" into step?", "Sync"
	case "Adopt":
		d.Title, d.Yes = "Adopt on "+p.Gateway.Name+"?", "Adopt"
	case "Start", "Forget", "Create":
		d.Title, d.Yes = Verb(p)+" "+Subjects(p)[0]+"?", Verb(p)
	case "Attach", "Detach", "Allocate", "Release":
		d.Title, d.Yes = Verb(p)+" "+p.Subject()+"?", Verb(p)
	}
	for _, w := range p.Plan.Warnings {
		d.Lines = append(d.Lines, "! "+w.Title)
	}
	d.Lines = append(d.Lines, "If a step fails, everything is undone.")
	if s.asking == askTyped {
		d.Input, d.Alert = &s.input, s.demand()
	}
	return d
}

// demand says what to type.
func (s *Screen) demand() string {
	w, verb := word(s.proposal), strings.ToLower(Verb(s.proposal))
	if s.proposal.Request.Withdraw && !slices.Equal(Names(s.proposal.Items), []string{w}) {
		return "type " + w + ", the number of forwards"
	}
	return "type " + w + " to " + verb + " it"
}
