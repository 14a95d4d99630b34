//go:build lab

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// The lab's APIs, as its README has them. Plain requests are several times quicker than the
// openstack client, which takes seconds to start.
const (
	labKeystone = "http://127.0.0.1:5000/v3"
	labNova     = "http://127.0.0.1:8774/v2.1"
	labNeutron  = "http://127.0.0.1:9696/v2.0"
)

// labAPI speaks to the lab's OpenStack as the user demo, who is no admin.
type labAPI struct {
	t      *testing.T
	token  string
	client *http.Client
}

type object = map[string]any

func newLabAPI(t *testing.T) *labAPI {
	t.Helper()
	transport := &http.Transport{}
	a := &labAPI{t: t, client: &http.Client{Transport: transport}}
	t.Cleanup(transport.CloseIdleConnections)
	domain := object{"name": "Default"}
	header, _ := a.request(http.MethodPost, labKeystone+"/auth/tokens", object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{"name": "demo", "password": "lab", "domain": domain}}},
		"scope":    object{"project": object{"name": "demo", "domain": domain}},
	}}, nil)
	if a.token = header.Get("X-Subject-Token"); a.token == "" {
		t.Fatal("Keystone gives no token")
	}
	return a
}

// request makes a request and returns its headers and its status. An answer in JSON goes to out.
func (a *labAPI) request(method, url string, body, out any) (http.Header, int) {
	a.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			a.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, url, bytes.NewReader(text))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", a.token)
	r, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			a.t.Fatalf("%s %s: %s", method, url, answer)
		}
	}
	return r.Header, r.StatusCode
}

// must is a request that has to succeed.
func (a *labAPI) must(method, url string, body, out any) {
	a.t.Helper()
	if _, code := a.request(method, url, body, out); code >= 300 {
		a.t.Fatalf("%s %s: status %d", method, url, code)
	}
}

// group is a security group's ID by its name.
func (a *labAPI) group(name string) string {
	a.t.Helper()
	var out struct {
		Groups []struct{ ID string } `json:"security_groups"`
	}
	a.must(http.MethodGet, labNeutron+"/security-groups?name="+name, nil, &out)
	if len(out.Groups) != 1 {
		a.t.Fatalf("%d groups are named %s", len(out.Groups), name)
	}
	return out.Groups[0].ID
}

// removeRules removes the rules of a group that let TCP in, and says how many it were.
func (a *labAPI) removeRules(group string) int {
	a.t.Helper()
	var out struct {
		Rules []struct{ ID string } `json:"security_group_rules"`
	}
	a.must(http.MethodGet, labNeutron+"/security-group-rules?direction=ingress&protocol=tcp&security_group_id="+a.group(group), nil, &out)
	for _, r := range out.Rules {
		a.must(http.MethodDelete, labNeutron+"/security-group-rules/"+r.ID, nil, nil)
	}
	return len(out.Rules)
}

// portGroups are the IDs of a VM's port and of its security groups.
func (a *labAPI) portGroups(vm labVM) (port string, groups []string) {
	a.t.Helper()
	var out struct {
		Ports []struct {
			ID     string
			Groups []string `json:"security_groups"`
		}
	}
	a.must(http.MethodGet, labNeutron+"/ports?device_id="+vm.ID, nil, &out)
	if len(out.Ports) != 1 {
		a.t.Fatalf("%s has %d ports", vm.Name, len(out.Ports))
	}
	return out.Ports[0].ID, out.Ports[0].Groups
}

func (a *labAPI) setPortGroups(port string, groups []string) {
	a.t.Helper()
	a.must(http.MethodPut, labNeutron+"/ports/"+port, object{"port": object{"security_groups": groups}}, nil)
}

// floatingIP is the ID of a floating IP, and of the port it is associated with.
func (a *labAPI) floatingIP(address string) (id, port string) {
	a.t.Helper()
	var out struct {
		FloatingIPs []struct {
			ID   string
			Port string `json:"port_id"`
		}
	}
	a.must(http.MethodGet, labNeutron+"/floatingips?floating_ip_address="+address, nil, &out)
	if len(out.FloatingIPs) != 1 {
		a.t.Fatalf("no floating IP %s", address)
	}
	return out.FloatingIPs[0].ID, out.FloatingIPs[0].Port
}

// power stops or starts a server and waits until Nova says so.
func (a *labAPI) power(vm labVM, action, status string) {
	a.t.Helper()
	a.must(http.MethodPost, labNova+"/servers/"+vm.ID+"/action", object{action: nil}, nil)
	a.waitStatus(vm, status)
}

func (a *labAPI) waitStatus(vm labVM, status string) {
	a.t.Helper()
	var out struct{ Server struct{ Status string } }
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if a.must(http.MethodGet, labNova+"/servers/"+vm.ID, nil, &out); out.Server.Status == status {
			return
		}
	}
	a.t.Fatalf("%s is %s, not %s", vm.Name, out.Server.Status, status)
}
