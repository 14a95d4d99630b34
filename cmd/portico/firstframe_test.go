//go:build !windows

package main

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkFirstFrame is from the start of the real program on a terminal to its first frame, and
// to the frame with the first data: of the demo, which starts a cloud and a gateway besides.
func BenchmarkFirstFrame(b *testing.B) {
	if _, err := built(); err != nil {
		b.Fatal(err)
	}
	var first, data []time.Duration
	for b.Loop() {
		start := time.Now()
		w := startWalk(b, 120, 40, "demo")
		w.sees("1 Instances", "q quit")
		first = append(first, time.Since(start))
		w.sees("annotation-01")
		data = append(data, time.Since(start))
		w.stop()
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2].Microseconds()) / 1000
	}
	b.ReportMetric(median(first), "p50-ms/first-frame")
	b.ReportMetric(median(data), "p50-ms/first-data")
	b.ReportMetric(float64(first[len(first)-1].Microseconds())/1000, "max-ms/first-frame")
}
