package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"

	"portico/gateway"
)

// passphraseTries is how often a passphrase is asked for, as ssh(1) does by default.
const passphraseTries = 3

// keyring holds the private keys opened so far, so that a second connection asks nothing again.
type keyring struct {
	mu     sync.Mutex // held while a human is asked: one question at a time
	opened map[string]ssh.Signer
}

// keyFile is what an identity file turned out to be. Without a signer and without pem it is a
// public key, good only for choosing a key of the agent.
type keyFile struct {
	path   string
	public ssh.PublicKey // nil: can't be known without the passphrase
	signer ssh.Signer    // nil if it is encrypted
	pem    []byte
}

// readKeyFile reads an identity file; for one that is missing or encrypted the public key comes from
// the file beside it.
func readKeyFile(path string) (keyFile, error) {
	k := keyFile{path: path}
	text, err := os.ReadFile(path) // #nosec G304 -- the user's own choice of file
	if errors.Is(err, fs.ErrNotExist) {
		if k.public = readPublic(path + ".pub"); k.public != nil {
			return k, nil
		}
	}
	if err != nil {
		return k, err
	}
	if pub, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		k.public = pub
		return k, nil
	}
	signer, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		k.signer, k.public = signer, signer.PublicKey()
	case errors.As(err, &locked):
		k.pem, k.public = text, locked.PublicKey
		if k.public == nil {
			k.public = readPublic(path + ".pub")
		}
	default:
		return k, err
	}
	return k, nil
}

func readPublic(path string) ssh.PublicKey {
	text, err := os.ReadFile(path) // #nosec G304 -- beside the user's own choice of file
	if err != nil {
		return nil
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil
	}
	return pub
}

// unlocker opens an encrypted key file, asking for its passphrase.
type unlocker struct {
	ctx   context.Context // of the handshake: the ssh package's Signer has no way to pass one
	ring  *keyring
	ask   gateway.Prompter
	pause func() (resume func())
}

func (u *unlocker) open(k keyFile) (ssh.Signer, error) {
	u.ring.mu.Lock()
	defer u.ring.mu.Unlock()
	if s, ok := u.ring.opened[k.path]; ok {
		return s, nil
	}
	if u.ask == nil {
		return nil, errors.New("it has a passphrase and nobody can be asked")
	}
	for range passphraseTries {
		resume := u.pause()
		pass, err := u.ask.Passphrase(u.ctx, k.path)
		resume()
		if err == nil {
			err = u.ctx.Err()
		}
		if err != nil {
			clear(pass)
			return nil, fmt.Errorf("no passphrase was given: %w", err)
		}
		s, err := ssh.ParsePrivateKeyWithPassphrase(k.pem, pass)
		clear(pass)
		if err == nil {
			u.ring.opened[k.path] = s
			return s, nil
		}
	}
	return nil, fmt.Errorf("wrong passphrase, %d times", passphraseTries)
}

// lazySigner offers a public key and opens its file only to sign, which is after the server said
// that it would accept this key.
type lazySigner struct {
	key    keyFile
	unlock *unlocker
	failed func(error)
}

var _ ssh.MultiAlgorithmSigner = (*lazySigner)(nil)

func (s *lazySigner) PublicKey() ssh.PublicKey { return s.key.public }

func (s *lazySigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, "")
}

func (s *lazySigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	signer, err := s.unlock.open(s.key)
	if err != nil {
		s.failed(err)
		return nil, err
	}
	if as, ok := signer.(ssh.AlgorithmSigner); ok && algorithm != "" {
		return as.SignWithAlgorithm(rand, data, algorithm)
	}
	return signer.Sign(rand, data)
}

// Algorithms lists the ways to sign with this kind of key that are still considered safe.
func (s *lazySigner) Algorithms() []string {
	if t := s.key.public.Type(); t != ssh.KeyAlgoRSA {
		return []string{t}
	}
	return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
}
