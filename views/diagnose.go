package views

import (
	"portico/gateway"
	"portico/gateway/doctor"
)

// DiagnoseForward looks at the path of one forward. Name is the instance's.
func DiagnoseForward(f gateway.Forward, name string) Diagnose {
	return Diagnose{Target: doctor.Target{Public: f.Public, Protocol: f.Service.Protocol}, Title: f.Public.String() + " -> " + name + " " + f.Service.Name}
}
