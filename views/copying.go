package views

import (
	"portico/gateway"
	"portico/gateway/publish"
)

// CopyMenu is the page of what there is to take along for an instance.
const CopyMenu Target = "copy"

// CopiesMsg brings what there is to take along for an instance. It comes again when more is known.
type CopiesMsg struct {
	Seq            int
	Instance, Name string
	Copies         []publish.Copy
}

type (
	// OpenCopies opens the copy menu for an instance. It is about Forward, if that is not zero.
	OpenCopies struct {
		Instance string
		Forward  gateway.Forward
	}
	// TakeCopy puts a text on the clipboard and leaves the menu; What says what it is.
	TakeCopy struct{ Text, What string }
	// ShowText shows a text alone, to be selected with the terminal.
	ShowText struct{ Text, What string }
)

func (OpenCopies) intent() {}
func (TakeCopy) intent()   {}
func (ShowText) intent()   {}
