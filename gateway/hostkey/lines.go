package hostkey

import (
	"encoding/base64"
	"regexp"
	"strings"

	"golang.org/x/crypto/ssh"
)

// keyTypes are the host keys that [ssh.NewClientConn] can be shown.
var keyTypes = map[string]bool{
	ssh.KeyAlgoED25519: true, ssh.KeyAlgoRSA: true,
	ssh.KeyAlgoECDSA256: true, ssh.KeyAlgoECDSA384: true, ssh.KeyAlgoECDSA521: true,
}

// unfinished is a key whose line a terminal has wrapped.
type unfinished struct{ keyType, text string }

// readKeys reads the lines of a block of keys, each in the form of authorized_keys. A line that a
// terminal wrapped goes on in the next one; a key is finished exactly when its text is one, so that
// neither a wrapped comment nor another program's line in between can make a wrong key of it.
func readKeys(text []string) []ssh.PublicKey {
	var out []ssh.PublicKey
	var open unfinished
	for _, line := range text {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || len(out) == maxKeys:
			continue
		case knownType(words[0]):
			open = unfinished{keyType: words[0]}
			words = words[1:]
		}
		if open.keyType == "" || len(words) == 0 || !base64Text.MatchString(words[0]) || len(open.text) > maxLine {
			continue
		}
		open.text += words[0]
		if key := open.key(); key != nil {
			out, open = append(out, key), unfinished{}
		}
	}
	return out
}

// knownType also holds for types that cannot be used: their text must not be added to a key before.
func knownType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-") || strings.HasPrefix(word, "sk-")
}

var base64Text = regexp.MustCompile(`^[A-Za-z0-9+/]+={0,2}$`)

// key is the key, or nil as long as its text is not exactly one of its type.
func (u unfinished) key() ssh.PublicKey {
	blob, err := base64.StdEncoding.DecodeString(u.text)
	if err != nil || !keyTypes[u.keyType] {
		return nil
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil || key.Type() != u.keyType {
		return nil
	}
	return key
}

const md5Prefix = "MD5:"

var (
	printStart = regexp.MustCompile(`^\d{3,5}\s+(?:SHA256:|MD5:|(?:[0-9a-f]{2}:){2})`)
	printLine  = regexp.MustCompile(`^(\d{3,5})\s+(SHA256:[A-Za-z0-9+/]{43}|(?:MD5:)?[0-9a-f]{2}(?::[0-9a-f]{2}){15}).*\((RSA|ECDSA|ED25519)\)$`)
)

// readPrints reads the lines of a block of fingerprints, as ssh-keygen -l prints them.
func readPrints(text []string) []Print {
	var out []Print
	open := ""
	for _, line := range text {
		switch {
		case len(out) == maxKeys:
			return out
		case printStart.MatchString(line):
			open = line
		case open == "" || len(open) > maxLine:
			continue
		default:
			open += line // a terminal has wrapped it
		}
		if p, ok := readPrint(open); ok {
			out, open = append(out, p), ""
		}
	}
	return out
}

func readPrint(line string) (Print, bool) {
	m := printLine.FindStringSubmatch(line)
	if m == nil {
		return Print{}, false
	}
	p := Print{Type: printType(m[1], m[3]), Value: m[2]}
	if !strings.HasPrefix(p.Value, "SHA256:") && !strings.HasPrefix(p.Value, md5Prefix) {
		p.Value = md5Prefix + p.Value
	}
	return p, p.Type != ""
}

// printType is the key type that ssh-keygen shortens; an ECDSA key's bits name its curve.
func printType(bits, short string) string {
	switch short {
	case "RSA":
		return ssh.KeyAlgoRSA
	case "ED25519":
		return ssh.KeyAlgoED25519
	}
	if t := "ecdsa-sha2-nistp" + bits; keyTypes[t] {
		return t
	}
	return ""
}
