//go:build lab

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLab is the main job on a real OpenStack, in the order an operator would do it.
func TestLab(t *testing.T) {
	if os.Getenv("PORTICO_LAB") == "" {
		t.Skip("PORTICO_LAB is not set: run by .ci/run inside the lab")
	}
	l := newLab(t)
	l.run(nil, l.bin, "withdraw", "target", "--yes") // what an interrupted run may have left
	foreign := `iptables -t nat -N DOCKER; iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80; iptables -P FORWARD DROP
iptables -A FORWARD -s 172.17.0.0/16 -m comment --comment "it's not Portico's" -j ACCEPT`
	if !strings.Contains(l.inside("gw", "iptables-save"), "172.17.0.2") {
		l.inside("gw", foreign)
	}
	steps := []struct {
		name string
		run  func(*testing.T, *lab)
	}{
		{"lists agree with openstack", labLists},
		{"errors change nothing", labErrors},
		{"publish, use, withdraw", labPublish},
		{"by hand, as the plan says", labByHand},
		{"console by keys", labConsole},
		{"survives a reboot", labReboot},
	}
	for _, s := range steps {
		if !t.Run(s.name, func(t *testing.T) { in := *l; in.t = t; s.run(t, &in) }) {
			break
		}
	}
}

func labLists(t *testing.T, l *lab) {
	type server struct{ ID, Name, Status string }
	var servers []server
	decode(t, l.openstack("server", "list", "-f", "json"), &servers)
	var fips []map[string]any
	decode(t, l.openstack("floating", "ip", "list", "-f", "json"), &fips)
	for _, cloud := range []string{"demo", "demo-app"} {
		var got struct{ Instances []instanceJSON }
		decode(t, l.portico(nil, "list", "--json", "--cloud", cloud).out, &got)
		var have []server
		for _, i := range got.Instances {
			have = append(have, server{i.ID, i.Name, i.Status})
		}
		byID := func(a, b server) int { return strings.Compare(a.ID, b.ID) }
		slices.SortFunc(servers, byID)
		slices.SortFunc(have, byID)
		if diff := cmp.Diff(servers, have); diff != "" {
			t.Errorf("cloud %s: instances: %s", cloud, diff)
		}
		var addresses struct {
			FloatingIPs []floatingIPJSON `json:"floating_ips"`
		}
		decode(t, l.portico(nil, "floatingips", "--json", "--cloud", cloud).out, &addresses)
		var want, listed []string
		for _, f := range fips {
			want = append(want, fmt.Sprint(f["ID"], f["Floating IP Address"], orNone(f["Fixed IP Address"])))
		}
		for _, f := range addresses.FloatingIPs {
			listed = append(listed, fmt.Sprint(f.ID, f.Address, f.FixedIP))
		}
		slices.Sort(want)
		slices.Sort(listed)
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Errorf("cloud %s: floating IPs: %s", cloud, diff)
		}
	}
}

func labPublish(t *testing.T, l *lab) {
	before := l.state()
	if r := l.ssh(l.port(30000)); r.code == 0 || !strings.Contains(r.err, "timed out") {
		t.Fatalf("before publishing, ssh should time out: %+v", r)
	}
	var planned planJSON
	decode(t, l.portico(nil, "plan", "target", "--service", "ssh,http", "--json").out, &planned)
	if diff := cmp.Diff(before, l.state(), cmp.AllowUnexported(labState{})); diff != "" {
		t.Fatal("planning changed something:", diff)
	}
	if r := l.portico(nil, "publish", "target", "--service", "ssh,http", "--yes"); r.code != 0 {
		t.Fatalf("publish: exit %d", r.code)
	}
	labUse(t, l)
	labGroups(t, l, planned)
	standing := l.state()
	debug := l.home + "/debug"
	r := l.portico(nil, "publish", "target", "--service", "ssh,http", "--yes", "--debug", debug)
	if r.code != 0 || !strings.Contains(r.out, "No changes") {
		t.Errorf("a second publish: exit %d", r.code)
	}
	for _, call := range writeCalls(t, debug) {
		t.Errorf("a second publish wrote: %s", call)
	}
	if diff := cmp.Diff(standing, l.state(), cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("a second publish changed something:", diff)
	}
	if r := l.portico(nil, "withdraw", "target", "--yes"); r.code != 0 {
		t.Fatalf("withdraw: exit %d", r.code)
	}
	if r := l.ssh(l.port(30000)); r.code == 0 {
		t.Error("after withdrawing, ssh still works")
	}
	if diff := cmp.Diff(before, l.state(), cmp.AllowUnexported(labState{})); diff != "" {
		t.Error("something is left, or something foreign has changed:", diff)
	}
}

