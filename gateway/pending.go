package gateway

import "time"

// Armed is a change that its console has not confirmed yet: the gateway takes it back by itself
// when Left has passed without a sign of life.
type Armed struct {
	ID   string // of its record in the history
	By   string // user@host of the console
	At   time.Time
	Left time.Duration
}

// RolledBack is a change that a gateway took back by itself, and that nobody has seen to since.
// What it opened or closed in the cloud may still stand.
type RolledBack struct {
	ID       string // of its record in the history
	By       string
	At, Back time.Time // when it began, and when it was taken back
	Why      string
	Whole    bool // false if the gateway could not put back all of its own part
}
