//go:build race

package tui

// slower is how many times less of what one goroutine does over and over is enough under the race detector,
// which sees nothing in it that it does not see in the first of it.
const slower = 6
