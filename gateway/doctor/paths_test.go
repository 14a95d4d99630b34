package doctor_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/gateway/doctor"
	"portico/gateway/publish"
)

// hop finds one of a diagnosis.
func hop(t *testing.T, d doctor.Diagnosis, id doctor.HopID) doctor.Hop {
	t.Helper()
	for _, h := range d.Hops {
		if h.ID == id {
			return h
		}
	}
	t.Fatalf("no hop %q in %s", id, d.Title)
	return doctor.Hop{}
}

func broken(t *testing.T, d doctor.Diagnosis) doctor.Hop {
	t.Helper()
	if d.Broken < 0 {
		t.Fatalf("nothing is broken:\n%s", doctor.Report(d))
	}
	return d.Hops[d.Broken]
}

// Without SSH to the gateway its hop is unknown, and the cloud's are judged all the same.
func TestBlindGateway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.blind.Store(true)
	d := w.diagnose(doctor.Target{Instance: vmName})
	if d.Verdict != doctor.OK || hop(t, d, doctor.GatewayHost).Verdict != doctor.Unknown || hop(t, d, doctor.GatewayHost).Findings[0].Cause != doctor.GatewaySSH {
		t.Errorf("a gateway that nobody can look at:\n%s", doctor.Report(d))
	}
	w.regroup(vmName, false)
	d = w.diagnose(doctor.Target{Public: netip.AddrPortFrom(w.public, 30011)})
	if h := broken(t, d); h.ID != doctor.VMGroups || hop(t, d, doctor.GatewayHost).Verdict != doctor.Unknown {
		t.Errorf("broken at %q:\n%s", h.ID, doctor.Report(d))
	}
}

// What a right is missing for is unknown and says which: never well, never broken.
func TestMissingRights(t *testing.T) {
	t.Parallel()
	for path, id := range map[string]doctor.HopID{"/network/v2.0/routers": doctor.Router, "/network/v2.0/security-groups": doctor.GatewayGroups, "/network/v2.0/floatingips": doctor.FloatingIP} {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s, err := w.p.Snapshot(t.Context())
			w.must(err)
			w.cloud.Fail(emulator.PathPrefix(http.MethodGet, path), http.StatusForbidden, nil, -1)
			target := doctor.Target{Instance: vmName}
			if id == doctor.FloatingIP { // then no gateway is found by its address: it is named
				w.p = w.p.At(s.Gateway)
				target = doctor.Target{Public: netip.AddrPortFrom(w.public, 30011)}
			}
			d := w.diagnose(target)
			if h := hop(t, d, id); h.Verdict != doctor.Unknown || !strings.Contains(h.Findings[0].Missing, "the right to") {
				t.Errorf("hop %q is %q: %s\n%s", id, h.Verdict, h.Text, doctor.Report(d))
			}
			if d.Broken >= 0 {
				t.Errorf("broken at %d:\n%s", d.Broken, doctor.Report(d))
			}
		})
	}
}

// A second fault that has nothing to do with the first is told; what goes with the same change is not.
func TestLaterFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.regroup(vmName, false)
	w.gateway.SetSysctl("net.ipv4.ip_forward", "0")
	d := w.diagnose(doctor.Target{Instance: vmName})
	if h := broken(t, d); h.ID != doctor.GatewayHost {
		t.Fatalf("broken at %q:\n%s", h.ID, doctor.Report(d))
	}
	if len(d.Later) != 1 || !strings.HasPrefix(d.Later[0].Text, "after this is fixed, hop 6 will block: ") || d.Later[0].Fix == nil {
		t.Errorf("later: %+v", d.Later)
	}
	if s := hop(t, d, doctor.Service); s.Follows != 5 || s.Verdict != doctor.Unknown {
		t.Errorf("the service does not follow: %+v", s)
	}
}

// A floating IP that was taken off its gateway is found, and given back.
func TestDetached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(publish.Request{FloatingIP: publish.FloatingIPRequest{Do: publish.Detach, Address: w.public.String()}})
	w.blind.Store(true)
	for _, target := range []doctor.Target{{Public: netip.AddrPortFrom(w.public, 30011)}, {Instance: vmName}, {Gateway: gwName}} {
		d := w.diagnose(target)
		if h := broken(t, d); h.ID != doctor.FloatingIP || h.Findings[0].Cause != doctor.NotAssociated || d.Fix() == nil || d.Fix().Request == nil {
			t.Fatalf("%+v: broken at %q:\n%s", target, h.ID, doctor.Report(d))
		}
	}
	d := w.diagnose(doctor.Target{Instance: vmName})
	w.apply(*d.Fix().Request)
	w.blind.Store(false)
	if d := w.diagnose(doctor.Target{Instance: vmName}); d.Verdict != doctor.OK {
		t.Errorf("given back, and:\n%s", doctor.Report(d))
	}
}

