package main

import (
	"context"
	"errors"

	"portico/tui"
	"portico/tui/effects"
)

// console opens the screens. They show before the cloud has answered: signing in is part of the
// first refresh, and is tried again with the next ones.
func (a *app) console(ctx context.Context) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	options, err := a.options(cfg)
	if err != nil {
		return err
	}
	palette, err := a.palette(cfg)
	if err != nil {
		return err
	}
	if a.flags.plain {
		return a.openPlain(ctx, func(ctx context.Context) (*wiring, error) { return a.wireWith(ctx, a.prompter(), cfg, options) })
	}
	if !a.interactive() {
		return wrongUse("open the console", errors.New("standard input is not a terminal"), "use a command instead: portico list")
	}
	if why := a.unconfigured(); why != nil {
		return a.onboard(ctx, cfg, why)
	}
	prompter := effects.NewPrompter()
	places := a.newSwitcher(cfg, options)
	backend := effects.Lazy(func(ctx context.Context) (effects.Backend, error) {
		w, err := a.wireWith(ctx, prompter, cfg, options)
		if err != nil {
			return nil, err
		}
		places.began(w)
		return places.backend(w), nil
	})
	return tui.Run(ctx, tui.Options{Backend: backend, Prompter: prompter, Schemes: options.Schemes, Keep: places.keep, Services: options.Services, Cloud: places.home.Cloud, Switcher: places, Palette: palette, Themes: cfg.palettes(), ASCII: a.ascii(cfg), ReadOnly: options.ReadOnly, Keys: cfg.keys(), Mouse: cfg.Mouse})
}
