package views

type (
	// PickInstance asks which instance a free floating IP, named by ID, is to be attached to.
	PickInstance struct{ FloatingIP string }
	// PickInstanceMsg has the screen of floating IPs ask that.
	PickInstanceMsg struct{ FloatingIP string }
)

func (PickInstance) intent() {}
