package doctor_test

import (
	"testing"

	"portico/gateway/doctor"
)

// A machine without a network learns nothing of a path by trying it: that is no fault of the path.
func TestUntriedIsNotBroken(t *testing.T) {
	w := newWorld(t)
	w.adrift.Store(true)
	d := w.diagnose(doctor.Target{Instance: vmName})
	if d.Verdict != doctor.Unknown || d.Broken != -1 {
		t.Errorf("%s, broken %d: %s", d.Verdict, d.Broken, d.Summary)
	}
	w.regroup(vmName, false)
	if d = w.diagnose(doctor.Target{Instance: vmName}); d.Verdict != doctor.Blocked || d.Hops[d.Broken].ID != doctor.VMGroups {
		t.Errorf("what is configured to block is seen all the same: %s", d.Summary)
	}
}

// What puts a finding right on one gateway must not be planned on another.
func TestFixesNameTheirGateway(t *testing.T) {
	w := newWorld(t)
	w.rules("*nat\n-D PREROUTING -j PORTICO-PREROUTING\nCOMMIT\n")
	fix := w.diagnose(doctor.Target{Instance: vmName}).Fix()
	if fix == nil || fix.Request == nil || fix.Request.On.InstanceID != id(gwName) {
		t.Fatalf("the fix is %+v", fix)
	}
	s, err := w.p.Snapshot(t.Context())
	w.must(err)
	if _, err := w.p.Plan(t.Context(), s, *fix.Request); err != nil {
		t.Fatal(err)
	}
	s.Gateway.Name, s.Gateway.InstanceID = "gw-2", id("gw-2")
	if _, err := w.p.Plan(t.Context(), s, *fix.Request); err == nil {
		t.Error("what was found on gw-1 was planned on gw-2")
	}
}
