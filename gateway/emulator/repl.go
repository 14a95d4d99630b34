package emulator

import (
	"bufio"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// repl reads commands until "exit", "logout" or the end of input (Ctrl-D) and returns the exit
// status. Without a terminal there is no prompt and no echo.
func repl(rw io.ReadWriter, terminal *term.Terminal, prompt string, run func(line string, out io.Writer) int) int {
	read, out := lineReader(rw), io.Writer(rw)
	if terminal != nil {
		terminal.SetPrompt(prompt)
		read, out = terminal.ReadLine, terminal
	}
	status := 0
	for {
		line, err := read()
		words := strings.Fields(line)
		switch {
		case err != nil && line == "":
			return status
		case len(words) == 0:
			continue
		case words[0] == "exit" || words[0] == "logout":
			if len(words) > 1 {
				if n, err := strconv.ParseUint(words[1], 10, 8); err == nil {
					return int(n)
				}
			}
			return status
		}
		status = run(line, out)
	}
}

func lineReader(r io.Reader) func() (string, error) {
	b := bufio.NewReader(r)
	return func() (string, error) {
		line, err := b.ReadString('\n')
		return strings.TrimRight(line, "\r\n"), err
	}
}

// ptySize is the part of a pty-req that says the size: after the terminal's name (RFC 4254, 6.2).
func ptySize(payload []byte) []byte {
	if len(payload) < 4 {
		return nil
	}
	n := binary.BigEndian.Uint32(payload)
	if uint64(len(payload)) < uint64(n)+4 {
		return nil
	}
	return payload[4+n:]
}

// resize sets a terminal's size from columns and rows as they stand in window-change (6.7).
func resize(t *term.Terminal, size []byte) {
	const most = 1000
	if t == nil || len(size) < 8 {
		return
	}
	width, height := binary.BigEndian.Uint32(size), binary.BigEndian.Uint32(size[4:])
	if width > 0 && width < most && height > 0 && height < most {
		_ = t.SetSize(int(width), int(height))
	}
}
