package effects

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
)

// Copy puts text on the clipboard of the operator's terminal (OSC 52), also over SSH. Terminals do
// not say whether they did. What a shell would run is cleaned line by line: pasting must not do
// more than was seen.
func (e *Effects) Copy(text string) tea.Cmd { return tea.SetClipboard(CleanLines(text)) }

// CleanLines cleans text and keeps its lines.
func CleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = cloud.Clean(l)
	}
	return strings.Join(lines, "\n")
}
