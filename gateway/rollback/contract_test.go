package rollback

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
)

// rig is a gateway under test.
type rig struct {
	run    gateway.Runner
	shell  func(t *testing.T, script string) string // as another operator on the same host
	reboot func(t *testing.T)                       // nil where it cannot be
}

var ourFiles = []string{"/etc/portico/rules.v4", "/etc/sysctl.d/60-portico.conf"}

// contract is what arming must do on every gateway.
func contract(t *testing.T, newRig func(t *testing.T) rig) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, rig){
		"a change nobody confirms is put back": contractExpire,
		"a confirmed change stands":            contractDisarm,
		"a withdrawal is put back too":         contractWithdraw,
		"only one may be armed":                contractHeld,
		"a stale plan arms nothing":            contractStale,
		"what comes too late changes nothing":  contractLate,
		"undoing ends doing":                   contractUndoing,
		"renewing gives more time":             contractRenew,
		"a reboot puts back":                   contractReboot,
		"what was taken over is put back":      contractTaken,
		"a silent console holds nothing":       contractStalled,
		"a confirmation may be cut short":      contractCutShort,
		"time counts from this boot":           contractOtherBoot,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, newRig(t)) })
	}
}

func newSwitch(r rig) *Switch {
	gw := gateway.Gateway{Name: "gw-1", FixedIP: netip.MustParseAddr("192.168.0.4")}
	return &Switch{Gateway: gw, Runner: r.run, Files: ourFiles}
}

func record(id, by string) history.Record {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	return history.Record{Version: 1, ID: history.NewID(at, id), By: by, At: at, Gateway: "gw-1", Title: "publish vm: ssh", Result: history.Applying,
		Changes: []plan.Change{{ID: "rules-nat", Target: "gw-1 iptables nat", Title: "add 3 rules", Action: plan.Create}}}
}

func sums(t *testing.T, r rig) Sums {
	t.Helper()
	s := func(table string) string {
		return strings.Fields(r.shell(t, "iptables-save -t "+table+` | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//' | sha256sum`))[0]
	}
	files := r.shell(t, "cat "+strings.Join(ourFiles, " ")+" 2>/dev/null | sha256sum")
	return Sums{NAT: s("nat"), Filter: s("filter"), Files: strings.Fields(files)[0]}
}

func arm(t *testing.T, r rig, id string, window time.Duration) *Lease {
	t.Helper()
	was := sums(t, r)
	l, err := newSwitch(r).Arm(context.Background(), record(id, "ada@laptop"), window, was)
	if err != nil {
		t.Fatal("arm:", err, cloud.Explain(err))
	}
	return l
}

const foreign = `iptables -w -t nat -N DOCKER
iptables -w -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -w -t nat -A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
iptables -w -t nat -A POSTROUTING -s 172.17.0.0/16 -m comment --comment "it's \"docker\"" -j MASQUERADE
iptables -w -P FORWARD DROP
iptables -w -A FORWARD -s 172.17.0.0/16 -j ACCEPT`

// publish makes by hand what a publish makes, withdraw takes it away.
const (
	publish = `iptables -w -t nat -N PORTICO-PREROUTING
iptables -w -t nat -N PORTICO-TCP-30000-30015
iptables -w -t nat -A PORTICO-PREROUTING -p tcp -m tcp --dport 30000:30015 -g PORTICO-TCP-30000-30015
iptables -w -t nat -A PORTICO-TCP-30000-30015 -d 192.168.0.4/32 -p tcp -m tcp --dport 30011 -m comment --comment "portico v1 vm=x svc=ssh" -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -I PREROUTING 1 -j PORTICO-PREROUTING
iptables -w -N PORTICO-FORWARD
iptables -w -A PORTICO-FORWARD -m conntrack --ctstate DNAT -j ACCEPT
iptables -w -I FORWARD 1 -j PORTICO-FORWARD
mkdir -p /etc/portico; echo rules >/etc/portico/rules.v4; echo "net.ipv4.ip_forward = 1" >/etc/sysctl.d/60-portico.conf
sysctl -q -w net.ipv4.ip_forward=1`
	withdraw = `iptables -w -t nat -D PREROUTING -j PORTICO-PREROUTING
iptables -w -D FORWARD -j PORTICO-FORWARD
iptables -w -t nat -F PORTICO-PREROUTING
iptables -w -t nat -F PORTICO-TCP-30000-30015
iptables -w -t nat -X PORTICO-PREROUTING
iptables -w -t nat -X PORTICO-TCP-30000-30015
iptables -w -F PORTICO-FORWARD
iptables -w -X PORTICO-FORWARD
rm -f /etc/portico/rules.v4 /etc/sysctl.d/60-portico.conf`
)

