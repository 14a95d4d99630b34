//go:build !race

package tui

const slower = 1 // see race_test.go
