package gateway

// Counter is what rules have counted since they were made, or since the gateway was booted.
type Counter struct{ Packets, Bytes uint64 }

// Traffic is what came through a gateway. Rules that are made anew count from nothing again.
type Traffic struct {
	Total    Counter // of all connections that were sent on, both ways
	Forwards map[Key]ForwardTraffic
}

// ForwardTraffic is what came through one forward. Connections are its own. Packets and bytes are
// counted for each run of neighbouring public ports, both ways: Sharing is how many forwards are
// counted together, 1 where it is this one alone, 0 where nothing counts them.
type ForwardTraffic struct {
	Connections uint64
	Counter
	Sharing int
}
