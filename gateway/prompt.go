package gateway

import "context"

// Prompter asks a human. Its methods may be called from any goroutine, one at a time, and
// must return when ctx ends. Time spent in them does not count as time-out.
type Prompter interface {
	// HostKey asks whether an unknown host key is the right one, or whether one that the cloud
	// vouches for may take the place of another. An error means that no answer was given.
	HostKey(ctx context.Context, q HostKeyQuestion) (accept bool, err error)
	// Passphrase asks for the passphrase of a key file. The caller overwrites the
	// bytes when it has used them. An error means that none was given; other keys are tried then.
	Passphrase(ctx context.Context, file string) ([]byte, error)
}

// HostKeyQuestion is what to show of an unknown host key.
type HostKeyQuestion struct {
	Host        string // as asked for
	Addr        string // host:port as known_hosts will have it
	Type        string // "ssh-ed25519"
	Fingerprint string // "SHA256:..." as ssh-keygen -l prints it
	Unverified  string // why the cloud does not vouch for it; "" if it does, or was not asked
	Known       string // the key that known_hosts has instead, and where; "" if it has none
}
