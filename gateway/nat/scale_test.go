package nat

import (
	"context"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"portico/gateway"
	"portico/gateway/measure"
)

// perForward bounds, in bytes, what looking at a forward and planning it may allocate, and what of that
// may be held afterwards.
const (
	allocatedPerForward = 40 << 10
	heldPerForward      = 10 << 10
)

// TestScale looks at gateways of ever more forwards, plans all of them for an empty gateway, and one more
// for a full one: the memory that takes grows with their number and no faster.
func TestScale(t *testing.T) {
	sizes := []int{762, 10000}
	if measure.All() {
		sizes = append(sizes, 40000)
	}
	table := measure.Table{
		Title: "Looking at a gateway and planning, without the network", Head: []string{"forwards", "it says", "look", "plan all", "plan one less", "allocated in all", "held afterwards"},
	}
	for _, n := range sizes {
		forwards, p := neighbours(n), newProject()
		full, empty := keeping(t, forwards), keeping(t, nil)
		engine := func(k kept) *Engine {
			return &Engine{Gateway: testGateway, Runner: k, Groups: p, Ports: p, Inventory: p.inv}
		}
		before := memory()
		start := time.Now()
		state, err := engine(full).Observe(context.Background())
		look := time.Since(start)
		if err != nil || len(state.Forwards) != n {
			t.Fatalf("%d of %d forwards, %v", len(state.Forwards), n, err)
		}
		nothing, err := engine(empty).Observe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		planning := func(want []gateway.Forward, have gateway.State) time.Duration {
			start := time.Now()
			pl, err := engine(full).Plan(context.Background(), want, have)
			if err != nil || pl.Empty() {
				t.Fatalf("%d steps, %v", len(pl.Steps), err)
			}
			return time.Since(start)
		}
		all, one := planning(forwards, nothing), planning(forwards[1:], state)
		after := memory()
		allocated, held := int(after.TotalAlloc-before.TotalAlloc), int(after.HeapAlloc)-int(before.HeapAlloc)
		table.Add(n, measure.Bytes(len(full.answer)), look, all, one, measure.Bytes(allocated), measure.Bytes(max(held, 0)))
		if allocated > n*allocatedPerForward || held > n*heldPerForward {
			t.Errorf("%d forwards: %d bytes allocated, %d held", n, allocated, held)
		}
		runtime.KeepAlive(state)
	}
	if measure.All() {
		table.Print()
	}
}

func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

// neighbours are n forwards of neighbouring ports.
func neighbours(n int) []gateway.Forward {
	out := many(n)
	for i := range out {
		out[i].Public = netip.AddrPortFrom(out[i].Public.Addr(), uint16(20000+i))
	}
	return out
}
