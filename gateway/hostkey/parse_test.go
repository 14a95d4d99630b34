package hostkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// machine makes the host keys of a machine: ed25519, ecdsa and rsa. The first is always the same for a name.
func machine(t testing.TB, name string) []ssh.PublicKey {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	random := rand.NewChaCha8(seed)
	e, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var out []ssh.PublicKey
	for _, k := range []any{ed25519.NewKeyFromSeed(seed[:]).Public(), e.Public(), r.Public()} {
		key, err := ssh.NewPublicKey(k)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, key)
	}
	return out
}

func keyBlock(ks ...ssh.PublicKey) string {
	var b strings.Builder
	b.WriteString("-----BEGIN SSH HOST KEY KEYS-----\n")
	for _, k := range ks {
		b.WriteString(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))) + " root@vm\n")
	}
	return b.String() + "-----END SSH HOST KEY KEYS-----\n"
}

func printBlock(md5 bool, ks ...ssh.PublicKey) string {
	var b strings.Builder
	b.WriteString("#############################################################\n-----BEGIN SSH HOST KEY FINGERPRINTS-----\n")
	for _, k := range ks {
		short := map[string]string{ssh.KeyAlgoED25519: "256 %s root@vm (ED25519)", ssh.KeyAlgoECDSA256: "256 %s root@vm (ECDSA)", ssh.KeyAlgoRSA: "2048 %s root@vm (RSA)"}[k.Type()]
		if md5 {
			fmt.Fprintf(&b, short+"\n", ssh.FingerprintLegacyMD5(k)+" ")
		} else {
			fmt.Fprintf(&b, short+"\n", ssh.FingerprintSHA256(k))
		}
	}
	return b.String() + "-----END SSH HOST KEY FINGERPRINTS-----\n#############################################################\n"
}

// each puts something before every line.
func each(prefix, text string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix) + "\n"
}

