package publish

import "time"

// SetSettling shortens the time that new forwards have to answer, where the cloud is as quick as
// the test.
func (p *Publisher) SetSettling(d time.Duration) { p.settling = d }

// SetPatience shortens the time that what the gateway connects to has to answer.
func (p *Publisher) SetPatience(d time.Duration) { p.patience = d }

// SetWindow changes how long the gateway waits for a sign of life.
func (p *Publisher) SetWindow(d time.Duration) { p.options.Window = d }
