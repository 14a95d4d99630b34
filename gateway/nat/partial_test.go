package nat

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway"
	"portico/gateway/netfilter"
)

// hole is the port of each block of 16 that many leaves free.
const hole = 11

// many are n forwards to as many addresses.
func many(n int) []gateway.Forward {
	out := make([]gateway.Forward, 0, n)
	for i := 0; len(out) < n; i++ {
		if (20000+i)%fanout == hole {
			continue
		}
		out = append(out, forward(vmID, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String(), "ssh", uint16(20000+i), 22))
	}
	return out
}

// kept is a gateway that holds forwards, as text: what it prints when it is looked at.
type kept struct{ answer string }

func (k kept) Run(context.Context, gateway.Command) (gateway.Result, error) {
	return gateway.Result{Stdout: []byte(k.answer)}, nil
}

func keeping(t testing.TB, forwards []gateway.Forward) kept {
	t.Helper()
	nat, filter := layouts(testGateway, forwards)
	rules, restore := bootFiles([]netfilter.Layout{nat, filter})
	var b strings.Builder
	for _, s := range []struct{ name, text string }{
		{"sum-nat", "1\n"}, {"sum-filter", "2\n"}, {"rules", standingRules(testGateway, forwards).Format(true)}, {"saved", "0 0\n"},
		{"forwarding", "1\n"}, {"systemd", "/usr/bin/systemctl\n"}, {"enabled", "enabled\n"}, {"file " + pathRules, rules}, {"file " + pathRestore, restore},
		{"file " + pathSysctl, "net.ipv4.ip_forward = 1\n"}, {"file " + pathUnit, unitText}, {"end", ""},
	} {
		fmt.Fprintf(&b, "\n@@portico %s\n%s", s.name, s.text)
	}
	return kept{b.String()}
}

// TestOneMore adds one forward to 40,000 and takes one away: of the rules, only the chains are named
// that hold ports of its block, one in each of the three trees, and of the file for the next boot only their lines.
func TestOneMore(t *testing.T) {
	have := many(40000)
	one := have[20000]
	block := one.Public.Port() / fanout * fanout
	one.Public = netip.AddrPortFrom(one.Public.Addr(), block+hole)
	p := newProject()
	e := &Engine{Gateway: testGateway, Runner: keeping(t, have), Groups: p, Ports: p, Inventory: p.inv}
	state, err := e.Observe(context.Background())
	if err != nil || len(state.Forwards) != len(have) {
		t.Fatalf("%d forwards were read, %v", len(state.Forwards), err)
	}
	for name, want := range map[string][]gateway.Forward{
		"one more": append(slices.Clone(have), one), "one less": slices.Delete(slices.Clone(have), 20000, 20001),
	} {
		pl, err := e.Plan(context.Background(), want, state)
		if err != nil {
			t.Fatal(err)
		}
		declared, sent, back := map[string][]string{}, 0, 0
		for _, change := range pl.Changes() {
			if change.Host == "" {
				continue
			}
			for _, line := range change.Shell {
				sent += len(line) + 1
				if strings.HasPrefix(line, ":") {
					declared[change.ID] = append(declared[change.ID], strings.Fields(line)[0])
				}
			}
			for _, line := range change.Cleanup {
				back += len(line) + 1
			}
		}
		run := block / runBlock * runBlock
		if diff := cmp.Diff(map[string][]string{
			"rules-nat":    {fmt.Sprintf(":PORTICO-TCP-%d-%d", block, block+fanout-1), fmt.Sprintf(":PORTICO-SRC-TCP-%d-%d", run, run+runBlock-1)},
			"rules-filter": {fmt.Sprintf(":PORTICO-FWD-TCP-%d-%d", run, run+runBlock-1)},
		}, declared); diff != "" {
			t.Errorf("%s: chains declared: %s", name, diff)
		}
		t.Logf("%s: %d bytes are sent, %d take it back", name, sent, back)
		if sent > 10_000 || back > 10_000 {
			t.Errorf("%s: %d bytes are sent, %d take it back", name, sent, back)
		}
	}
}

// BenchmarkScale looks at a gateway of many forwards, and plans one more and all of them.
func BenchmarkScale(b *testing.B) {
	for _, n := range []int{762, 10000, 40000} {
		forwards := many(n)
		p := newProject()
		e := &Engine{Gateway: testGateway, Runner: keeping(b, forwards), Groups: p, Ports: p, Inventory: p.inv}
		state, err := e.Observe(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		empty, err := (&Engine{Gateway: testGateway, Runner: keeping(b, nil), Groups: p, Ports: p, Inventory: p.inv}).Observe(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("observe/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Observe(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
		for name, c := range map[string]struct {
			want []gateway.Forward
			have gateway.State
		}{"one less": {forwards[1:], state}, "all": {forwards, empty}} {
			b.Run(fmt.Sprintf("plan %s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := e.Plan(context.Background(), c.want, c.have); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
