package publish

import (
	"testing"

	"go.uber.org/goleak"
)

// Package ssh leaves whoever asks for a session just as the connection ends waiting for ever.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("golang.org/x/crypto/ssh.(*mux).openChannel"), goleak.IgnoreAnyFunction("portico/gateway/host.abandon"))
}
