// Package hostkey reads the SSH host keys that a machine printed on its console when it booted.
//
// The console log comes through the cloud's authenticated API and not over the network that an
// attacker may sit on, so a key it names is worth more than a blind yes. What it proves is no more
// than that: whoever is root on the machine, or may write to its console, can print any key there.
package hostkey

import (
	"bytes"
	"crypto/md5" // #nosec G501 -- old images print no other fingerprint; a second preimage is still out of reach
	"encoding/hex"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Set is what one boot printed: whole keys, fingerprints, or both. The zero value names no key.
type Set struct {
	Keys   []ssh.PublicKey
	Prints []Print
}

// Print is the fingerprint of one key.
type Print struct {
	Type  string // as ssh names the key's type: "ssh-ed25519"
	Value string // "SHA256:..." or "MD5:aa:bb:..."
}

// Verdict is what a [Set] says of a key.
type Verdict int

// The verdicts.
const (
	Unknown      Verdict = iota // it names no key of this type
	Match                       // it names this key
	Contradicted                // it names another key of this type
)

// Empty reports whether the set names no key at all.
func (s Set) Empty() bool { return len(s.Keys) == 0 && len(s.Prints) == 0 }

// Check compares a key with the set. Where a boot printed both the keys and the fingerprints, both
// must name it.
func (s Set) Check(key ssh.PublicKey) Verdict {
	return worst(s.checkKeys(key), s.checkPrints(key))
}

func (s Set) checkKeys(key ssh.PublicKey) Verdict {
	v := Unknown
	for _, k := range s.Keys {
		switch {
		case k.Type() != key.Type():
		case bytes.Equal(k.Marshal(), key.Marshal()):
			return Match
		default:
			v = Contradicted
		}
	}
	return v
}

func (s Set) checkPrints(key ssh.PublicKey) Verdict {
	v := Unknown
	for _, p := range s.Prints {
		switch {
		case p.Type != key.Type():
		case p.of(key):
			return Match
		default:
			v = Contradicted
		}
	}
	return v
}

func worst(a, b Verdict) Verdict { return max(a, b) }

func (p Print) of(key ssh.PublicKey) bool {
	if sum, ok := strings.CutPrefix(p.Value, md5Prefix); ok {
		return sum == legacyMD5(key)
	}
	return p.Value == ssh.FingerprintSHA256(key)
}

// legacyMD5 is the fingerprint of OpenSSH before 6.8, in hexadecimal with colons (RFC 4716, section 4).
func legacyMD5(key ssh.PublicKey) string {
	sum := md5.Sum(key.Marshal()) // #nosec G401 -- see the import
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(pairs, ":")
}

// Types lists the types of the keys it names, each once.
func (s Set) Types() []string {
	var out []string
	for _, k := range s.Keys {
		out = append(out, k.Type())
	}
	for _, p := range s.Prints {
		out = append(out, p.Type)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Fingerprints lists the fingerprints of the keys of a type, each once.
func (s Set) Fingerprints(keyType string) []string {
	var out []string
	for _, k := range s.Keys {
		if k.Type() == keyType {
			out = append(out, ssh.FingerprintSHA256(k))
		}
	}
	for _, p := range s.Prints {
		if p.Type == keyType && !slices.Contains(out, p.Value) {
			out = append(out, p.Value)
		}
	}
	return out
}
