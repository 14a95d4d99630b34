package doctor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"portico/cloud/emulator"
	"portico/gateway"
	"portico/gateway/doctor"
	gwemulator "portico/gateway/emulator"
	"portico/gateway/publish"
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

// Every denied login counts at the VM, which sees all of them come from the gateway: where all forwards
// are looked at, nobody is guessed.
func TestAllGuessesNoUsers(t *testing.T) {
	w := newWorld(t)
	var guesses, asked atomic.Int32
	d := doctor.New(w.p, doctor.Options{Patience: 700 * time.Millisecond, SSH: func(_ context.Context, ask doctor.SSHAsk) (doctor.SSHSeen, error) {
		asked.Add(1)
		guesses.Add(int32(len(ask.Users)))
		return doctor.SSHSeen{}, nil
	}})
	_, err := d.All(t.Context(), nil)
	w.must(err)
	if asked.Load() != 2 || guesses.Load() != 0 {
		t.Errorf("%d VMs were asked, about %d other users", asked.Load(), guesses.Load())
	}
	_, err = d.Diagnose(t.Context(), doctor.Target{Instance: vmName}, nil)
	w.must(err)
	if guesses.Load() == 0 {
		t.Error("one VM is asked about other users")
	}
}

// Which of several free addresses a gateway has lost is not for anybody to guess: another one may be
// promised to somebody.
func TestNoAddressIsGuessed(t *testing.T) {
	w := newWorld(t)
	all, err := w.client.FloatingIPs(t.Context())
	w.must(err)
	w.must(w.client.DetachFloatingIP(t.Context(), all[0].ID, 0))
	w.blind.Store(true)
	fix := w.diagnose(doctor.Target{Gateway: gwName}).Fix()
	if fix == nil || fix.Kind != doctor.FixPlan {
		t.Fatalf("there is one free address, and the fix is %+v", fix)
	}
	w.change(func(m *emulator.Model) {
		m.AddFloatingIP(emulator.FloatingIPSpec{Address: w.public.Next().Next(), Network: emulator.ID("network", "public")})
	})
	if fix = w.diagnose(doctor.Target{Gateway: gwName}).Fix(); fix == nil || fix.Kind != doctor.FixSentence {
		t.Errorf("there are two free addresses, and the fix is %+v", fix)
	}
}

// A gateway whose sshd is on another port, by configuration, is not blamed for port 22.
func TestSSHElsewhere(t *testing.T) {
	w := newWorld(t)
	w.blind.Store(true)
	for _, c := range []struct {
		port    uint16
		verdict doctor.Verdict
	}{{22, doctor.Blocked}, {2222, doctor.Unknown}} {
		w.p = publish.New(w.client, w.client, w.client, w, publish.Options{
			Dialer: w, GatewayWay: func(gateway.Gateway, publish.Login) (publish.Way, bool) {
				return publish.Way{Host: w.public.String(), Port: c.port}, true
			},
		})
		d := w.diagnose(doctor.Target{Gateway: gwName})
		if got := d.Hops[4]; got.ID != doctor.GatewayHost || got.Verdict != c.verdict || d.Verdict != c.verdict {
			t.Errorf("port %d: %s: %s", c.port, got.Verdict, d.Summary)
		}
	}
}

// A gateway that lets in and then hangs ends no diagnosis: its hop is unknown, the cloud's are judged.
func TestGatewayHangs(t *testing.T) {
	w := newWorld(t)
	w.p = publish.New(w.client, w.client, w.client, w, publish.Options{
		Dialer: w, GatewayWay: func(gateway.Gateway, publish.Login) (publish.Way, bool) {
			return publish.Way{Host: "by-name", Alias: true}, true
		},
	})
	w.gateway.Fail(gwemulator.Fault{Program: "iptables-save", After: true, Stall: true})
	t.Cleanup(w.gateway.Resume)
	d := w.diagnose(doctor.Target{Instance: vmName})
	if got := d.Hops[4]; got.ID != doctor.GatewayHost || got.Verdict != doctor.Unknown {
		t.Errorf("the gateway is %s: %s", got.Verdict, got.Text)
	}
	if got := d.Hops[3]; got.Verdict != doctor.OK {
		t.Errorf("its groups are %s: %s", got.Verdict, got.Text)
	}
}
