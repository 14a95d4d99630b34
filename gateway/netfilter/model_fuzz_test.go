package netfilter

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
)

// FuzzDiff: whatever rules a gateway can have, what Diff makes of them is accepted, leaves
// exactly what is wanted and nothing to do, keeps all that is not ours, and can be undone.
func FuzzDiff(f *testing.F) {
	for _, text := range dumps(f) {
		f.Add(text)
	}
	f.Add(foreignNat)
	ours, err := Ruleset{}.Restore(foreignNat)
	if err != nil {
		f.Fatal(err)
	}
	if ours, err = ours.Restore(Diff(ours, treeOf(40)).Restore); err != nil {
		f.Fatal(err)
	}
	f.Add(ours.Format(true))
	f.Add("*nat\n:PORTICO-A - [0:0]\n-A PREROUTING -m comment --comment \"-j x\" -j PORTICO-A\n-A PREROUTING -g PORTICO-A\nCOMMIT\n")
	f.Fuzz(func(t *testing.T, text string) {
		have, err := Ruleset{}.Restore(text)
		if err != nil {
			oneCleanLine(t, err)
			return
		}
		have = apply(t, have, "*nat\nCOMMIT\n") // a table once made stays, empty
		if read, err := Parse(have.Format(true)); err != nil || read.Format(true) != have.Format(true) {
			t.Fatalf("what stands cannot be read: %v\n%s", err, have.Format(true))
		}
		for _, want := range []Layout{{Table: "nat"}, smallWant, treeOf(40)} {
			checkDiff(t, have, want)
		}
	})
}

func checkDiff(t *testing.T, have Ruleset, want Layout) {
	t.Helper()
	p := Diff(have, want)
	after := have
	if !p.Empty() {
		after = apply(t, have, p.Restore)
	}
	if again := Diff(after, want); !again.Empty() {
		t.Fatalf("still to do:\n%s\nhave\n%s\nrestore\n%s", again.Restore, have.Format(true), p.Restore)
	}
	if diff := cmp.Diff(sortedLayout(want), ownPart(after, "nat")); diff != "" {
		t.Fatalf("ours (-want +got):\n%s\nhave\n%s\nrestore\n%s", diff, have.Format(true), p.Restore)
	}
	if diff := cmp.Diff(have.Foreign().Format(true), after.Foreign().Format(true)); diff != "" {
		t.Fatalf("foreign rules (-before +after):\n%s", diff)
	}
	if p.Empty() {
		return
	}
	if diff := cmp.Diff(byName(have), byName(apply(t, after, p.Undo))); diff != "" {
		t.Fatalf("after undo (-before +after):\n%s\nundo\n%s", diff, p.Undo)
	}
}

// FuzzTrace: every packet's way through rules that can be read ends, with an outcome that the
// rules it met explain.
func FuzzTrace(f *testing.F) {
	for _, text := range dumps(f) {
		f.Add(text, uint16(30011), byte(0))
	}
	f.Add("*nat\n:PREROUTING ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n-A PREROUTING -j A\n-A A -j B\n-A A -j B\n-A B -g A\nCOMMIT\n", uint16(1), byte(1))
	f.Add("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 22:1 -j DNAT --to-destination :\nCOMMIT\n", uint16(22), byte(2))
	f.Add("*\x1b", uint16(22), byte(0))
	f.Fuzz(func(t *testing.T, text string, port uint16, way byte) {
		rules, err := Parse(text)
		if err != nil {
			oneCleanLine(t, err)
			return
		}
		local := netip.MustParseAddr("10.0.0.5")
		p := Packet{
			In: "eth0", Proto: "tcp", Src: netip.MustParseAddrPort("198.51.100.7:40000"), Dst: netip.AddrPortFrom(local, port),
			Local: func(a netip.Addr) bool { return a == local }, Originated: way&1 > 0, Established: way&2 > 0,
		}
		v := rules.Trace(p)
		ruled := v.Outcome == Dropped || v.Outcome == Rejected || v.DNATed || v.SNATed
		if ruled && len(v.Hops) == 0 {
			t.Fatalf("%s after %v in\n%s", v.Outcome, v.Hops, rules.Format(true))
		}
		if v.Outcome == Forwarded {
			rules.Trace(v.Reply(p))
		}
	})
}

func oneCleanLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); cloud.KindOf(err) != gateway.Invalid || strings.ContainsAny(text, "\n\x1b") {
		t.Fatalf("error %q of kind %v", text, cloud.KindOf(err))
	}
}
