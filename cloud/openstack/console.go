package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
)

// maxConsole bounds a console log, in bytes. Nova itself keeps the last 100 KiB.
const maxConsole = 1 << 20

// ConsoleLog returns the last lines of what an instance printed on its console, all that Nova has
// kept if lines is 0 (os-getConsoleOutput). The text is as the instance wrote it: any byte may be
// in it. The error is of Kind Permission where the project's policy keeps the log, Conflict
// where the instance has not booted yet, NotFound where it is gone.
func (c *Client) ConsoleLog(ctx context.Context, instanceID string, lines int) (string, error) {
	text, err := servers.ShowConsoleOutput(ctx, c.compute, instanceID, servers.ShowConsoleOutputOpts{Length: lines}).Extract()
	if err != nil {
		return "", wrap("read the console log of", instanceID, err)
	}
	return text[max(0, len(text)-maxConsole):], nil
}
