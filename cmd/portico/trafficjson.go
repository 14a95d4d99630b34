package main

import (
	"fmt"

	"portico/gateway"
	"portico/gateway/publish"
	"portico/views"
)

// counterJSON is what came through a gateway in all, both ways.
type counterJSON struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// capacityJSON is how many of a scheme's public ports are in use.
type capacityJSON struct {
	Scheme string `json:"scheme"`
	Used   int    `json:"used"`
	Total  int    `json:"total"`
}

// trafficJSON is what came through one forward. Packets and bytes are counted together with those of
// neighbouring ports: counted_with is how many forwards they are of, 1 is this one alone.
type trafficJSON struct {
	Connections uint64 `json:"connections"`
	Packets     uint64 `json:"packets"`
	Bytes       uint64 `json:"bytes"`
	CountedWith int    `json:"counted_with"`
}

// countedForwardJSON is a forward with what came through it; null is unknown.
type countedForwardJSON struct {
	forwardJSON
	Traffic *trafficJSON `json:"traffic"`
}

func newTrafficJSON(s gateway.State, f gateway.Forward) *trafficJSON {
	t, ok := s.Traffic.Forwards[f.Key()]
	if !ok {
		return nil
	}
	return &trafficJSON{Connections: t.Connections, Packets: t.Packets, Bytes: t.Bytes, CountedWith: t.Sharing}
}

// measure adds to a gateway what has come through it, and how full its scheme is.
func (line *gatewayJSON) measure(v view) {
	if v.State.Traffic.Forwards != nil {
		line.Traffic = &counterJSON{v.State.Traffic.Total.Packets, v.State.Traffic.Total.Bytes}
	}
	var counts publish.Capacities
	if c, ok := counts.Of(v.Snapshot, v.publisher.Schemes()); ok {
		line.Capacity = &capacityJSON{c.Scheme, c.Used, c.Total}
	}
}

// portsText is how full a gateway's scheme is, in words.
func portsText(c *capacityJSON) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d", c.Used, c.Total)
}

// trafficText is what came through a forward, in the columns CONNS and DATA. What was counted together
// with neighbours is at most this one's.
func trafficText(s gateway.State, f gateway.Forward) (connections, data string) {
	t, ok := s.Traffic.Forwards[f.Key()]
	if !ok {
		return "", ""
	}
	data = views.Bytes(float64(t.Bytes))
	switch {
	case t.Sharing == 0:
		data = ""
	case t.Sharing > 1 && t.Bytes > 0:
		data = "<" + data
	}
	return views.Amount(t.Connections), data
}
