package tui

import (
	"reflect"

	tea "charm.land/bubbletea/v2"

	"portico/tui/effects"
	"portico/views"
)

// handler handles one kind of message or intent.
type handler func(*Root, any) tea.Cmd

// entry is one line of a table of handlers.
type entry struct {
	kind   reflect.Type
	handle handler
}

// on makes the line for values of type M.
func on[M any](f func(*Root, M) tea.Cmd) entry {
	return entry{reflect.TypeFor[M](), func(r *Root, m any) tea.Cmd { return f(r, m.(M)) }}
}

func table(entries ...entry) map[reflect.Type]handler {
	out := make(map[reflect.Type]handler, len(entries))
	for _, e := range entries {
		out[e.kind] = e.handle
	}
	return out
}

// routes says who handles which message.
func routes() map[reflect.Type]handler {
	return table(
		// the terminal
		on((*Root).onSize),
		on((*Root).onBackground),
		on(func(r *Root, _ tea.FocusMsg) tea.Cmd { r.blurred = false; return nil }),
		on(func(r *Root, _ tea.BlurMsg) tea.Cmd { r.blurred = true; return nil }),
		on(func(*Root, tea.KeyReleaseMsg) tea.Cmd { return nil }),
		on((*Root).onKey),
		on((*Root).onClick),
		on((*Root).onWheel),
		on(func(*Root, tea.MouseReleaseMsg) tea.Cmd { return nil }),
		on(func(*Root, tea.MouseMotionMsg) tea.Cmd { return nil }),
		on((*Root).onPaste),
		// time and streams
		on((*Root).onLate),
		on((*Root).onTick),
		on((*Root).onMore),
		// data
		on((*Root).onInventory),
		on((*Root).onObserve),
		on((*Root).onLogins),
		on((*Root).onSite),
		on((*Root).onPlaces),
		on((*Root).onHistory),
		on((*Root).onProbe),
		on((*Root).onProbeEnd),
		on((*Root).onWatchEnd),
		on((*Root).onCopies),
		on((*Root).onEnvironment),
		on((*Root).onGatewayProbe),
		// diagnoses
		on(func(r *Root, m views.LadderMsg) tea.Cmd { return r.tell(views.Doctor, m) }),
		on((*Root).onDiagnosis),
		on(func(r *Root, m views.RoundsMsg) tea.Cmd { return r.tell(views.Rounds, m) }),
		on((*Root).onRounds),
		// plans
		on((*Root).onPlan),
		on(func(r *Root, m views.SurveyMsg) tea.Cmd { return r.tell(r.formOf(), m) }),
		on(func(r *Root, m views.TriedMsg) tea.Cmd { return r.tell(r.formOf(), m) }),
		on((*Root).onSaved),
		on(func(r *Root, m views.MaterialMsg) tea.Cmd { return r.tell(views.CreateGateway, m) }),
		on((*Root).onProposal),
		on((*Root).onApplyEvent),
		on((*Root).onGuard),
		on((*Root).onApplyEnd),
		// questions and notes
		on((*Root).onAsk),
		on((*Root).onAskGone),
		on((*Root).onExport),
		on(func(r *Root, m views.ToastMsg) tea.Cmd { r.say(m.Text, m.Bad); return nil }),
	)
}

// intents says who does what a screen wants done.
func intents() map[reflect.Type]handler {
	return table(
		on(func(r *Root, i views.Navigate) tea.Cmd { r.navigate(i.To); return nil }),
		on(func(r *Root, _ views.Back) tea.Cmd { r.back(); return nil }),
		on(func(r *Root, _ views.Quit) tea.Cmd { return r.quit() }),
		on(func(r *Root, _ views.Refresh) tea.Cmd { return r.refresh() }),
		on((*Root).publish),
		on((*Root).withdraw),
		on((*Root).repair),
		on((*Root).publishSubnet),
		on((*Root).sync),
		on((*Root).adopt),
		on((*Root).makeGateway),
		on((*Root).changeFloatingIP),
		on((*Root).pickInstance),
		on((*Root).openCreate),
		on((*Root).planGateway),
		on(func(r *Root, i views.ReadMaterial) tea.Cmd { return r.fx.Material(i) }),
		on(func(r *Root, i views.Draft) tea.Cmd { return r.fx.Plan(r.snapshot, i) }),
		on(func(r *Root, i views.Survey) tea.Cmd { return r.fx.Survey(r.snapshot, i) }),
		on((*Root).tryFormula),
		on((*Root).saveScheme),
		on(func(r *Root, i views.Both) tea.Cmd { return tea.Batch(r.act(i.First), r.act(i.Then)) }),
		on((*Root).showPlan),
		on((*Root).startApply),
		on((*Root).stopWaiting),
		on((*Root).testNow),
		on((*Root).watch),
		on((*Root).diagnose),
		on((*Root).diagnoseAll),
		on((*Root).showDiagnosis),
		on((*Root).mend),
		on(func(r *Root, i views.Move) tea.Cmd { return r.propose(i.Request) }),
		on((*Root).copySSH),
		on((*Root).copyText),
		on((*Root).openCopies),
		on((*Root).takeCopy),
		on(func(r *Root, i views.ShowText) tea.Cmd { return r.fx.Show(i.Text, i.What) }),
		on(func(r *Root, i views.Export) tea.Cmd { return r.fx.Export(i) }),
		on(func(r *Root, i views.Answer) tea.Cmd { r.fx.Reply(i); return nil }),
		on(func(r *Root, i views.Tell) tea.Cmd { r.say(i.Text, false); return nil }),
	)
}

func (r *Root) onSize(m tea.WindowSizeMsg) tea.Cmd {
	r.width, r.height = m.Width, m.Height
	return nil
}

func (r *Root) onBackground(m tea.BackgroundColorMsg) tea.Cmd {
	r.dark = m.IsDark()
	r.wear(r.o.Palette)
	return nil
}

// onMore handles one message of a stream and asks for the next, in this order.
func (r *Root) onMore(m effects.More) tea.Cmd { return tea.Batch(r.dispatch(m.Msg), m.Next) }

// onPaste goes to an open dialog before the screen.
func (r *Root) onPaste(m tea.PasteMsg) tea.Cmd {
	switch {
	case len(r.dialogs) == 0 && r.picker.open:
		r.picker.Type(m)
		return nil
	case len(r.dialogs) == 0:
		return r.tell(r.nav.current, m)
	}
	if d := &r.dialogs[0]; d.Input != nil && !r.now.Before(d.quiet) {
		d.Input.Update(m)
		d.OnYes = d.Input.Value() != ""
	}
	return nil
}
