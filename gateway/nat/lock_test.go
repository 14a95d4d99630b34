package nat

import (
	"context"
	"strings"
	"testing"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/emulator"
	"portico/gateway/plan"
)

// That another program holds the tables for long is no fault of the rules.
func TestTablesHeldByAnother(t *testing.T) {
	r, gw := emulated(t, emulator.Config{})
	p := newProject()
	pl := planFor(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	gw.Fail(emulator.Fault{Program: "iptables-restore", Exit: 4, Stderr: "Another app is currently holding the xtables lock. Stopped waiting after 10s.\n"})
	report := plan.Apply(context.Background(), pl, nil)
	if x := cloud.Explain(report.Err); cloud.KindOf(report.Err) != gateway.Conflict || !strings.Contains(x.Next, "try again") || len(report.Left) > 0 {
		t.Errorf("%+v, left %v", x, report.Left)
	}
}
