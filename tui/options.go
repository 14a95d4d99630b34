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

	"portico/gateway/scheme"
	"portico/themes"
	"portico/tui/effects"
)

// Options is what the console is started with. Backend must be set.
type Options struct {
	Backend  effects.Backend
	Prompter *effects.Prompter // the one that the gateway's connector asks; nil: nobody is asked
	Schemes  []scheme.Scheme   // the first is the default; none: the built-in ones
	Cloud    string            // what to call the cloud until it has said so itself
	Palette  themes.Palette    // zero: the default
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

// Run shows the console until the operator quits or ctx ends. Then it waits for a plan that is being
// applied: a change is never cut off in the middle. program adds options of Bubble Tea.
func Run(ctx context.Context, o Options, program ...tea.ProgramOption) error {
	root := New(ctx, o)
	p := tea.NewProgram(root, append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}, program...)...)
	_, err := p.Run()
	if root.apply.running() {
		_, _ = fmt.Fprintln(root.o.Notice, "portico: finishing the changes that are being applied")
	}
	root.Close()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil // asked to end, and ended
	}
	return err
}
