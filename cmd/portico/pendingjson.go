package main

import (
	"time"

	"portico/gateway"
)

// armedJSON is a change that its console has not confirmed yet.
type armedJSON struct {
	ID      string    `json:"id"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Seconds int       `json:"seconds_left"`
}

// rolledBackJSON is a change that the gateway took back by itself.
type rolledBackJSON struct {
	ID    string    `json:"id"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Back  time.Time `json:"taken_back"`
	Why   string    `json:"why"`
	Whole bool      `json:"whole"`
}

func newPendingJSON(s gateway.State) (*armedJSON, []rolledBackJSON) {
	var armed *armedJSON
	if a := s.Armed; a != nil {
		armed = &armedJSON{ID: a.ID, By: a.By, At: a.At, Seconds: int(a.Left.Seconds())}
	}
	back := []rolledBackJSON{}
	for _, b := range s.RolledBack {
		back = append(back, rolledBackJSON(b))
	}
	return armed, back
}
