package doctor

import (
	"context"
	"errors"

	"portico/gateway"
	"portico/gateway/publish"
)

// Doctor diagnoses paths of one project.
type Doctor struct {
	publisher *publish.Publisher
}

// New returns a Doctor for the project that p works on.
func New(p *publish.Publisher) *Doctor { return &Doctor{publisher: p} }

// Diagnose looks at one path. It reads the project and the gateway anew, and changes nothing. emit,
// if not nil, is called in order from one goroutine at a time with the ladder as it fills. The error
// says that nothing could be diagnosed: the target is unknown, or the cloud did not answer; a path
// that is broken is no error.
func (d *Doctor) Diagnose(_ context.Context, _ Target, _ func(Progress)) (Diagnosis, error) {
	return Diagnosis{}, &gateway.Error{Op: "diagnose", Kind: gateway.Internal, Err: errors.New("not built yet")}
}
