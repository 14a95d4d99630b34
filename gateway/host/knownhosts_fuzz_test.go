package host

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// FuzzLearn: a key that is remembered is added as one line that names this host alone, and what
// the file held stays as it was, whatever that is and whatever the host is called.
func FuzzLearn(f *testing.F) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		f.Fatal(err)
	}
	for _, old := range []string{"", "# mine\n", "a ssh-ed25519 AAAA", "|1|x|y ssh-rsa AAAA\n", "\x00\xff\r\n", "@revoked * ssh-rsa AAAA\n"} {
		f.Add([]byte(old), "203.0.113.10", "22")
		f.Add([]byte(old), "2001:db8::1%eth0", "2222")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, old []byte, host, port string) {
		if n, err := strconv.ParseUint(port, 10, 16); badName(host) || err != nil || n == 0 {
			t.Skip("no such hop is made")
		}
		file := filepath.Join(dir, "known_hosts")
		if err := os.WriteFile(file, old, 0o600); err != nil {
			t.Fatal(err)
		}
		k := &hostKeys{hop: &hop{host: host, port: port, knownHosts: []string{file}}}
		if err := k.learn(key); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		added, kept := bytes.CutPrefix(text, old)
		if !kept {
			t.Fatalf("the file held %q, and now %q", old, text)
		}
		checkLine(t, bytes.TrimPrefix(added, []byte("\n")), host, key)
	})
}

// checkLine wants one line that names one host, by no pattern, with this key.
func checkLine(t *testing.T, line []byte, host string, key ssh.PublicKey) {
	t.Helper()
	_, hosts, got, _, rest, err := ssh.ParseKnownHosts(line)
	if err != nil || bytes.Count(line, []byte("\n")) != 1 || len(hosts) != 1 || len(rest) > 0 || strings.ContainsAny(hosts[0], "*?!,") {
		t.Fatalf("%q was added for host %q, which names %q, %v", line, host, hosts, err)
	}
	if !bytes.Equal(got.Marshal(), key.Marshal()) {
		t.Fatalf("%q is another key", line)
	}
}

// FuzzForget: of a known_hosts file, the stale keys of one host go. What cannot be read, what is
// fresh, and what names other hosts stays, byte by byte or as a part of its line.
func FuzzForget(f *testing.F) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	for _, line := range []string{
		"gw %s\n", "a,gw,b %s comment\r\n", "@revoked gw %s\n", "!gw,* %s\n", "\tgw  %s", "# gw %s\n", "gw\x00 %s\n",
		"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= %s\n", "|1| %s\n", ",,gw %s\n",
	} {
		f.Add([]byte(strings.ReplaceAll(line, "%s", key)), "gw")
	}
	stale := func(ssh.PublicKey) bool { return false }
	f.Fuzz(func(t *testing.T, text []byte, host string) {
		if badName(host) {
			t.Skip("no such hop is made")
		}
		name := knownhosts.Normalize(host)
		if all := forget(text, name, func(ssh.PublicKey) bool { return true }); !bytes.Equal(all, text) {
			t.Fatalf("nothing is stale in %q, and yet it becomes %q", text, all)
		}
		left := forget(text, name, stale)
		if again := forget(left, name, stale); !bytes.Equal(again, left) {
			t.Fatalf("%q becomes %q and then %q", text, left, again)
		}
		if before, after := entries(text, name), entries(left, name); !slices.Equal(before, after) {
			t.Fatalf("the entries of others were %q and are %q", before, after)
		}
		for line := range bytes.Lines(left) {
			marker, hosts, _, _, _, err := ssh.ParseKnownHosts(line)
			if err == nil && marker == "" && slices.ContainsFunc(hosts, func(h string) bool { return isName(h, name) }) {
				t.Fatalf("%q is still there", line)
			}
		}
	})
}

// entries lists what a known_hosts file says of hosts other than the one named: a pattern and its
// key each, and whole lines where they are no entries of hosts or exclude some.
func entries(text []byte, name string) []string {
	var out []string
	for line := range bytes.Lines(text) {
		marker, hosts, key, _, _, err := ssh.ParseKnownHosts(line)
		if err != nil || marker != "" {
			out = append(out, string(line))
			continue
		}
		if !slices.ContainsFunc(hosts, func(h string) bool { return h != "" && h[0] != '!' && !isName(h, name) }) {
			continue // without a host of its own it says nothing
		}
		for _, h := range hosts {
			if !isName(h, name) {
				out = append(out, h+" "+ssh.FingerprintSHA256(key))
			}
		}
	}
	return out
}
