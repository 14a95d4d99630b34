package main

import (
	"errors"
	"io/fs"
	"os"

	"portico/gateway"
)

// openDebug opens the file of --debug: one that only this user may read, from its first byte on. A
// new file is made so. One that is there must be so already: tightening it would come too late for
// whoever has it open. A link is not followed, since it may lead to a file of somebody's choice.
func openDebug(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600) // #nosec G304 -- named by the user; O_EXCL follows no link
	if errors.Is(err, fs.ErrExist) {
		f, err = openExisting(path)
	}
	if err != nil {
		return nil, &gateway.Error{
			Op: "write the debug file", Target: path, Kind: gateway.Invalid, Err: err,
			Next: "name a file that does not exist yet, or one of your own that nobody else may read (chmod 600)",
		}
	}
	return f, nil
}

func openExisting(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil, errors.New("it is a symbolic link")
	}
	// What is checked is what was opened, not what had its name before.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|openCarefully, 0) // #nosec G304 -- named by the user, checked below
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errors.New("it is not a plain file")
	case !private(info):
		err = errors.New("it is another user's, or others may read it")
	default:
		return f, nil
	}
	_ = f.Close()
	return nil, err
}
