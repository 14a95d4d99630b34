package main

import "context"

func (a *app) console(ctx context.Context) error { return nil }
