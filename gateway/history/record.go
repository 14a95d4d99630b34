// Package history keeps what was changed, when, by whom, and how it ended: on the gateway, for
// all who use it, and on the operator's own machine.
package history

import (
	"time"

	"portico/gateway/plan"
)

// Result is how an apply ended.
type Result string

// The results. Applying is what a record says whose apply has not ended, or whose console died;
// RolledBack is written by the gateway itself.
const (
	Applying   Result = "applying"
	Applied    Result = "applied"
	Undone     Result = "undone"         // a step failed, or what was made was not kept; all is as before
	Partly     Result = "partly applied" // and could not be undone whole
	RolledBack Result = "rolled back"    // the gateway put its own part back: no console confirmed it
)

// Record is one apply. It holds what an operator needs to see it again as a diff, and no secrets.
type Record struct {
	Version int       `json:"version"` // 1
	ID      string    `json:"id"`      // sorts by time: "20261121T122211Z-" and the plan's ID
	By      string    `json:"by"`      // user@host of the console
	At      time.Time `json:"at"`
	Ended   time.Time `json:"ended,omitzero"`
	Project string    `json:"project,omitempty"`
	// ProjectID parts projects whose records lie in one folder.
	ProjectID string `json:"project_id,omitempty"`
	Gateway   string `json:"gateway"`
	// GatewayID is the gateway's instance, or its address when it is none.
	GatewayID string        `json:"gateway_id"`
	Title     string        `json:"title"` // what was asked for: "publish assembly-02: ssh, http"
	Instances []string      `json:"instances,omitempty"`
	Changes   []plan.Change `json:"changes"` // without the commands that make and undo them
	Result    Result        `json:"result"`
	Error     string        `json:"error,omitempty"`
	Left      []string      `json:"left,omitempty"` // what still stands of a change that could not be undone
}

// NewID is the ID of a plan that is applied now.
func NewID(at time.Time, planID string) string {
	return at.UTC().Format("20060102T150405Z") + "-" + planID
}
