package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/gateway/scheme"
	"portico/themes"
	"portico/tui/effects"
	"portico/views"
)

// Options is what the console is started with. Backend must be set.
type Options struct {
	Backend  effects.Backend
	Prompter *effects.Prompter // the one that the gateway's connector asks; nil: nobody is asked
	Switcher effects.Switcher  // goes to other clouds and projects; nil: nobody does
	Schemes  []scheme.Scheme   // the first is the default; none: the built-in ones
	Keep     effects.Keeper    // saves schemes; nil: they are not saved
	Services []gateway.Service // the catalogue; none: the built-in one
	Cloud    string            // what to call the cloud until it has said so itself
	Palette  themes.Palette    // zero: the default
	Themes   []themes.Palette  // that one can choose from; none: the built-in ones
	Keys     views.Keys        // that the operator has bound; see CheckKeys
	Mouse    bool              // take clicks and the wheel from the beginning
	ASCII    bool              // draw with ASCII alone
	ReadOnly bool              // nothing can be published or withdrawn

	Now    func() time.Time // the clock; nil: the real one
	Jitter func() float64   // 0..1, spreads the attempts of many consoles; nil: at random
	Notice io.Writer        // what is to be said when the screen is gone; nil: standard error
}

func (o Options) withDefaults() Options {
	if len(o.Schemes) == 0 {
		o.Schemes = scheme.Builtin()
	}
	if o.Palette.Name == "" {
		o.Palette = themes.Default()
	}
	if len(o.Themes) == 0 {
		o.Themes = themes.Palettes()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Notice == nil {
		o.Notice = os.Stderr
	}
	return o
}

// framesPerSecond is how often the screen is drawn at most. Each one wakes the machine up, also
// when nothing has changed; an operator sees no difference to more.
const framesPerSecond = 20

// parting says what becomes of the apply under way now that the console ends.
func (r *Root) parting() string {
	switch g, _ := r.fx.Applied(); g.Phase {
	case publish.Waiting:
		return "no longer waiting for " + g.By
	case publish.Asking:
		return "nobody has said to keep what does not answer; taking everything back"
	case publish.TakingBack, publish.Healing:
		return "taking back what was changed"
	case publish.Armed, publish.Checking, publish.Testing, publish.Confirmed, publish.Unguarded, publish.Building:
	}
	return "finishing the changes that are being applied; if new forwards do not answer, everything is taken back"
}

// farewell says how the apply ended that the console has left behind.
func (r *Root) farewell() string {
	_, out := r.fx.Applied()
	switch {
	case out == nil:
		return "nothing was changed"
	case out.Report.OK():
		return "done; what stands is what was planned"
	case len(out.Report.Left) > 0:
		return fmt.Sprintf("%d of the changes could not be undone; see 'portico history' and 'portico gateways'", len(out.Report.Left))
	case len(out.Report.Undone) > 0:
		return "everything was taken back: " + views.Explain(out.Report.Err).Why
	}
	return "nothing was changed: " + views.Explain(out.Report.Err).Why
}

// Run shows the console until the operator quits or ctx ends. Then it waits for a plan that is being
// applied: a change is never cut off in the middle. program adds options of Bubble Tea.
func Run(ctx context.Context, o Options, program ...tea.ProgramOption) error {
	root := New(ctx, o)
	p := tea.NewProgram(root, append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}, program...)...)
	_, err := p.Run()
	if root.apply.running() {
		_, _ = fmt.Fprintln(root.o.Notice, "portico: "+root.parting())
	}
	root.Close()
	if root.apply.running() {
		_, _ = fmt.Fprintln(root.o.Notice, "portico: "+root.farewell())
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil // asked to end, and ended
	}
	return err
}
