package netfilter

import (
	"fmt"
	"testing"
)

// The sizes: a /24 with three services each, and the most one address can carry.
var sizes = []int{762, 40000}

func standing(b *testing.B, n int) (Ruleset, Layout) {
	want := treeOf(n)
	have := apply(b, Ruleset{}, Diff(Ruleset{}, want).Restore)
	b.ReportAllocs()
	return have, want
}

func bySize(b *testing.B, run func(b *testing.B, have Ruleset, want Layout)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			have, want := standing(b, n)
			run(b, have, want)
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	bySize(b, func(b *testing.B, have Ruleset, _ Layout) {
		for b.Loop() {
			b.SetBytes(int64(len(have.Format(true))))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	bySize(b, func(b *testing.B, have Ruleset, _ Layout) {
		text := have.Format(true)
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFingerprint(b *testing.B) {
	bySize(b, func(b *testing.B, have Ruleset, _ Layout) {
		text := have.Format(false)
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			Fingerprint(text, "nat")
		}
	})
}

func BenchmarkDiffAll(b *testing.B) {
	bySize(b, func(b *testing.B, _ Ruleset, want Layout) {
		for b.Loop() {
			if Diff(Ruleset{}, want).Empty() {
				b.Fatal("nothing to do")
			}
		}
	})
}

func BenchmarkDiffOne(b *testing.B) {
	bySize(b, func(b *testing.B, have Ruleset, want Layout) {
		want.Chains[0].Rules = want.Chains[0].Rules[1:]
		for b.Loop() {
			if len(Diff(have, want).Removed) != 1 {
				b.Fatal("one rule was to go")
			}
		}
	})
}

func BenchmarkTrace(b *testing.B) {
	bySize(b, func(b *testing.B, have Ruleset, _ Layout) {
		p := tcp("198.51.100.7:40000", "10.0.0.5:20700")
		for b.Loop() {
			if v := have.Trace(p); v.Outcome != Forwarded {
				b.Fatal(v)
			}
		}
	})
}
