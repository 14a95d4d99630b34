// Command portico makes private OpenStack instances reachable through the one floating IP a
// project has: a console on a terminal, and the same as commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"charm.land/fang/v2"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	defer a.close()
	err := fang.Execute(ctx, a.command(), fang.WithVersion(versionText()), fang.WithErrorHandler(a.showError), fang.WithoutManpage())
	return a.exitCode(err)
}
