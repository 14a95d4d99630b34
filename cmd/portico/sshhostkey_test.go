package main

import (
	"crypto/ed25519"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"portico/cloud/emulator"
)

func init() {
	// console NAME OTHER makes an instance's console log that of another.
	scriptCommands["console"] = func(ts *testscript.TestScript, _ bool, args []string) {
		d, name, other := demoOf(ts), emulator.ID("server", args[0]), emulator.ID("server", args[1])
		d.cloud.SetConsole(func(id string) string {
			if id == name {
				id = other
			}
			return d.console(id)
		})
	}
	// stale PORT makes the user's known_hosts hold a key that nobody has for a public port.
	scriptCommands["stale"] = func(ts *testscript.TestScript, _ bool, args []string) {
		port, err := strconv.ParseUint(args[0], 10, 16)
		ts.Check(err)
		key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public())
		ts.Check(err)
		line := knownhosts.Line([]string{netip.AddrPortFrom(demoOf(ts).address(), uint16(port)).String()}, key)
		ts.Check(os.WriteFile(filepath.Join(ts.Getenv("HOME"), ".ssh", "known_hosts"), []byte(line+"\n"), 0o600))
	}
}
