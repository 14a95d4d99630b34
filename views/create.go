package views

import (
	"portico/cloud"
	"portico/gateway/provision"
)

// CreateGateway is the screen on which one chooses what a new gateway is made from.
const CreateGateway Target = "create"

type (
	// OpenCreate opens the screen that makes a gateway from nothing, and has read what it can be made from.
	OpenCreate struct{}
	// ReadMaterial has that read again.
	ReadMaterial struct{ Seq int }
	// PlanGateway makes a plan that makes a gateway from nothing, and shows it.
	PlanGateway struct {
		Wish     provision.Wish
		Material cloud.Material
	}
)

func (OpenCreate) intent()   {}
func (ReadMaterial) intent() {}
func (PlanGateway) intent()  {}

type (
	// OpenCreateMsg tells the screen that it is opened anew.
	OpenCreateMsg struct{}
	// MaterialMsg answers a ReadMaterial: what a gateway can be made from, and the keys on this machine.
	MaterialMsg struct {
		Seq      int
		Material cloud.Material
		Keys     []provision.Key
		Err      error
	}
)
