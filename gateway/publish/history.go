package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

// History lists what was applied to the snapshot's project and gateway, newest first, from this
// machine's records and the gateway's own. When one of the two could not be read, wholly or in
// part, the other is returned along with the error.
func (p *Publisher) History(ctx context.Context, s Snapshot) ([]history.Record, error) {
	local, localErr := p.options.History.List()
	local = slices.DeleteFunc(local, func(r history.Record) bool { return !concerns(r, s) })
	var remote []history.Record
	var remoteErr error
	if s.HasGateway() {
		remote, remoteErr = p.remoteHistory(ctx, s)
	}
	return history.Merge(local, remote), errors.Join(remoteErr, localErr)
}

// gatewayHistory reads the records that the snapshot's gateway keeps.
func (p *Publisher) gatewayHistory(ctx context.Context, s Snapshot) ([]history.Record, error) {
	e, err := p.engine(ctx, s.Gateway, s.Inventory)
	if err != nil {
		return nil, err
	}
	return e.Switch().History(ctx)
}

// concerns reports whether a record is about the project or the gateway of a snapshot: on one
// machine the records of several projects lie side by side.
func concerns(r history.Record, s Snapshot) bool {
	if id := s.Inventory.Identity.ProjectID; id != "" && r.ProjectID != "" {
		return r.ProjectID == id
	}
	return s.HasGateway() && r.GatewayID == gatewayID(s.Gateway)
}

// gatewayID is how a record names a gateway.
func gatewayID(gw gateway.Gateway) string {
	switch {
	case gw.InstanceID != "":
		return gw.InstanceID
	case gw.FloatingIP.IsValid():
		return gw.FloatingIP.String()
	}
	return gw.FixedIP.String()
}

// record is what the history says of an apply that begins.
func (p *Publisher) record(pr Proposal, project cloud.Identity, at time.Time) history.Record {
	r := history.Record{
		ID: history.NewID(at, pr.Plan.ID), By: p.options.By, At: at, Project: project.Project, ProjectID: project.ProjectID,
		Gateway: pr.Gateway.Name, GatewayID: gatewayID(pr.Gateway), Title: Title(pr),
		Changes: history.Slim(pr.Plan.Changes()), Result: history.Applying,
	}
	for _, i := range pr.Items {
		if i.Action != 0 && !slices.Contains(r.Instances, i.Instance) {
			r.Instances = append(r.Instances, i.Instance)
		}
	}
	return r
}

// concluded is the record when the apply has ended.
func concluded(r history.Record, report plan.Report, at time.Time) history.Record {
	r.Ended, r.Result, r.Error, r.Left = at, history.Applied, "", nil
	for _, c := range report.Left {
		r.Left = append(r.Left, c.Target+": "+c.Title)
	}
	switch {
	case report.OK():
		return r
	case len(report.Left) > 0, len(report.Done) > 0: // done, but not as wanted
		r.Result = history.Partly
	default:
		r.Result = history.Undone
	}
	x := cloud.Explain(report.Err)
	r.Error = x.What + ": " + x.Why
	return r
}

// maxNamed is how many instances a title names.
const maxNamed = 3

// Title says in one line what a proposal was asked for: "publish assembly-02: ssh, http".
func Title(pr Proposal) string {
	if text := titleOfOther(pr); text != "" {
		return text
	}
	verb := "publish"
	switch {
	case pr.Request.Withdraw:
		verb = "withdraw"
	case pr.Request.Repair:
		verb = "repair"
	case pr.Request.Sync:
		verb = "sync"
	case pr.Request.AdoptAll || len(pr.Request.Adopt) > 0:
		verb = "adopt"
	}
	var names, services []string
	for _, i := range pr.Items {
		if i.Forward.Subnet != "" {
			i.Instance = "subnet " + pr.subnetName(i.Forward.Subnet)
		}
		if i.Action == 0 {
			continue
		}
		names, services = append(names, i.Instance), append(services, i.Forward.Service.Name)
	}
	names, services = unique(names), unique(services)
	if len(names) == 0 {
		return strings.TrimSpace(verb + " " + strings.Join(slices.Concat(pr.Request.Instances, pr.Request.Subnets), ", "))
	}
	if more := len(names) - maxNamed; more > 0 {
		names = append(names[:maxNamed:maxNamed], fmt.Sprintf("%d more", more))
	}
	return verb + " " + strings.Join(names, ", ") + ": " + strings.Join(services, ", ")
}

// subnetName is what a subnet is called in the project that the plan is about.
func (p Proposal) subnetName(id string) string {
	if p.engine == nil {
		return id
	}
	return SubnetName(p.engine.Inventory, id)
}

// titleOfOther is the title of what is not about forwards; "" of what is.
func titleOfOther(pr Proposal) string {
	switch {
	case pr.creation != nil:
		return "create gateway " + pr.creation.build.Choice.Name
	case pr.floating != nil && pr.floating.verb == Allocate:
		return "allocate a floating IP"
	case pr.floating != nil:
		return string(pr.floating.verb) + " floating IP " + pr.Subject()
	case pr.pair != nil:
		return pr.pair.title()
	case pr.local != nil && pr.Request.Fix.Start != "":
		return "start " + pr.local.name
	case pr.local != nil:
		return "forget the old host key of " + pr.local.name
	case pr.Request.Make != "":
		return string(pr.Request.Make) + " gateway " + pr.Gateway.Name
	}
	return ""
}

// unique keeps the first of each, in order.
func unique(in []string) []string {
	seen := make(map[string]bool, len(in))
	return slices.DeleteFunc(in, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}
