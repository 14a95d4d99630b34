package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// lineReader reads lines from one place for all who ask there. It reads no more than was asked for:
// a program that is started meanwhile has the terminal for itself.
type lineReader struct {
	in *bufio.Reader

	mu      sync.Mutex
	pending chan readLine // what nobody waited for any longer: the next one gets it
}

type readLine struct {
	text string
	err  error
}

func newLineReader(in io.Reader) *lineReader { return &lineReader{in: bufio.NewReader(in)} }

// line is the next line without the space around it. At the end of the input the error is io.EOF.
func (r *lineReader) line(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending = make(chan readLine, 1)
		go func(to chan<- readLine) {
			text, err := r.in.ReadString('\n')
			if text != "" {
				err = nil // a last line without an end
			}
			to <- readLine{strings.TrimSpace(text), err}
		}(r.pending)
	}
	select {
	case l := <-r.pending:
		r.pending = nil
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// split is a line in words, as a shell would have them: quotes and backslashes keep what is within.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, begun = true, true
		case r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '\t':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 || escaped {
		return nil, fmt.Errorf("the line ends within quotes")
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
