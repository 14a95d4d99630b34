package effects

import (
	"context"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// Reader reads what stands. gateway/publish's Publisher is all parts of the Backend but one.
type Reader interface {
	// Inventory reads the project.
	Inventory(ctx context.Context) (cloud.Inventory, error)
	// Observe finds the gateway and reads what stands there. The error is of Kind NotFound when
	// there is none.
	Observe(ctx context.Context, inv cloud.Inventory) (gateway.Gateway, gateway.State, error)
	// Gateways lists what could be a gateway of a project. It asks nobody.
	Gateways(inv cloud.Inventory) []gateway.Gateway
	// Logins tells how to log in to each instance, by ID. It may know some of them and fail for others.
	Logins(ctx context.Context, inv cloud.Inventory) (map[string]publish.Login, error)
}

// Planner works out what a request would change. It asks nobody, and is quick.
type Planner interface {
	// SnapshotFor reads anew what a request is planned from.
	SnapshotFor(ctx context.Context, r publish.Request) (publish.Snapshot, error)
	Plan(ctx context.Context, s publish.Snapshot, r publish.Request) (publish.Proposal, error)
}

// Applier carries a proposal out, and proves it.
type Applier interface {
	Apply(ctx context.Context, p publish.Proposal, w publish.Watch) publish.Outcome
}

// Prober tests forwards for real. emit is called once for each, from any goroutine, one at a time.
// ProbeNew tries those that were just made again and again for as long as a cloud needs to open
// its doors, and emits each try.
type Prober interface {
	Probe(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result
	ProbeNew(ctx context.Context, fs []gateway.Forward, emit func(gateway.Key, probe.Result)) map[gateway.Key]probe.Result
}

// Historian tells what was applied to a snapshot's project and gateway, newest first. It may know
// some of it and fail for the rest.
type Historian interface {
	History(ctx context.Context, s publish.Snapshot) ([]history.Record, error)
}

// Backend is all that the console can do.
type Backend interface {
	Reader
	Planner
	Applier
	Prober
	GatewayProber
	Copier
	Surveyor
	Historian
	Diagnoser
	Creator
}

// Combined is a Backend of a Publisher and the Doctor of the same project.
type Combined struct {
	*publish.Publisher
	Diagnoser
}

var _ Backend = Combined{}
