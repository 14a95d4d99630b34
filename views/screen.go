// Package views is the contract between the screens and the program that shows them.
//
// A screen is state in, text out: it gets messages, keeps state, renders a Frame, and says what
// it wants done as an Intent. It does no I/O, knows no clock but Frame.Now, and never sees a
// tea.Cmd: the root model hands intents to tui/effects.
package views

import (
	"time"

	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"

	"portico/themes"
)

// Screen is one full-body view. Update returns the screen's next state; screens are values or
// own their pointers, but nobody else mutates them.
type Screen interface {
	Update(msg tea.Msg) (Screen, Intent)
	View(f Frame) string // exactly f.Height lines of at most f.Width cells
	Keys() help.KeyMap   // the bindings that work now; the status bar and help are made from them
	Title() string
}

// Typing is implemented by screens that may hold the keyboard: while Typing returns true, the
// root sends every key but ctrl+c to the screen and takes none as a shortcut.
type Typing interface{ Typing() bool }

// Nested is implemented by screens with pages of their own: while Nested returns true, q goes back
// within the screen and does not quit.
type Nested interface{ Nested() bool }

// Asking is implemented by screens that open questions of their own: while Asking returns true,
// nothing hides the keys that answer it.
type Asking interface{ Asking() bool }

// Frame is where and when a screen is drawn.
type Frame struct {
	Width, Height int
	Now           time.Time
	Styles        *themes.Styles
}
