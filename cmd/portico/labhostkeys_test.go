//go:build lab

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabHostKeys has a user who knows no host and has no terminal, on a real Nova's console logs.
func TestLabHostKeys(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := labHome(t)
	defer func() {
		l.run(nil, l.bin, "withdraw", "hk-vm", "--gateway", "hk-gw", "--yes")
		l.must(l.oslab, "rm", "hk-vm")
		l.must(l.oslab, "rm", "hk-gw")
	}()
	l.gw, l.vm = l.server("gateway", "hk-gw"), l.server("vm", "hk-vm")
	l.hostKeyOfGateway()
	l.hostKeyOfVM()
	l.hostKeyChangedOnVM()
	l.hostKeyOfTheNextVM()
}

func (l *lab) knownHosts() string { return filepath.Join(l.home, ".ssh", "known_hosts") }

// loginVM is "portico ssh" with a command. ssh itself does not heed HOME.
func (l *lab) loginVM() result {
	l.t.Helper()
	return l.portico(nil, "ssh", "hk-vm", "--gateway", "hk-gw", "--", "-F", "none", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile="+l.knownHosts(), "hostname")
}

// known is the fingerprint that known_hosts has for a name.
func (l *lab) known(name string) string {
	l.t.Helper()
	return l.must("ssh-keygen", "-l", "-F", name, "-f", l.knownHosts())
}

// trueKey is the fingerprint of a VM's real ed25519 key: "SHA256:...".
func (l *lab) trueKey(vm string) string {
	l.t.Helper()
	return strings.Fields(l.must(l.oslab, "fingerprint", vm))[1]
}

func (l *lab) mustPortico(args ...string) {
	l.t.Helper()
	if r := l.portico(nil, args...); r.code != 0 {
		l.t.Fatalf("%q ends with %d", args, r.code)
	}
}

// endpoint is how known_hosts names the VM's public port.
func (l *lab) endpoint() string {
	_, port, _ := strings.Cut(l.portico(nil, "ssh", "hk-vm", "--gateway", "hk-gw", "--print").out, "-p ")
	return "[" + l.gw.Floating[0] + "]:" + strings.Fields(port)[0]
}

func (l *lab) hostKeyOfGateway() {
	l.t.Helper()
	r := l.portico(nil, "publish", "hk-vm", "--gateway", "hk-gw", "--service", "ssh", "--yes")
	if r.code != 0 || !strings.Contains(r.err, "host key of hk-gw") || !strings.Contains(r.err, "verified by the cloud (console log): ssh-ed25519 "+l.trueKey("hk-gw")) {
		l.t.Fatalf("publish with an empty known_hosts: %+v", r)
	}
	if have := l.known(l.gw.Floating[0]); !strings.Contains(have, l.trueKey("hk-gw")) {
		l.t.Errorf("known_hosts has %s", have)
	}
	if r := l.portico(nil, "forwards", "--gateway", "hk-gw"); r.code != 0 || r.err != "" {
		l.t.Errorf("the second time: %+v", r)
	}
}

func (l *lab) hostKeyOfVM() {
	l.t.Helper()
	r := l.loginVM()
	if r.code != 0 || r.out != "hk-vm\n" || !strings.Contains(r.err, "verified by the cloud (console log): ssh-ed25519 "+l.trueKey("hk-vm")) {
		l.t.Fatalf("portico ssh with an unknown key: %+v", r)
	}
	if have := l.known(l.endpoint()); !strings.Contains(have, l.trueKey("hk-vm")) {
		l.t.Errorf("known_hosts has %s", have)
	}
	if r := l.loginVM(); r.code != 0 || r.out != "hk-vm\n" || strings.Contains(r.err, "host key") {
		l.t.Errorf("the second time: %+v", r)
	}
}

// hostKeyChangedOnVM makes new keys behind the cloud's back, which is what a man in the middle looks like.
func (l *lab) hostKeyChangedOnVM() {
	l.t.Helper()
	cloudSays := l.trueKey("hk-vm")
	l.inside("hk-vm", "rm /etc/ssh/ssh_host_* && ssh-keygen -q -A && systemctl restart ssh")
	shows := l.trueKey("hk-vm")
	if r := l.loginVM(); r.code != exitFailed || r.out != "" || !strings.Contains(r.err, "CHANGED") || !strings.Contains(r.err, "console log in the cloud names ssh-ed25519 "+cloudSays) {
		l.t.Errorf("a changed key: %+v", r)
	}
	l.must("ssh-keygen", "-q", "-R", l.endpoint(), "-f", l.knownHosts())
	r := l.loginVM()
	if r.code != exitFailed || r.out != "" || !strings.Contains(r.err, "NOT THE MACHINE'S: it shows ssh-ed25519 "+shows) || !strings.Contains(r.err, cloudSays) {
		l.t.Errorf("an unknown key that is not the console log's: %+v", r)
	}
	if r := l.run(nil, "ssh-keygen", "-F", l.endpoint(), "-f", l.knownHosts()); r.code == 0 {
		l.t.Errorf("the key was filed: %s", r.out)
	}
}

// hostKeyOfTheNextVM gives the address, and so the public port, to another VM.
func (l *lab) hostKeyOfTheNextVM() {
	l.t.Helper()
	endpoint := l.endpoint()
	l.mustPortico("withdraw", "hk-vm", "--gateway", "hk-gw", "--yes")
	l.must(l.oslab, "rm", "hk-vm")
	stale := endpoint + " " + l.inside("hk-gw", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
	text, err := os.ReadFile(l.knownHosts())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(l.knownHosts(), append(text, stale...), 0o600); err != nil {
		l.t.Fatal(err)
	}
	l.vm = l.server("vm", "hk-vm", "--ip", l.vm.Fixed[0])
	l.mustPortico("publish", "hk-vm", "--gateway", "hk-gw", "--service", "ssh", "--yes")
	r := l.loginVM()
	if r.code != exitFailed || !strings.Contains(r.err, "the cloud's console log names the new key") {
		l.t.Fatalf("the key of the VM that had the port before: %+v", r)
	}
	_, remove, _ := strings.Cut(r.err, "try again: ")
	l.must("sh", "-c", strings.TrimSpace(remove))
	if r := l.loginVM(); r.code != 0 || r.out != "hk-vm\n" || !strings.Contains(l.known(l.endpoint()), l.trueKey("hk-vm")) {
		l.t.Errorf("after %s: %+v", remove, r)
	}
}
