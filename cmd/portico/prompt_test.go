package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"portico/gateway"
)

// TestHostKeyOnTheTerminal checks what an operator gets to read, and that only "yes" accepts.
func TestHostKeyOnTheTerminal(t *testing.T) {
	unknown := gateway.HostKeyQuestion{Addr: "[203.0.113.10]:30011", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"}
	unverified, changed := unknown, unknown
	unverified.Unverified = "its console log\x1b[2J has no host keys"
	changed.Known = "ssh-ed25519 SHA256:old (~/.ssh/known_hosts line 3)"
	tests := []struct {
		name     string
		q        gateway.HostKeyQuestion
		answer   string
		accepted bool
		says     []string
		not      string
	}{
		{"unknown", unknown, "yes\n", true, []string{"[203.0.113.10]:30011 is not known", "ssh-ed25519 SHA256:abc"}, "could not be verified"},
		{"unverified", unverified, "y\n", false, []string{"could not be verified by the cloud: its console log has no host keys."}, "\x1b[2J"},
		{"changed", changed, "yes\n", true, []string{"has changed", "now:    ssh-ed25519 SHA256:abc", "before: ssh-ed25519 SHA256:old", "The cloud vouches", "Forget the old key?"}, "is not known"},
		{"changed, refused", changed, "\n", false, []string{"has changed"}, "is not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, answer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = in.Close(), answer.Close() }()
			if _, err := answer.WriteString(tt.answer); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			accepted, err := terminalPrompter{in: in, out: &out}.HostKey(t.Context(), tt.q)
			if accepted != tt.accepted || err != nil {
				t.Errorf("accepted %v, %v", accepted, err)
			}
			for _, s := range tt.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("%q is not in %q", s, out.String())
				}
			}
			if strings.Contains(out.String(), tt.not) {
				t.Errorf("%q is in %q", tt.not, out.String())
			}
		})
	}
}
