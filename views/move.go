package views

import "portico/gateway/publish"

// Move makes a plan that has other means carry what is published, and shows it.
type Move struct{ Request publish.Request }

func (Move) intent() {}
