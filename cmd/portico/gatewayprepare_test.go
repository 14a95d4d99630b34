package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// A machine on which something is left of a change keeps the address by which it is reached: taking it off
// would lock out whoever is to put it right.
func TestPrepareKeepsAddressOfWhatIsLeft(t *testing.T) {
	var said bytes.Buffer
	j := &preparation{
		a: &app{flags: flags{plain: true}, err: &said}, vm: cloud.Instance{Name: "bastion"},
		done: []publish.FloatingIPRequest{{Do: publish.Detach, Address: "203.0.113.10"}},
	} // without a way to the cloud: nothing may be asked of it
	j.ended(context.Background(), &gateway.Error{Op: "apply the plan", Kind: gateway.Partial, Err: errors.New("1 of its changes could not be undone")})
	if got := said.String(); !strings.Contains(got, "bastion keeps its floating IP") || strings.Contains(got, "taken back") {
		t.Errorf("%q", got)
	}
}
