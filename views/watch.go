package views

import (
	"time"

	"portico/gateway"
	"portico/gateway/probe"
)

// TestsTab is where all forwards are tested on a beat.
const TestsTab Target = "tests"

type (
	// BeatMsg tells the screen in sight about once a second what time it is, while nothing is applied.
	// Calm says that nobody looks: the terminal has not got the focus.
	BeatMsg struct {
		At   time.Time
		Calm bool
	}
	// GatewayProbeMsg is what the gateway sees of the private end of the forward with this key.
	GatewayProbeMsg struct {
		Key    gateway.Key
		Result probe.Result
	}
)

// Watch tests forwards quietly: results come, and nothing says that they are awaited. Those that are
// under test already are left out. Gateway are those whose private ends the gateway is to test.
type Watch struct{ Forwards, Gateway []gateway.Forward }

func (Watch) intent() {}