func wrapAt(width int, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		for len(line) > width {
			b.WriteString(line[:width] + "\n")
			line = line[width:]
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

const noise = "[    1.234567] random: crng init done\nDebian GNU/Linux 12 vm ttyS0\n\nvm login: \n"

func TestParse(t *testing.T) {
	now, before := machine(t, "now"), machine(t, "before")
	ks := keyBlock(now...)
	tests := []struct {
		name, log string
		want      Verdict // of every key of now
	}{
		{"empty", "", Unknown},
		{"no block", noise, Unknown},
		{"keys", noise + ks + noise, Match},
		{"fingerprints", noise + printBlock(false, now...) + noise, Match},
		{"fingerprints in MD5", printBlock(true, now...), Match},
		{"MD5 with its name", strings.NewReplacer("256 ", "256 MD5:", "2048 ", "2048 MD5:").Replace(printBlock(true, now...)), Match},
		{"both", each("<14>Feb 18 12:42:13 cloud-init: ", printBlock(false, now...)) + ks, Match},
		{"both, and they disagree", printBlock(false, before...) + ks, Contradicted},
		{"ec2:", each("ec2: ", printBlock(false, now...)+ks), Match},
		{"cloud-init:", each("cloud-init: ", ks), Match},
		{"kernel's clock", each("[   12.345678] cloud-init[123]: ", ks), Match},
		{"kernel's clock alone", each("[   12.345678] ", ks), Match},
		{"syslog", each("Nov 29 06:09:14 ubuntu-bionic ec2: ", printBlock(true, now...)), Match},
		{"syslog, one-digit day", each("Aug  7 15:16:38 cloud-init[77]: ", ks), Match},
		{"ISO date", each("2026-01-02T03:04:05.678901+00:00 vm cloud-init: ", ks), Match},
		{"date alone", each("Aug  7 15:16:38 ", ks), Match},
		{"CRLF", strings.ReplaceAll(ks, "\n", "\r\n"), Match},
		{"wrapped by a terminal", wrapAt(80, printBlock(false, now...)+ks), Match},
		{"wrapped very narrow", wrapAt(41, printBlock(false, now...)+ks), Match},
		{"wrapped, CR CR LF", strings.ReplaceAll(wrapAt(80, ks), "\n", "\r\r\n"), Match},
		{"colours and a bell", strings.ReplaceAll(strings.ReplaceAll(ks, "-----BEGIN", "\x1b[0;1;31m\a-----BEGIN"), "root@vm", "root@vm\x1b[0m\x00"), Match},
		{"another program speaks in between", strings.ReplaceAll(wrapAt(80, ks), "\n", "\n[   13.370000] eth0: link becomes ready\n"), Match},
		{"cirros", "=== sshd host keys ===\n" + ks + "=== network info ===\n", Match},
		{"a DSA key among them", strings.Replace(ks, "KEYS-----\n", "KEYS-----\nssh-dss AAAAB3NzaC1kc3MAAACBAP root@vm\n", 1), Match},
		{"cirros without a key", "-----BEGIN SSH HOST KEY KEYS-----\nssh-rsa A= root@demo1\n-----END SSH HOST KEY KEYS-----\n", Unknown},
		{"two boots", keyBlock(before...) + noise + ks, Match},
		{"two boots, the last had others", ks + noise + keyBlock(before...), Contradicted},
		{"two boots, the last only fingerprints", keyBlock(before...) + printBlock(false, now...), Match},
		{"the end is cut off", noise + strings.TrimSuffix(ks, "-----END SSH HOST KEY KEYS-----\n"), Unknown},
		{"the end is cut off after an older boot", ks + strings.TrimSuffix(keyBlock(before...), "-----END SSH HOST KEY KEYS-----\n"), Unknown},
		{"the end is cut off after this boot's fingerprints", printBlock(false, now...) + ks[:len(ks)/2], Match},
		{"the beginning is cut off", ks[40:], Unknown},
		{"a BEGIN in a block", ks[:len(ks)/2] + "\n" + ks, Match},
		{"the wrong END", strings.Replace(ks, "END SSH HOST KEY KEYS", "END SSH HOST KEY FINGERPRINTS", 1), Unknown},
		{"keys outside of a block", ks[len("-----BEGIN SSH HOST KEY KEYS-----\n"):strings.Index(ks, "-----END")], Unknown},
		{"another program's words", each("Aug  7 15:16:38 vm sshd[7]: Invalid user ", ks), Unknown},
		{"another program's tag", each("Aug  7 15:16:38 vm nginx: ", ks), Unknown},
		{"words after the mark", strings.Replace(ks, "KEYS-----\n", "KEYS----- from 203.0.113.9\n", 1), Unknown},
		{"typed at the login", "vm login: " + ks, Unknown},
		{"far too many lines", strings.Replace(ks, "KEYS-----\n", "KEYS-----\n"+strings.Repeat("x\n", maxLines), 1), Unknown},
		{"a log beyond all bounds", strings.Repeat("x", 2*maxLog) + "\n" + ks, Match},
		{"pushed out of the log", ks + strings.Repeat("x\n", maxLog), Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { says(t, tt.log, now, tt.want) })
	}
}

// says checks what a log says of all keys of a machine.
func says(t *testing.T, log string, ks []ssh.PublicKey, want Verdict) {
	t.Helper()
	set := Parse(log)
	for _, k := range ks {
		if got := set.Check(k); got != want {
			t.Errorf("%s: got %d, want %d of %+v", k.Type(), got, want, set)
		}
	}
	if want == Match && (set.Empty() || len(set.Types()) != len(ks)) {
		t.Errorf("types %v", set.Types())
	}
}

func TestOneTypeOnly(t *testing.T) {
	now, other := machine(t, "now"), machine(t, "other")
	set := Parse(keyBlock(now[0]))
	for i, want := range []Verdict{Match, Unknown, Unknown} {
		if got := set.Check(now[i]); got != want {
			t.Errorf("%s: %d, want %d", now[i].Type(), got, want)
		}
	}
	if got := set.Check(other[0]); got != Contradicted {
		t.Errorf("another key: %d", got)
	}
	if got := set.Fingerprints(ssh.KeyAlgoED25519); len(got) != 1 || got[0] != ssh.FingerprintSHA256(now[0]) {
		t.Errorf("fingerprints %v", got)
	}
}

func FuzzParse(f *testing.F) {
	ks := machine(f, "now")
	stranger := machine(f, "stranger")
	for _, s := range []string{
		noise, keyBlock(ks...), printBlock(false, ks...), printBlock(true, ks...), each("ec2: ", keyBlock(ks...)), wrapAt(80, keyBlock(ks...)),
		strings.ReplaceAll(keyBlock(ks...), "\n", "\r\n"), keyBlock(ks...)[:200], "\x1b]0;t\a" + keyBlock(ks[0]) + printBlock(false, ks[1]),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, log string) {
		set := Parse(log)
		if len(set.Keys) > maxKeys || len(set.Prints) > maxKeys {
			t.Fatalf("%d keys, %d fingerprints", len(set.Keys), len(set.Prints))
		}
		for _, k := range set.Keys {
			if set.checkKeys(k) != Match || len(set.Fingerprints(k.Type())) == 0 {
				t.Fatalf("its own key %s does not match", ssh.FingerprintSHA256(k))
			}
			if again, err := ssh.ParsePublicKey(k.Marshal()); err != nil || !bytes.Equal(again.Marshal(), k.Marshal()) {
				t.Fatalf("not a key: %v", err)
			}
		}
		for _, p := range set.Prints {
			if !keyTypes[p.Type] || !strings.HasPrefix(p.Value, "SHA256:") && !strings.HasPrefix(p.Value, md5Prefix) {
				t.Fatalf("fingerprint %+v", p)
			}
		}
		if set.Check(stranger[0]) == Match {
			t.Fatal("a key that is nowhere matches")
		}
	})
}
