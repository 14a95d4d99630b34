package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"portico/views"
)

// copying is the copy menu that is open, and whether the terminal has a clipboard at all.
type copying struct {
	seq  int
	mute bool // it takes no OSC 52: texts are shown instead
}

// muteTerminals are those that are known to take no OSC 52: the Linux console, real and emulated
// terminals of DEC, and such as have no control sequences at all.
var muteTerminals = []string{"linux", "dumb", "vt100", "vt102", "vt220", "vt320", "ansi", "cons25"}

// onEnvironment learns which terminal it is. Apple's Terminal says it takes all that xterm does, and
// does not take this.
func (r *Root) onEnvironment(m tea.EnvMsg) tea.Cmd {
	r.copying.mute = slices.Contains(muteTerminals, m.Getenv("TERM")) || m.Getenv("TERM_PROGRAM") == "Apple_Terminal"
	return nil
}

// hand puts a text on the clipboard and says so, or shows it where there is none.
func (r *Root) hand(text, what, told string) tea.Cmd {
	if r.copying.mute {
		return r.fx.Show(text, what)
	}
	r.say(told, false)
	return r.fx.Copy(text)
}

// openCopies opens the menu. What is in it comes at once; the host keys later.
func (r *Root) openCopies(i views.OpenCopies) tea.Cmd {
	r.copying.seq++
	r.navigate(views.CopyMenu)
	return r.fx.Copies(r.copying.seq, r.snapshot, i, r.logins.byID)
}

// onCopies gives the menu its texts, unless another one was opened since.
func (r *Root) onCopies(m views.CopiesMsg) tea.Cmd {
	if m.Seq != r.copying.seq {
		return nil
	}
	return r.tell(views.CopyMenu, m)
}

// takeCopy copies and goes back to where one was.
func (r *Root) takeCopy(i views.TakeCopy) tea.Cmd {
	r.back()
	return r.hand(i.Text, i.What, i.What+" sent to the clipboard")
}
