//go:build lab

package main

import "testing"

func labConsole(t *testing.T, l *lab) {}
