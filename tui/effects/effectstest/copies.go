package effectstest

import (
	"context"

	"portico/gateway"
	"portico/gateway/publish"
)

// Copies works them out as the real one does.
func (b *Backend) Copies(s publish.Snapshot, id string, f gateway.Forward, logins map[string]publish.Login, keys publish.HostKeyLines) []publish.Copy {
	return publish.New(nil, nil, nil, nil, publish.Options{}).Copies(s, id, f, logins, keys)
}

// KnownHostKeys are HostKeys, or else none.
func (b *Backend) KnownHostKeys(ctx context.Context, id string) publish.HostKeyLines {
	_ = b.enter(ctx, "KnownHostKeys")
	b.mu.Lock()
	defer b.mu.Unlock()
	if k, ok := b.HostKeys[id]; ok {
		return k
	}
	return publish.HostKeyLines{Why: "its console log names no host key"}
}
