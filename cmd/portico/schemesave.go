package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"portico/gateway"
	"portico/gateway/scheme"
)

// saveScheme adds a scheme to the configuration file, all else in which stays as it is, and returns
// the file's path. The file is made where there is none.
func (a *app) saveScheme(c scheme.Config) (string, error) {
	path, _ := a.configPath()
	fail := func(kind gateway.Kind, err error, next string) (string, error) {
		return "", &gateway.Error{Op: "save scheme " + c.Name + " to", Target: path, Kind: kind, Err: err, Next: next}
	}
	if a.flags.readOnly {
		return fail(gateway.Permission, errors.New("--read-only refuses every change"), "leave it out to save")
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(gateway.Invalid, err, "see who may read it")
	}
	old, file, err := readConfig(text)
	if err != nil {
		return fail(gateway.Invalid, err, "correct the file first; nothing was changed")
	}
	if old.ReadOnly {
		return fail(gateway.Permission, errors.New("read_only is set there"), "nothing was changed")
	}
	all, err := scheme.All(append(slices.Clone(old.Schemes), c))
	if err != nil || len(all) == 0 {
		return "", err
	}
	next, err := withScheme(text, file, c)
	if err == nil {
		_, _, err = readConfig(next)
	}
	if err != nil {
		return fail(gateway.Invalid, err, "add it by hand: portico config example; nothing was changed")
	}
	if err := replaceFile(path, next); err != nil {
		return fail(gateway.Permission, err, "see who may write it")
	}
	return path, nil
}

// withScheme is the text of a configuration file with one more scheme: at the head of those it has.
func withScheme(text []byte, file *configFile, c scheme.Config) ([]byte, error) {
	entry, err := yaml.MarshalWithOptions([]scheme.Config{c}, yaml.IndentSequence(true))
	if err != nil {
		return nil, err
	}
	lines := strings.SplitAfter(string(text), "\n")
	first, has := file.places["schemes[0]"]
	if !has {
		if _, empty := file.places["schemes"]; empty {
			return nil, errors.New("its schemes are not a list that is written line by line")
		}
		if n := len(text); n > 0 && text[n-1] != '\n' {
			lines = append(lines, "\n")
		}
		return []byte(strings.Join(lines, "") + "schemes:\n" + indented(string(entry), 2)), nil
	}
	at := first.line - 1
	if at < 0 || at >= len(lines) || !strings.HasPrefix(strings.TrimLeft(lines[at], " "), "- ") {
		return nil, errors.New("its schemes are not a list that is written line by line")
	}
	column := len(lines[at]) - len(strings.TrimLeft(lines[at], " "))
	return []byte(strings.Join(slices.Insert(lines, at, indented(string(entry), column)), "")), nil
}

// indented moves a block so that its first line begins in this column, from 0.
func indented(block string, column int) string {
	own := len(block) - len(strings.TrimLeft(block, " "))
	var b strings.Builder
	for line := range strings.Lines(block) {
		b.WriteString(strings.Repeat(" ", column) + line[min(own, len(line)):])
	}
	return b.String()
}

// replaceFile writes a file whole or not at all, with the mode it had, else for its owner alone. A link
// is followed.
func replaceFile(path string, text []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".portico-*")
	if err != nil {
		return err
	}
	_, werr := f.Write(text)
	err = errors.Join(werr, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("it was not written: %w", err), os.Remove(f.Name()))
	}
	return nil
}
