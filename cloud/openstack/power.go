package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"portico/cloud"
)

// Start starts an instance that is shut off (os-start). It returns when the cloud has taken the order;
// [Client.Status] tells how far it is. One that runs already is Kind Conflict.
func (c *Client) Start(ctx context.Context, instanceID string) error {
	return wrap("start instance", instanceID, servers.Start(ctx, c.compute, instanceID).ExtractErr())
}

// Stop shuts an instance off (os-stop), likewise.
func (c *Client) Stop(ctx context.Context, instanceID string) error {
	return wrap("stop instance", instanceID, servers.Stop(ctx, c.compute, instanceID).ExtractErr())
}

// Status is Nova's word for an instance's state, and for what it is doing to it, if anything.
func (c *Client) Status(ctx context.Context, instanceID string) (status, task string, err error) {
	var s struct {
		Status    string `json:"status"`
		TaskState string `json:"OS-EXT-STS:task_state"`
	}
	if err := servers.Get(ctx, c.compute, instanceID).ExtractInto(&s); err != nil {
		return "", "", wrap("look at instance", instanceID, err)
	}
	return cloud.Clean(s.Status), cloud.Clean(s.TaskState), nil
}
