package openstack

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"portico/cloud"
	"portico/cloud/emulator"
)

func TestConsoleLogErrors(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   string
		kind   cloud.Kind
	}{
		{"overlong", http.StatusOK, strings.Repeat("x", maxConsole) + "end", strings.Repeat("x", maxConsole-3) + "end", 0},
		{"not allowed", http.StatusForbidden, `{"forbidden": {"message": "Policy doesn't allow it"}}`, "", cloud.Permission},
		{"gone", http.StatusNotFound, `{"itemNotFound": {"message": "Instance could not be found"}}`, "", cloud.NotFound},
		{"not booted", http.StatusConflict, `{"conflictingRequest": {"message": "Instance not yet ready"}}`, "", cloud.Conflict},
		{"no such hypervisor", http.StatusNotImplemented, `{"notImplemented": {"message": "Unable to get console log"}}`, "", cloud.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			if tt.status == http.StatusOK {
				body, err := json.Marshal(object{"output": tt.body})
				if err != nil {
					t.Fatal(err)
				}
				tt.body = string(body)
			}
			f.inject(fault{path: "/compute/v2.1/servers/vm1/action", times: 1, status: tt.status, body: tt.body, header: map[string]string{"Content-Type": "application/json"}})
			got, err := f.connect(t).ConsoleLog(t.Context(), "vm1", 0)
			if got != tt.want {
				t.Errorf("got %d bytes, want %d", len(got), len(tt.want))
			}
			if failed := tt.status >= 400; (err != nil) != failed || failed && cloud.KindOf(err) != tt.kind {
				t.Errorf("error %v of kind %s, want %s", err, cloud.KindOf(err), tt.kind)
			}
		})
	}
}

func TestConsoleLog(t *testing.T) {
	c, err := emulator.StartDemo(emulator.Demo{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.SetConsole(func(id string) string { return "first of " + id + "\r\n\x1b[31mlast\n" })
	env := map[string]string{}
	for _, line := range c.Env() {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	environment(t, env)
	client, err := Connect(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	id := emulator.ID("server", emulator.DemoWeb)
	for lines, want := range map[int]string{0: "first of " + id + "\r\n\x1b[31mlast\n", 1: "\x1b[31mlast\n"} {
		if got, err := client.ConsoleLog(t.Context(), id, lines); err != nil || got != want {
			t.Errorf("%d lines: %q, %v; want %q", lines, got, err, want)
		}
	}
	if _, err := client.ConsoleLog(t.Context(), "nobody", 0); cloud.KindOf(err) != cloud.NotFound {
		t.Errorf("no such instance: %v", err)
	}
}