// whole is all that a rollback must put back, in one text.
func whole(t *testing.T, r rig) string {
	t.Helper()
	text := r.shell(t, `iptables-save -t nat; iptables-save -t filter; cat /proc/sys/net/ipv4/ip_forward
for f in `+strings.Join(ourFiles, " ")+`; do if [ -e $f ]; then echo "$f:"; cat $f; fi; done`)
	// Chains are listed in the order in which they were made.
	lines := strings.Split(regexp.MustCompile(`(?m)^#.*\n| \[\d+:\d+\]$`).ReplaceAllString(text, ""), "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		if strings.HasPrefix(a, ":") && strings.HasPrefix(b, ":") {
			return strings.Compare(a, b)
		}
		return 0
	})
	return strings.Join(lines, "\n")
}

func status(t *testing.T, r rig) (*gateway.Armed, []gateway.RolledBack) {
	t.Helper()
	return ParseStatus(r.shell(t, StatusScript))
}

// untilIdle waits until nothing is armed.
func untilIdle(t *testing.T, r rig) []gateway.RolledBack {
	t.Helper()
	for range 300 {
		if armed, back := status(t, r); armed == nil {
			return back
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("still armed: " + r.shell(t, "ls -la /var/lib/portico/armed; cat /var/lib/portico/armed/deadline /proc/uptime"))
	return nil
}

func contractExpire(t *testing.T, r rig) {
	r.shell(t, foreign)
	before := whole(t, r)
	arm(t, r, "aaa", 2*time.Second)
	if armed, _ := status(t, r); armed == nil || armed.By != "ada@laptop" || armed.At.IsZero() || armed.Left > 2*time.Second {
		t.Fatalf("status: %+v", armed)
	}
	r.shell(t, publish)
	back := untilIdle(t, r)
	if diff := cmp.Diff(before, whole(t, r)); diff != "" {
		t.Error("not as before:", diff)
	}
	if got := r.shell(t, "find /var/lib/portico -perm /077 -name '*' | grep -v '^/var/lib/portico$' || true"); got != "" {
		t.Errorf("readable by others: %s", got)
	}
	noted(t, r, back)
}

// noted: what was put back is told until somebody has seen to it, and stays in the history.
func noted(t *testing.T, r rig, back []gateway.RolledBack) {
	t.Helper()
	if len(back) != 1 || !back[0].Whole || back[0].By != "ada@laptop" || back[0].Back.IsZero() || back[0].Why == "" {
		t.Fatalf("note: %+v", back)
	}
	if err := newSwitch(r).Acknowledge(context.Background(), back[0].ID); err != nil {
		t.Error(err)
	}
	if _, back := status(t, r); len(back) != 0 {
		t.Errorf("still noted: %+v", back)
	}
	h, err := newSwitch(r).History(context.Background())
	if err != nil || len(h) != 1 || h[0].Result != history.RolledBack || h[0].Title != "publish vm: ssh" {
		t.Errorf("history: %+v, %v", h, err)
	}
}

func contractDisarm(t *testing.T, r rig) {
	r.shell(t, foreign)
	l := arm(t, r, "aaa", 20*time.Second)
	r.shell(t, publish)
	after := whole(t, r)
	rec := record("aaa", "ada@laptop")
	rec.Result = history.Applied
	for range 2 { // the answer to the first may have been lost, together with what is not on a disk
		if err := l.Disarm(context.Background(), rec); err != nil {
			t.Fatal(err)
		}
		if armed, back := status(t, r); armed != nil || len(back) > 0 {
			t.Errorf("status: %+v %+v", armed, back)
		}
		r.shell(t, "rm -f /run/portico.confirmed")
	}
	if diff := cmp.Diff(after, whole(t, r)); diff != "" {
		t.Error("changed by disarming:", diff)
	}
	if h, err := newSwitch(r).History(context.Background()); err != nil || len(h) != 1 || h[0].Result != history.Applied {
		t.Errorf("history: %+v, %v", h, err)
	}
	if got := r.shell(t, "ls /etc/systemd/system /etc/systemd/system/*.wants 2>/dev/null | grep portico || true"); got != "" {
		t.Errorf("units are left: %s", got)
	}
	if err := l.Renew(context.Background()); cloud.KindOf(err) != gateway.Stale {
		t.Errorf("renewing what is over: %v", err)
	}
}

func contractWithdraw(t *testing.T, r rig) {
	r.shell(t, foreign)
	r.shell(t, publish)
	before := whole(t, r)
	l := arm(t, r, "aaa", 30*time.Second)
	r.shell(t, withdraw)
	r.shell(t, "iptables -w -t nat -I PREROUTING 1 -p tcp -m tcp --dport 99 -j ACCEPT") // somebody else's, meanwhile
	if err := l.Fire(context.Background(), "a test says so"); err != nil {
		t.Fatal(err)
	}
	r.shell(t, "iptables -w -t nat -D PREROUTING -p tcp -m tcp --dport 99 -j ACCEPT")
	if diff := cmp.Diff(before, whole(t, r)); diff != "" {
		t.Error("not as before:", diff)
	}
}

func contractHeld(t *testing.T, r rig) {
	l := arm(t, r, "aaa", 30*time.Second)
	was := sums(t, r)
	_, err := newSwitch(r).Arm(context.Background(), record("bbb", "eve@desk"), 30*time.Second, was)
	var held *HeldError
	if cloud.KindOf(err) != gateway.Conflict || !errors.As(err, &held) || held.By != "ada@laptop" || held.Left <= 0 || held.ID != l.ID {
		t.Fatalf("got %v (%+v)", err, held)
	}
	if err := l.Disarm(context.Background(), record("aaa", "ada@laptop")); err != nil {
		t.Fatal(err)
	}
	if _, err = newSwitch(r).Arm(context.Background(), record("bbb", "eve@desk"), 30*time.Second, was); err != nil {
		t.Fatal(err)
	}
}

func contractStale(t *testing.T, r rig) {
	was := sums(t, r)
	r.shell(t, foreign)
	_, err := newSwitch(r).Arm(context.Background(), record("aaa", "ada@laptop"), 30*time.Second, was)
	if cloud.KindOf(err) != gateway.Stale {
		t.Fatalf("got %v", err)
	}
	if armed, back := status(t, r); armed != nil || len(back) > 0 {
		t.Errorf("status: %+v %+v", armed, back)
	}
}

func contractLate(t *testing.T, r rig) {
	l := arm(t, r, "aaa", 30*time.Second)
	if err := l.Fire(context.Background(), "a test says so"); err != nil {
		t.Fatal(err)
	}
	res, err := r.run.Run(context.Background(), Guarded(With(context.Background(), l.ID), gateway.Command{Args: []string{"touch", "/etc/portico/late"}}))
	if err != nil || res.Exit != Lost {
		t.Fatalf("exit %d, %v", res.Exit, err)
	}
	r.shell(t, "test ! -e /etc/portico/late")
	if err := l.Disarm(context.Background(), record("aaa", "ada@laptop")); cloud.KindOf(err) != gateway.Stale {
		t.Errorf("confirming too late: %v", err)
	}
}

func contractUndoing(t *testing.T, r rig) {
	l := arm(t, r, "aaa", 30*time.Second)
	do := With(context.Background(), l.ID)
	for i, c := range []struct {
		ctx  context.Context
		exit int
	}{{do, 0}, {Undoing(do), 0}, {do, Lost}, {Undoing(do), 0}} {
		res, err := r.run.Run(context.Background(), Guarded(c.ctx, gateway.Command{Args: []string{"true"}}))
		if err != nil || res.Exit != c.exit {
			t.Errorf("command %d: exit %d, %v; want %d", i, res.Exit, err, c.exit)
		}
	}
	if err := l.Renew(context.Background()); err != nil {
		t.Error(err)
	}
	if err := l.Disarm(context.Background(), record("aaa", "ada@laptop")); err != nil {
		t.Error(err)
	}
}

func contractRenew(t *testing.T, r rig) {
	l := arm(t, r, "aaa", 2*time.Second)
	r.shell(t, publish)
	after := whole(t, r)
	for range 5 {
		time.Sleep(700 * time.Millisecond)
		if err := l.Renew(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(after, whole(t, r)); diff != "" {
		t.Error("put back although renewed:", diff)
	}
	untilIdle(t, r)
	if whole(t, r) == after {
		t.Error("not put back in the end")
	}
}

func contractReboot(t *testing.T, r rig) {
	if r.reboot == nil {
		return // a namespace is never started again; the emulated gateway and the lab's are
	}
	const list = "ls /etc/portico /etc/sysctl.d 2>/dev/null || true"
	before := r.shell(t, list)
	arm(t, r, "aaa", time.Hour)
	r.shell(t, publish)
	r.reboot(t)
	back := untilIdle(t, r)
	if len(back) != 1 || !strings.Contains(back[0].Why, "started again") {
		t.Errorf("note: %+v", back)
	}
	if diff := cmp.Diff(before, r.shell(t, list)); diff != "" {
		t.Error("files are left:", diff)
	}
	if got := strings.TrimSpace(r.shell(t, "cat /proc/sys/net/ipv4/ip_forward")); got != "0" {
		t.Errorf("ip_forward is %s", got)
	}
}
