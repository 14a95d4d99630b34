package publish

import (
	"context"
	"errors"

	"portico/cloud"
	"portico/gateway/hostkey"
)

var errNotOurs = errors.New("it is no instance of this project")

// HostKeys returns the SSH host keys that an instance printed on its console when it booted; none
// where it printed none. The error says why its console log could not be read.
func (p *Publisher) HostKeys(ctx context.Context, instanceID string) (hostkey.Set, error) {
	if instanceID == "" {
		return hostkey.Set{}, &cloud.Error{Op: "verify the host key", Kind: cloud.NotFound, Err: errNotOurs}
	}
	log, err := p.cloud.ConsoleLog(ctx, instanceID, 0) // the keys were printed long ago, at the first boot
	if err != nil {
		return hostkey.Set{}, err
	}
	return hostkey.Parse(log), nil
}
