package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"portico/gateway/publish"
)

// localIdentities lists the private keys in ~/.ssh, each with its public half. Encrypted keys
// are known by their .pub file or by the public part that the OpenSSH format keeps in clear.
func localIdentities() []publish.Identity {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	dir := filepath.Join(home, ".ssh")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []publish.Identity
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), ".pub") {
			continue
		}
		if key := publicHalf(filepath.Join(dir, e.Name())); key != "" {
			out = append(out, publish.Identity{File: "~/.ssh/" + e.Name(), PublicKey: key})
		}
	}
	return out
}

// maxKeyFile is more than any private key needs; ~/.ssh holds other files too.
const maxKeyFile = 64 << 10

// publicHalf returns the public key of a private key file as an authorized_keys line, or "".
func publicHalf(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "PRIVATE KEY-----") {
		return ""
	}
	if pub, err := os.ReadFile(path + ".pub"); err == nil {
		return strings.TrimSpace(string(pub))
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err == nil {
		return string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	}
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) && missing.PublicKey != nil {
		return string(ssh.MarshalAuthorizedKey(missing.PublicKey))
	}
	return ""
}
