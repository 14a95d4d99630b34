package main

import (
	"net/netip"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// The JSON forms are a contract with scripts: fields are added, never renamed or removed. Lists
// are [] when empty; null means unknown.

type instanceJSON struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Status      string        `json:"status"`
	Addresses   []netip.Addr  `json:"addresses"`
	FloatingIPs []netip.Addr  `json:"floating_ips"`
	Gateway     bool          `json:"gateway"`
	Forwards    []forwardJSON `json:"forwards"` // null: the gateway was not reached
}

type forwardJSON struct {
	Service    string           `json:"service"`
	Protocol   gateway.Protocol `json:"protocol"`
	Public     netip.AddrPort   `json:"public"`
	Private    netip.AddrPort   `json:"private"`
	Ports      int              `json:"ports"` // in a row, of which public and private are the first
	InstanceID string           `json:"instance_id"`
	Instance   string           `json:"instance"`
	Sources    []netip.Prefix   `json:"sources"` // [] is anywhere
	Engine     string           `json:"engine"`
	SubnetID   string           `json:"subnet_id,omitempty"` // of a subnet that is published whole; the instance is who has the address now
	Subnet     string           `json:"subnet,omitempty"`
}

type floatingIPJSON struct {
	ID         string     `json:"id"`
	Address    netip.Addr `json:"address"`
	Status     string     `json:"status"`
	Free       bool       `json:"free"`
	Attached   string     `json:"attached"`
	InstanceID string     `json:"instance_id"`
	FixedIP    string     `json:"fixed_ip"`
	Gateway    bool       `json:"gateway"`
	Carries    *int       `json:"carries"` // null: the gateway was not reached
}

type gatewayJSON struct {
	Name       string           `json:"name"`
	InstanceID string           `json:"instance_id"`
	FloatingIP netip.Addr       `json:"floating_ip"`
	FixedIP    netip.Addr       `json:"fixed_ip"`
	Chosen     bool             `json:"chosen"`
	Reachable  *bool            `json:"reachable"` // null: not tried, because it is not the chosen one
	Forwards   *int             `json:"forwards"`
	Prepared   *bool            `json:"prepared"` // it stays a gateway without forwards; null: the gateway was not reached
	Facts      []factJSON       `json:"facts"`
	Drift      []driftJSON      `json:"drift"`    // null: the gateway was not reached
	Traffic    *counterJSON     `json:"traffic"`  // null: likewise
	Capacity   *capacityJSON    `json:"capacity"` // null: likewise, or its subnet is not seen
	Error      *errorJSON       `json:"error,omitempty"`
	Armed      *armedJSON       `json:"armed,omitempty"`       // a change under way
	Members    []memberJSON     `json:"members,omitempty"`     // the hosts of a pair
	RolledBack []rolledBackJSON `json:"rolled_back,omitempty"` // what it took back by itself, and nobody has seen to
}

// memberJSON is one host of a pair.
type memberJSON struct {
	Name       string     `json:"name"`
	InstanceID string     `json:"instance_id"`
	FixedIP    netip.Addr `json:"fixed_ip"`
	FloatingIP netip.Addr `json:"floating_ip"` // its own, "" without
	Reachable  *bool      `json:"reachable"`   // null: not tried, because the pair is not the chosen gateway
	Active     *bool      `json:"active"`      // null: not known
	Running    *bool      `json:"running"`     // its keepalived; null likewise
	Error      *errorJSON `json:"error,omitempty"`
}

// driftJSON is one thing that no plan left so: "strange" and "missing" can be repaired, "foreign"
// can be adopted where forward is not null; else why says what stands in the way. "gone" and "reused"
// are forwards that lead to nobody, or to another VM; a sync cleans them up.
type driftJSON struct {
	Kind    gateway.DriftKind `json:"kind"`
	Where   string            `json:"where"`
	Line    string            `json:"line"`
	Forward *forwardJSON      `json:"forward"`
	Why     string            `json:"why,omitempty"`
	Note    string            `json:"note,omitempty"`
}

type factJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	OK    bool   `json:"ok"`
}

type errorJSON struct {
	What string `json:"what"`
	Why  string `json:"why"`
	Next string `json:"next"`
	Kind string `json:"kind"`
}

type planJSON struct {
	ID       string         `json:"id"`
	Gateway  string         `json:"gateway"`
	Summary  string         `json:"summary"`
	Empty    bool           `json:"empty"`
	Forwards []itemJSON     `json:"forwards"`
	Changes  []plan.Change  `json:"changes"`
	Warnings []plan.Warning `json:"warnings"`
	Quota    []quotaJSON    `json:"quota"`
}