// labUse logs in and fetches the page, as a user does.
func labUse(t *testing.T, l *lab) {
	t.Helper()
	if r := l.ssh(l.port(30000)); r.code != 0 || strings.TrimSpace(r.out) != "target" {
		t.Errorf("ssh does not reach the VM: %+v", r)
	}
	page := l.run(nil, "curl", "-sS", "-m", "5", fmt.Sprintf("http://%s:%d/", l.gw.Floating[0], l.port(31000)))
	t.Logf("$ curl http://%s:%d/\n%s", l.gw.Floating[0], l.port(31000), page.out)
	if !strings.Contains(page.out, "target") {
		t.Errorf("curl does not get the VM's page: %+v", page)
	}
	words := strings.Fields(l.portico(nil, "ssh", "target", "--print").out)
	want := []string{"ssh", "-p", fmt.Sprint(l.port(30000)), "-i", "~/.ssh/id_ed25519", os.Getenv("OSLAB_VM_USER") + "@" + l.gw.Floating[0]}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Error("the ssh command:", diff)
	}
}

// labGroups compares the rules that Neutron holds with those the plan showed.
func labGroups(t *testing.T, l *lab, planned planJSON) {
	t.Helper()
	var want, have []string
	for _, c := range planned.Changes {
		if group, ok := strings.CutPrefix(c.Target, "security group "); ok && strings.HasPrefix(c.ID, "rule-") {
			want = append(want, group+": "+strings.Join(c.After, ""))
		}
	}
	for _, group := range []string{"portico-gw", "portico-from-gw"} {
		var rules []map[string]any
		decode(t, l.openstack("security", "group", "rule", "list", "--ingress", "--long", "-f", "json", group), &rules)
		for _, r := range rules {
			remote := fmt.Sprintf("remote %v", r["IP Range"])
			if r["Remote Security Group"] != nil {
				remote = "remote group " + strings.TrimSpace(l.openstack("security", "group", "show", "-f", "value", "-c", "name", fmt.Sprint(r["Remote Security Group"])))
			}
			have = append(have, fmt.Sprintf("%s: %v %v %v %v %s", group, r["Direction"], r["Ethertype"], r["IP Protocol"], r["Port Range"], remote))
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error("security group rules are not those of the plan:", diff)
	}
	t.Logf("security group rules, as planned and as Neutron has them:\n%s", strings.Join(have, "\n"))
}

func labReboot(t *testing.T, l *lab) {
	if r := l.portico(nil, "publish", "target", "--service", "ssh,http", "--yes"); r.code != 0 {
		t.Fatalf("publish: exit %d", r.code)
	}
	l.must(l.oslab, "reboot", "gw")
	eventually(t, func() bool { return l.ssh(l.port(30000)).code == 0 })
	labUse(t, l)
	if r := l.portico(nil, "plan", "target", "--service", "ssh,http", "--exit-code"); r.code != 0 {
		t.Errorf("after a reboot there is something to do: exit %d", r.code)
	}
	if r := l.portico(nil, "withdraw", "target", "--yes"); r.code != 0 {
		t.Errorf("withdraw: exit %d", r.code)
	}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
}

func orNone(v any) any {
	if v == nil {
		return ""
	}
	return v
}
