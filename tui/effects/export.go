package effects

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/views"
)

// ExportMsg answers Export. Path is the file's full one; Exists says that there is one of this name
// already, and nothing was written.
type ExportMsg struct {
	Export views.Export
	Path   string
	Exists bool
	Err    error
}

// Export writes a text to a file that only this user can read. A file that is there already is
// left as it is, unless it may be written over: then it is the old one or the new one, never a part.
func (e *Effects) Export(x views.Export) tea.Cmd {
	return e.do(func() tea.Msg {
		m := ExportMsg{Export: x}
		m.Path, m.Err = fullPath(x.Path)
		if m.Err == nil {
			m.Err = writeNew(m.Path, CleanLines(x.Text), x.Overwrite)
		}
		if errors.Is(m.Err, fs.ErrExist) && !x.Overwrite {
			m.Exists, m.Err = true, nil
		}
		if m.Err != nil {
			m.Err = &gateway.Error{Op: "write", Target: cloud.Clean(x.Path), Kind: gateway.Invalid, Err: m.Err, Next: "choose another name, in a folder that you may write to"}
		}
		return m
	}, func(err error) tea.Msg { return ExportMsg{Export: x, Err: err} })
}

// fullPath is a path as typed: relative to where the program was started, or to the home folder.
func fullPath(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, rest)
	}
	return filepath.Abs(path)
}

func writeNew(path, text string, over bool) error {
	if over {
		return replaceFile(path, text)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return reason(err)
	}
	if err := fill(f, text); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// replaceFile puts a new file in the place of another. What a link leads to stays as it is.
func replaceFile(path, text string) error {
	if i, err := os.Lstat(path); err == nil && i.IsDir() {
		return errors.New("there is a folder of this name")
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".portico-") // it is the user's alone
	if err != nil {
		return reason(err)
	}
	if err = fill(f, text); err == nil {
		err = reason(os.Rename(f.Name(), path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func fill(f *os.File, text string) error {
	_, err := f.WriteString(text)
	return reason(errors.Join(err, f.Close()))
}

// reason leaves out of an error which file it was: whoever shows it says so.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
