package main

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

func TestReachable(t *testing.T) {
	forwards := published("id", "vm", 30033).Forwards
	private := []netip.Addr{netip.MustParseAddr("192.168.0.33")}
	down := &gateway.Error{Kind: gateway.Unreachable, Err: errors.New("no route")}
	none := &gateway.Error{Kind: gateway.NotFound, Err: errors.New("no floating IP")}
	tests := []struct {
		name, status string
		row          publish.InstanceRow
		why          error
		want         string
	}{
		{"published", "ACTIVE", publish.InstanceRow{Private: private, Forwards: forwards}, nil, "ssh 30033"},
		{"published and off", "SHUTOFF", publish.InstanceRow{Private: private, Forwards: forwards}, nil, "ssh 30033 (off)"},
		{"private", "ACTIVE", publish.InstanceRow{Private: private}, nil, "private"},
		{"private and off", "SHUTOFF", publish.InstanceRow{Private: private}, nil, "private"},
		{"no address", "ERROR", publish.InstanceRow{}, nil, "no address"},
		{"gateway down", "ACTIVE", publish.InstanceRow{Private: private}, down, "unknown"},
		{"no gateway", "ACTIVE", publish.InstanceRow{Private: private}, none, "private"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.row.Instance.Status = tt.status
			if got := ansi.Strip(reachable(view{why: tt.why}, tt.row)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStatusText(t *testing.T) {
	tests := []struct {
		instance cloud.Instance
		want     string
	}{
		{cloud.Instance{Status: "ACTIVE"}, "active"},
		{cloud.Instance{Status: "SHUTOFF"}, "shut off"},
		{cloud.Instance{Status: "BUILD", TaskState: "spawning"}, "building"},
		{cloud.Instance{Status: "ACTIVE", TaskState: "powering-off"}, "active (powering off)"},
		{cloud.Instance{Status: "SOME_THING"}, "some thing"},
	}
	for _, tt := range tests {
		if got := ansi.Strip(statusText(tt.instance)); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.instance, got, tt.want)
		}
	}
}

// Who did not answer has no latency; the words are those of the console.
func TestProbeForms(t *testing.T) {
	f := published("id", "vm", 30033).Forwards[0]
	tests := []struct {
		result     probe.Result
		word, json string
	}{
		{probe.Result{Outcome: probe.OK, Latency: 12 * time.Millisecond}, "✓ 12 ms", `"latency_ms":12,`},
		{probe.Result{Outcome: probe.Timeout}, "✗ timed out", `"latency_ms":null,`},
		{probe.Result{Outcome: probe.Refused, Latency: time.Millisecond}, "✗ refused", `"latency_ms":1,`},
		{probe.Result{Outcome: probe.Unknown}, "? unknown", `"latency_ms":null,`},
	}
	for _, tt := range tests {
		if got := ansi.Strip(outcome(tt.result)); got != tt.word {
			t.Errorf("got %q, want %q", got, tt.word)
		}
		text, err := json.Marshal(newProbeJSON(cloud.Inventory{}, f, tt.result, publish.Login{}))
		if err != nil || !strings.Contains(string(text), tt.json) {
			t.Errorf("%s: no %s in %s (%v)", tt.word, tt.json, text, err)
		}
	}
}