// What is not published is said to be so, with where it would be, and publishing it is the fix.
func TestNotPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []doctor.Target{{Instance: "gamma"}, {Text: w.public.String() + ":30013"}} {
		d := w.diagnose(target)
		if h := broken(t, d); h.Findings[0].Cause != doctor.NotPublished || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "per-service") || d.Instance != "gamma" {
			t.Fatalf("%+v:\n%s", target, doctor.Report(d))
		}
	}
	d := w.diagnose(doctor.Target{Instance: "gamma"})
	w.apply(*d.Fix().Request)
	if d := w.diagnose(doctor.Target{Instance: "gamma"}); d.Verdict != doctor.OK {
		t.Errorf("published, and:\n%s", doctor.Report(d))
	}
}

// The user that was denied in a pasted line is compared with the one that gets in.
func TestPastedUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.diagnose(doctor.Target{Text: "ssh -p 30011 root@" + w.public.String() + "\nroot@" + w.public.String() + ": Permission denied (publickey)."})
	h := broken(t, d)
	if h.Findings[0].Cause != doctor.LoginUser || d.Fix() == nil || !strings.Contains(d.Fix().Command, "debian@") {
		t.Errorf("%s\n%+v", doctor.Report(d), d.Fix())
	}
}

// A forward that is open to some only is not broken for being closed to this machine, and says so.
func TestSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(publish.Request{Instances: []string{vmName}, Services: []string{"ssh"}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	d := w.diagnose(doctor.Target{Instance: vmName})
	if h := broken(t, d); h.ID != doctor.GatewayGroups && h.ID != doctor.GatewayHost || !strings.Contains(h.Text, "203.0.113.0/24") {
		t.Errorf("broken at %q:\n%s", h.ID, doctor.Report(d))
	}
}

// A way that nothing can test is not called broken.
func TestUDP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(publish.Request{Instances: []string{vmName}, Services: []string{"dns=udp/53"}, Scheme: "next-free"})
	d := w.diagnose(doctor.Target{Instance: vmName, Service: "dns"})
	if d.Verdict != doctor.Unknown || d.Broken >= 0 || hop(t, d, doctor.VMGroups).Verdict != doctor.OK || hop(t, d, doctor.GatewayHost).Verdict != doctor.OK {
		t.Errorf("%s", doctor.Report(d))
	}
}

// All are looked at together, the worst first.
func TestAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.regroup("beta", false)
	done := 0
	all, err := w.doctor().All(t.Context(), func(n, total int) {
		if done++; n != done || total != 2 {
			t.Errorf("told %d of %d, want %d of 2", n, total, done)
		}
	})
	w.must(err)
	if len(all) != 2 || all[0].Instance != "beta" || all[0].Verdict != doctor.Blocked || all[1].Verdict != doctor.OK {
		t.Errorf("%d: %+v", len(all), all)
	}
}

// What nobody can diagnose is an error that says what to do.
func TestUnknownTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []doctor.Target{{}, {Text: "nobody"}, {Instance: "nobody"}, {Gateway: "nobody"}} {
		_, err := w.doctor().Diagnose(t.Context(), target, nil)
		if err == nil || cloud.Explain(err).Next == "" {
			t.Errorf("%+v: %v", target, err)
		}
	}
	d := w.diagnose(doctor.Target{Text: "127.9.9.9:30011"})
	if h := broken(t, d); h.ID != doctor.FloatingIP || h.Findings[0].Cause != doctor.NoSuchAddress {
		t.Errorf("%s", doctor.Report(d))
	}
}

// A gateway alone is looked at, too: what is Portico's there and is not as plans left it can be repaired.
func TestGatewayDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rules("*nat\n-D POSTROUTING -j PORTICO-POSTROUTING\nCOMMIT\n")
	d := w.diagnose(doctor.Target{Gateway: gwName})
	if h := broken(t, d); d.Verdict != doctor.Degraded || h.ID != doctor.GatewayHost || h.Findings[0].Cause != doctor.Drifted || d.Fix() == nil {
		t.Fatalf("%s", doctor.Report(d))
	}
	w.apply(*d.Fix().Request)
	if d := w.diagnose(doctor.Target{Gateway: gwName}); d.Verdict != doctor.OK {
		t.Errorf("repaired, and:\n%s", doctor.Report(d))
	}
}
