package main

import (
	"context"
	"sync"

	"portico/gateway"
)

// oneByOne asks one question at a time, whoever connects meanwhile.
type oneByOne struct {
	gateway.Prompter
	turn *sync.Mutex
}

func (o oneByOne) HostKey(ctx context.Context, q gateway.HostKeyQuestion) (bool, error) {
	o.turn.Lock()
	defer o.turn.Unlock()
	return o.Prompter.HostKey(ctx, q)
}

func (o oneByOne) Passphrase(ctx context.Context, file string) ([]byte, error) {
	o.turn.Lock()
	defer o.turn.Unlock()
	return o.Prompter.Passphrase(ctx, file)
}

// asOne makes a prompter, and what tells lines, fit for several connections that are made at one time.
func asOne(p gateway.Prompter, tell func(line string)) (gateway.Prompter, func(line string)) {
	told := tell
	if tell != nil {
		var mu sync.Mutex
		told = func(line string) {
			mu.Lock()
			defer mu.Unlock()
			tell(line)
		}
	}
	if p == nil {
		return nil, told
	}
	return oneByOne{p, &sync.Mutex{}}, told
}
