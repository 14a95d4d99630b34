package tui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"

	"portico/gateway/publish"
	"portico/views"
	"portico/views/widget"
)

// statusBar is the last line: the keys that work here or, for a moment, a word about what was
// done, and at its end what is under way. A question's keys are never hidden.
func (r *Root) statusBar() string {
	room, tasks := r.width-1, r.tasks()
	left := r.keyLine(room)
	switch {
	case r.toast.text != "" && r.now.Before(r.toast.until) && !r.asking():
		left = r.toastLine()
	case len(tasks) > 0 && !r.byItself() && !r.asking():
		left = r.keyLine(room - tasks.Width() - 2)
	}
	line := append(widget.Spans{{Text: " "}}, left...)
	if at := room - tasks.Width(); len(tasks) > 0 && line.Width()+1 <= at {
		line = append(line.Fit(at, false), tasks...)
	}
	return line.Fit(r.width, false).Render(r.styles, false)
}

// byItself reports whether all that is under way are tests that come by themselves with each refresh:
// no key comes and goes with them.
func (r *Root) byItself() bool {
	return !r.apply.running() && r.switching == nil && len(r.waiting) == 0 && r.planning == 0
}

// asking reports whether a question is open, the console's or a screen's own.
func (r *Root) asking() bool {
	a, ok := r.nav.screen().(views.Asking)
	return len(r.dialogs) > 0 || r.menu.open || ok && a.Asking()
}

func (r *Root) toastLine() widget.Spans {
	if r.toast.bad {
		return widget.Spans{{Text: "✗ ", Style: r.styles.Bad}, {Text: r.toast.text, Style: r.styles.Text}}
	}
	return widget.Spans{{Text: "• ", Style: r.styles.Accent}, {Text: r.toast.text, Style: r.styles.Text}}
}

// tasks says what is under way.
func (r *Root) tasks() widget.Spans {
	st := r.styles
	switch {
	case r.apply.running():
		text := r.applying()
		if r.apply.quitWhenDone {
			text += ", then quit"
		}
		return widget.Spans{{Text: text, Style: st.Accent}}
	case r.switching != nil:
		return widget.Spans{{Text: "⟳ switching", Style: st.Accent}}
	case len(r.waiting) > 0:
		return widget.Spans{{Text: fmt.Sprintf("⟳ testing %d %s", len(r.waiting), plural(len(r.waiting), "forward")), Style: st.Dim}}
	case r.planning > 0:
		return widget.Spans{{Text: "⟳ planning", Style: st.Dim}}
	case len(r.probing) > 0:
		return widget.Spans{{Text: "⟳ testing again", Style: st.Dim}}
	}
	return nil
}

// applying says in a few words what the apply is at.
func (r *Root) applying() string {
	switch r.apply.guard.Phase {
	case publish.Waiting:
		return "⟳ waiting"
	case publish.Testing, publish.Asking:
		return "⟳ " + string(r.apply.guard.Phase)
	case publish.TakingBack, publish.Healing:
		return "⟳ taking back"
	case publish.Armed, publish.Checking, publish.Confirmed, publish.Unguarded, publish.Building:
	}
	return fmt.Sprintf("⟳ applying %d/%d", r.apply.done, len(r.apply.proposal.Plan.Steps))
}

// tailWidth is the width from which the palette is always named, too.
const tailWidth = 60

// keyLine lists the screen's keys as far as there is room; help and the way out are always there.
func (r *Root) keyLine(room int) widget.Spans {
	if len(r.dialogs) > 0 {
		return r.bindings(dialogKeys(r.dialogs[0].Dialog))
	}
	if r.menu.open {
		return r.bindings([]key.Binding{inThemes.Up, inThemes.Down, inThemes.Keep, inThemes.Restore})
	}
	if r.picker.open {
		return r.bindings(r.picker.bindings())
	}
	leave := globals.Quit
	if !r.nav.top() {
		leave.SetHelp("q", "back")
	}
	if r.apply.running() && r.nav.current == views.ApplyRun {
		leave = globals.ForceQuit // the screen stays until the end
		leave.SetHelp("ctrl+c", "quit")
	}
	tail := r.bindings([]key.Binding{globals.Palette, globals.Help, leave})
	if r.width < tailWidth {
		tail = r.bindings([]key.Binding{globals.Help, leave})
	}
	switch {
	case r.nav.typing():
		tail = nil
	case r.nav.current == views.HelpPage:
		tail = r.bindings([]key.Binding{leave})
	}
	var line widget.Spans
	for _, b := range r.nav.screen().Keys().ShortHelp() {
		one := r.bindings([]key.Binding{b})
		if line.Width()+one.Width()+tail.Width()-2 > room { // the last gap need not fit
			break
		}
		line = append(line, one...)
	}
	line = append(line, tail...)
	if n := len(line) - 1; n >= 0 {
		line[n].Text = strings.TrimRight(line[n].Text, " ")
	}
	return line
}

// bindings draws keys and what they do. One that has nothing to act on just now is faint: it keeps
// its place.
func (r *Root) bindings(bs []key.Binding) widget.Spans {
	var out widget.Spans
	for _, b := range bs {
		h, name, text := shown(r.o.Keys, r.nav.current, b).Help(), r.styles.Key, r.styles.KeyText
		if h.Key == "" {
			continue
		}
		if !b.Enabled() {
			name, text = r.styles.Faint, r.styles.Faint
		}
		out = append(out, widget.Span{Text: h.Key, Style: name}, widget.Span{Text: " " + h.Desc + "  ", Style: text})
	}
	return out
}
