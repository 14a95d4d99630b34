package views

// SubnetForm is the form that publishes a whole subnet.
const SubnetForm Target = "subnet"

type (
	// PublishSubnet opens the form that publishes a whole subnet.
	PublishSubnet struct{}
	// Sync makes a plan that brings the forwards into step with the project, and shows it.
	Sync struct{}
)

func (PublishSubnet) intent() {}
func (Sync) intent()          {}