type itemJSON struct {
	Action string `json:"action"` // "+", "~", "-", or "=" for what stands already
	forwardJSON
}

type quotaJSON struct {
	Name   string `json:"name"`
	Before int    `json:"before"`
	After  int    `json:"after"`
	Max    *int   `json:"max"` // null: unknown; -1: unlimited
}

type probeJSON struct {
	forwardJSON
	Outcome   probe.Outcome `json:"outcome"`
	LatencyMS *float64      `json:"latency_ms"` // null: nothing answered
	Detail    string        `json:"detail"`
	SSH       string        `json:"ssh,omitempty"` // the command to log in

	FromGateway *seenJSON `json:"from_gateway,omitempty"` // with --from-gateway: a connection by the gateway to the private end
}

// seenJSON is one test as another than this machine sees it.
type seenJSON struct {
	Outcome   probe.Outcome `json:"outcome"`
	LatencyMS *float64      `json:"latency_ms"` // null: nothing answered
	Detail    string        `json:"detail"`
}

func newForwardJSON(inv cloud.Inventory, f gateway.Forward) forwardJSON {
	out := forwardJSON{
		Service: f.Service.Name, Protocol: f.Service.Protocol, Public: f.Public, Private: f.Private, Ports: f.Ports(),
		InstanceID: f.Instance, Instance: publish.InstanceName(inv, f.Instance), Sources: orEmpty(f.Sources), Engine: f.Engine,
	}
	if f.Subnet != "" {
		out.SubnetID, out.Subnet = f.Subnet, publish.SubnetName(inv, f.Subnet)
	}
	return out
}

func newDriftJSON(inv cloud.Inventory, drift []gateway.Drift) []driftJSON {
	out := make([]driftJSON, 0, len(drift))
	for _, d := range drift {
		line := driftJSON{Kind: d.Kind, Where: d.Where, Line: d.Line, Why: d.Why, Note: d.Note}
		if d.Forward != nil {
			f := newForwardJSON(inv, *d.Forward)
			line.Forward = &f
		}
		out = append(out, line)
	}
	return out
}

func newInstanceJSON(v view, r publish.InstanceRow) instanceJSON {
	out := instanceJSON{
		ID: r.Instance.ID, Name: r.Instance.Name, Status: r.Instance.Status,
		Addresses: orEmpty(r.Private), FloatingIPs: orEmpty(r.Public), Gateway: r.Gateway,
	}
	if v.knows() {
		out.Forwards = []forwardJSON{}
	}
	for _, f := range r.Forwards {
		out.Forwards = append(out.Forwards, newForwardJSON(v.Inventory, f))
	}
	return out
}

func newPlanJSON(inv cloud.Inventory, p publish.Proposal) planJSON {
	out := planJSON{
		ID: p.Plan.ID, Gateway: p.Gateway.Name, Summary: p.Plan.Summary(), Empty: p.Plan.Empty(),
		Forwards: []itemJSON{}, Changes: p.Plan.Changes(), Warnings: orEmpty(p.Plan.Warnings), Quota: []quotaJSON{},
	}
	for _, i := range p.Items {
		out.Forwards = append(out.Forwards, itemJSON{Action: actionWord(i.Action), forwardJSON: newForwardJSON(inv, i.Forward)})
	}
	for _, q := range p.Quota {
		line := quotaJSON{Name: q.Name, Before: q.Before, After: q.After}
		if q.Known {
			line.Max = &q.Max
		}
		out.Quota = append(out.Quota, line)
	}
	return out
}

func newProbeJSON(inv cloud.Inventory, f gateway.Forward, r probe.Result, login publish.Login) probeJSON {
	out := probeJSON{
		forwardJSON: newForwardJSON(inv, f), Outcome: r.Outcome, Detail: r.Detail,
	}
	out.LatencyMS = milliseconds(r.Latency)
	if f.Service.Name == "ssh" {
		out.SSH = publish.SSHCommand(f, login)
	}
	return out
}

// milliseconds is null where nothing answered.
func milliseconds(latency time.Duration) *float64 {
	if latency <= 0 {
		return nil
	}
	ms := float64(latency.Round(10*time.Microsecond)) / float64(time.Millisecond)
	return &ms
}

func newErrorJSON(err error) *errorJSON {
	x := cloud.Explain(err)
	return &errorJSON{What: x.What, Why: x.Why, Next: x.Next, Kind: cloud.KindOf(err).String()}
}

func actionWord(a plan.Action) string {
	if a == 0 {
		return "="
	}
	return string(a)
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
