package nat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// fileEdit changes a few lines of a large file where it lies, in place of sending all of it.
type fileEdit struct {
	script string // for sed
	sum    string // sha256 of what comes out, in hexadecimal
}

// maxEdit bounds a script: it travels as one argument, of which Linux takes 128 KiB.
const maxEdit = 64 << 10

// editFile is how old becomes text, or nil where sending the text is as good: for a short one, when
// much differs, and for what sed would read otherwise than it stands there.
func editFile(old, text string) *fileEdit {
	if len(text) < maxEdit/4 || !strings.HasSuffix(old, "\n") || !strings.HasSuffix(text, "\n") {
		return nil
	}
	var b strings.Builder
	line, at := 1, 0 // the line that begins at this byte of old
	for _, e := range udiff.Lines(old, text) {
		if e.Start >= len(old) || strings.Contains(e.New, `\`) || b.Len() > maxEdit {
			return nil
		}
		line += strings.Count(old[at:e.Start], "\n")
		at = e.Start
		if e.New != "" {
			fmt.Fprintf(&b, "%di\\\n%s\n", line, strings.ReplaceAll(strings.TrimSuffix(e.New, "\n"), "\n", "\\\n"))
		}
		for i := range strings.Count(old[e.Start:e.End], "\n") {
			fmt.Fprintf(&b, "%dd\n", line+i)
		}
	}
	if b.Len() == 0 || b.Len() > min(maxEdit, len(text)/4) {
		return nil
	}
	sum := sha256.Sum256([]byte(text))
	return &fileEdit{script: b.String(), sum: hex.EncodeToString(sum[:])}
}

// argument is what stands for the file's text in the arguments of filesScript.
func (f *fileEdit) argument() string { return editPrefix + f.sum }

// editPrefix begins that argument; no text of ours begins so.
const editPrefix = "sed:"

// shell is the edit as typed by hand.
func (f *fileEdit) shell(path string) []string {
	return heredoc("sed -i -f /dev/stdin "+path, f.script)
}

// editScript defines edit PATH MODE SUM: the sed script on standard input changes the file, at once and
// completely, if what comes out is what is wanted. The file may be many times what changes in it.
const editScript = `edit() {
	script=$(cat)
	if sed -e "$script" "$1" >"$1.new" && sum=$(sha256sum <"$1.new") && chmod "$2" "$1.new"; then
		if [ "${sum%% *}" = "$3" ]; then sync "$1.new" 2>/dev/null; mv -f "$1.new" "$1" && return 0
		else echo "$1 is not as it was" >&2; fi
	fi
	rm -f "$1.new"
	return 1
}
`
