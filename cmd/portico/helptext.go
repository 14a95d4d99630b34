package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// flowText takes the line ends out of the long texts of a command and those below it: the help wraps them to the
// terminal, and a line of the source that is longer than that would leave a word alone. Empty
// lines still part paragraphs.
func flowText(c *cobra.Command) {
	paragraphs := strings.Split(c.Long, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(p, "\n", " ")
	}
	c.Long = strings.Join(paragraphs, "\n\n")
	for _, sub := range c.Commands() {
		flowText(sub)
	}
}
