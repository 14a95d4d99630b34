// Package tui is the console: one root model that owns the terminal, the data and the screens.
//
//	messages --routes--> root --broadcast--> screens --Intent--> root --intents--> effects --messages-->
//
// The root is the only tea.Model. Screens keep their cursor and filter while others are shown;
// data reaches all of them. What is read carries a generation number, so that an answer from
// before a change is dropped; each source has one refresh in flight, and backs off but never
// gives up. Errors are shown where they belong and the last good data stays.
package tui
