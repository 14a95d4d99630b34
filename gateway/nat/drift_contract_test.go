package nat

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/netfilter"
	"portico/gateway/plan"
)

// driftContract is the part of the contract that is about what plans did not make.
var driftContract = map[string]func(*testing.T, rig){
	"drift is listed and repaired":            contractRepair,
	"emptied chains are filled again":         contractLost,
	"leftovers go when no forward stands":     contractLeftovers,
	"forwards made by hand are adopted":       contractAdopt,
	"a failed adoption gives everything back": contractAdoptUndo,
	"what is adopted does not come back":      contractKept,
	"what cannot be adopted says why":         contractUnfit,
	"the script of a gateway is adopted":      contractScript,
}

// hand runs a script as the operator did who made forwards by hand.
func hand(t *testing.T, r rig, script string) {
	t.Helper()
	r.shell(t, script)
}

func ofKind(s gateway.State, kind gateway.DriftKind) []string {
	var out []string
	for _, d := range s.Drift {
		if d.Kind == kind {
			out = append(out, d.Where+": "+d.Line)
		}
	}
	return out
}

func contractRepair(t *testing.T, r rig) {
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22), forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)}
	apply(t, r, p, want)
	if s := observe(t, r, p); len(s.Drift) > 0 || len(s.Warnings) > 0 {
		t.Fatalf("drift right after an apply: %v %v", s.Drift, s.Warnings)
	}
	r.shell(t, `iptables -w -t nat -A PORTICO-TCP-30000-30015 -p tcp -m tcp --dport 30013 -j DNAT --to-destination 192.168.0.13:22
iptables -w -t nat -N PORTICO-OLD
iptables -w -D FORWARD -j PORTICO-FORWARD
rm `+pathRules+`
sysctl -q -w net.ipv4.ip_forward=0`)
	if err := p.SetPortGroups(context.Background(), "port-vm2", []string{"sg-default"}, mustPort(t, p, "port-vm2").Revision); err != nil {
		t.Fatal(err)
	}
	s := observe(t, r, p)
	if diff := cmp.Diff([]string{
		"gw-1 iptables nat: -A PORTICO-TCP-30000-30015 -p tcp -m tcp --dport 30013 -j DNAT --to-destination 192.168.0.13:22",
		"gw-1 iptables nat: :PORTICO-OLD - [0:0]",
	}, ofKind(s, gateway.Strange)); diff != "" {
		t.Error("strange:", diff)
	}
	if diff := cmp.Diff([]string{
		"gw-1 iptables filter: -A FORWARD -j PORTICO-FORWARD", "gw-1 sysctl: net.ipv4.ip_forward = 1", "gw-1 files: " + pathRules,
		"port of vm2: carry the group portico-from-gw-1",
	}, ofKind(s, gateway.Missing)); diff != "" {
		t.Error("missing:", diff)
	}
	apply(t, r, p, s.Forwards)
	if s := observe(t, r, p); len(s.Drift) > 0 {
		t.Errorf("drift after a repair: %v", s.Drift)
	}
}

// contractLost: what is kept for the next boot says what stood, when somebody empties the chains.
func contractLost(t *testing.T, r rig) {
	p := newProject()
	want := []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22, "198.51.100.0/24"), forward(vm2ID, "192.168.0.12", "ssh", 30012, 22)}
	apply(t, r, p, want)
	before := r.shell(t, "iptables-save")
	r.shell(t, "iptables -w -t nat -F; iptables -w -F PORTICO-FORWARD")
	s := observe(t, r, p)
	if len(s.Forwards) > 0 || !slices.EqualFunc(s.Lost, want, gateway.Forward.Equal) || len(ofKind(s, gateway.Strange)) > 0 || len(ofKind(s, gateway.Missing)) == 0 {
		t.Fatalf("forwards %v, lost %v, drift %v", s.Forwards, s.Lost, s.Drift)
	}
	r.shell(t, "iptables -w -t nat -A PREROUTING -p tcp -m tcp --dport 30012 -j DNAT --to-destination 192.168.0.77:22")
	if s := observe(t, r, p); len(s.Lost) != 1 || s.Lost[0].Public.Port() != 30011 {
		t.Errorf("a port that somebody took meanwhile is lost: %v", s.Lost)
	}
	r.shell(t, "iptables -w -t nat -D PREROUTING -p tcp -m tcp --dport 30012 -j DNAT --to-destination 192.168.0.77:22")
	apply(t, r, p, want)
	if s := observe(t, r, p); len(s.Lost) > 0 || len(s.Drift) > 0 {
		t.Errorf("after a repair: lost %v, drift %v", s.Lost, s.Drift)
	}
	sameForeign(t, before, r.shell(t, "iptables-save"))
}

func contractLeftovers(t *testing.T, r rig) {
	p := newProject()
	before := r.shell(t, "iptables-save")
	apply(t, r, p, []gateway.Forward{forward(vmID, "192.168.0.11", "ssh", 30011, 22)})
	r.shell(t, "iptables -w -t nat -F PORTICO-TCP-30000-30015; iptables -w -t nat -D PREROUTING -j PORTICO-PREROUTING; rm "+pathRules)
	s := observe(t, r, p)
	if len(s.Forwards) > 0 || len(ofKind(s, gateway.Strange)) == 0 || len(ofKind(s, gateway.Missing)) > 0 {
		t.Fatalf("forwards %v, drift %v", s.Forwards, s.Drift)
	}
	apply(t, r, p, nil)
	if s := observe(t, r, p); len(s.Drift) > 0 || len(p.inv.SecurityGroups) != 1 {
		t.Errorf("left: %v, %v", s.Drift, p.inv.SecurityGroups)
	}
	sameForeign(t, before, r.shell(t, "iptables-save"))
	if got := r.shell(t, "iptables-save"); strings.Contains(got, netfilter.Prefix) {
		t.Errorf("chains are left:\n%s", got)
	}
}

// byHand are forwards as the wiki's script makes them, one of them twice, among rules of others.
const byHand = `iptables -w -t nat -A PREROUTING -s 198.51.100.66/32 -p udp -j ACCEPT
iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -A POSTROUTING -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4
iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 31012 -j DNAT --to-destination 192.168.0.12:8080
iptables -w -t nat -A POSTROUTING -d 192.168.0.12/32 -p tcp -m tcp --dport 8080 -j SNAT --to-source 192.168.0.4
iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 30099 -j DNAT --to-destination 192.168.0.99:22
iptables -w -t nat -A POSTROUTING -d 192.168.0.99/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4
iptables -w -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport 30011 -j DNAT --to-destination 192.168.0.11:22
iptables -w -t nat -A POSTROUTING -d 192.168.0.11/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4
iptables -w -t nat -A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE`

// adoption plans to take over every forward made by hand that can be.
func adoption(t *testing.T, r rig, p *project) (plan.Plan, []gateway.Forward) {
	t.Helper()
	e := engineOn(r, p)
	e.Services, e.Adopt = []gateway.Service{{Name: "ssh", Protocol: gateway.TCP, Port: 22}}, map[gateway.Key]bool{}
	s, err := e.Observe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(s.Forwards)
	for _, d := range s.Drift {
		if d.Forward != nil && !e.Adopt[d.Forward.Key()] {
			e.Adopt[d.Forward.Key()] = true
			want = append(want, *d.Forward)
		}
	}
	gateway.SortForwards(want)
	pl, err := e.Plan(context.Background(), want, s)
	if err != nil {
		t.Fatal(err)
	}
	return pl, want
}

// endsAt is where a client's packet to a public port of the gateway goes, and with which source.
func endsAt(t *testing.T, save string, port uint16) (dst netip.AddrPort, src netip.Addr) {
	t.Helper()
	rules, err := netfilter.Parse(save)
	if err != nil {
		t.Fatal(err)
	}
	v := rules.Trace(netfilter.Packet{
		In: "ens3", Out: "ens3", Proto: "tcp", Src: netip.MustParseAddrPort("203.0.113.77:40000"), Dst: netip.AddrPortFrom(testGateway.FixedIP, port),
		Local: func(a netip.Addr) bool { return a == testGateway.FixedIP },
	})
	return v.Dst, v.Src.Addr()
}

// notOurs are the rules of a dump that have nothing to do with us.
func notOurs(save string) []string {
	var out []string
	for line := range strings.Lines(save) {
		if !strings.Contains(line, netfilter.Prefix) && strings.HasPrefix(line, "-A") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

func contractAdopt(t *testing.T, r rig) {
	p := newProject()
	hand(t, r, byHand)
	before := r.shell(t, "iptables-save")
	pl, want := adoption(t, r, p)
	var named []string
	for _, f := range want {
		named = append(named, f.String())
	}
	if diff := cmp.Diff([]string{"203.0.113.10:30011 -> 192.168.0.11:22 (ssh)", "203.0.113.10:31012 -> 192.168.0.12:8080 (tcp-8080)"}, named); diff != "" {
		t.Fatal(diff)
	}
	if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
		t.Fatalf("apply: %v (undo: %v)", report.Err, report.Undo)
	}
	after := r.shell(t, "iptables-save")
	for port, to := range map[uint16]string{30011: "192.168.0.11:22", 31012: "192.168.0.12:8080", 30099: "192.168.0.99:22"} {
		dst, src := endsAt(t, before, port)
		if got, from := endsAt(t, after, port); got != dst || from != src || got.String() != to {
			t.Errorf("port %d led to %v from %v, and now to %v from %v", port, dst, src, got, from)
		}
	}
	if diff := cmp.Diff([]string{
		"-A PREROUTING -s 198.51.100.66/32 -p udp -j ACCEPT",
		"-A PREROUTING -i ens3 -p tcp -m tcp --dport 30099 -j DNAT --to-destination 192.168.0.99:22",
		"-A POSTROUTING -d 192.168.0.99/32 -p tcp -m tcp --dport 22 -j SNAT --to-source 192.168.0.4",
		"-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE",
	}, notOurs(after)); diff != "" {
		t.Error("rules of others:", diff)
	}
	s := observe(t, r, p)
	if !slices.EqualFunc(s.Forwards, want, gateway.Forward.Equal) || len(s.Drift) != 1 || s.Drift[0].Why != "no instance has the address it leads to" {
		t.Errorf("forwards %v, drift %v", s.Forwards, s.Drift)
	}
	if again := planFor(t, r, p, want); !again.Empty() {
		t.Errorf("still to do: %v", again.Changes())
	}
}

// lossy runs commands, and loses the answer to a restore when told to.
type lossy struct {
	gateway.Runner
	lose bool
}

func (l *lossy) Run(ctx context.Context, c gateway.Command) (gateway.Result, error) {
	res, err := l.Runner.Run(ctx, c)
	if l.lose && slices.Contains(c.Args, applyScript) {
		return gateway.Result{}, errLost
	}
	return res, err
}

func contractAdoptUndo(t *testing.T, r rig) {
	for _, fail := range []string{"the last step", "a lost answer"} {
		t.Run(fail, func(t *testing.T) {
			p := newProject()
			r.shell(t, "iptables -w -t nat -F")
			hand(t, r, byHand+"\n"+`iptables-save -c -t nat | sed -e 's/^\[[0-9]*:[0-9]*\] -A PREROUTING -i/[7:420] -A PREROUTING -i/' | iptables-restore -c`)
			before := r.shell(t, "iptables-save -c -t nat")
			link := &lossy{Runner: r.run}
			r.run = link
			pl, _ := adoption(t, r, p)
			i := slices.IndexFunc(pl.Steps, func(s plan.Step) bool { return s.Change().ID == "rules-nat" })
			step := pl.Steps[i]
			link.lose = fail == "a lost answer"
			if err := step.Do(context.Background()); (err != nil) != link.lose {
				t.Fatal(err)
			}
			link.lose = false
			if save := r.shell(t, "iptables-save -t nat"); strings.Contains(save, "--dport 30011 -j DNAT") || !strings.Contains(save, netfilter.Prefix) {
				t.Fatalf("nothing was adopted:\n%s", save)
			}
			if err := step.Undo(context.Background()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stripCounters(before), stripCounters(r.shell(t, "iptables-save -c -t nat"))); diff != "" {
				t.Errorf("not byte-identical: %s", diff)
			}
		})
	}
}

func contractUnfit(t *testing.T, r rig) {
	p := newProject()
	apply(t, r, p, []gateway.Forward{forward(vm2ID, "192.168.0.12", "ssh", 30050, 22)})
	rules := map[string]string{
		"PREROUTING -p tcp -m tcp --dport 30020:30022 -j DNAT --to-destination 192.168.0.11:22":              "several ports to one",
		"PREROUTING -p tcp -m multiport --dports 30023,30024 -j DNAT --to-destination 192.168.0.11:22":       "several ports",
		"PREROUTING -i ens9 -p tcp -m tcp --dport 30025 -j DNAT --to-destination 192.168.0.11:22":            "it is for the interface ens9",
		"PREROUTING ! -s 10.0.0.0/8 -p tcp -m tcp --dport 30026 -j DNAT --to-destination 192.168.0.11:22":    "negated",
		"PREROUTING -d 203.0.113.9/32 -p tcp -m tcp --dport 30027 -j DNAT --to-destination 192.168.0.11:22":  "another address",
		"PREROUTING -p tcp -m tcp --dport 30028 -j DNAT --to-destination 192.168.0.77:22":                    "no instance",
		"PREROUTING -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.0.11:443":                     "below 1024",
		"PREROUTING -p tcp -m tcp --dport 30029 -j DNAT --to-destination 192.168.0.11-192.168.0.12:22":       "leads to a range",
		"PREROUTING -p tcp -m tcp --dport 30030 -j DNAT --to-destination 192.168.0.4:80":                     "gateway itself",
		"PREROUTING -p tcp -m tcp --dport 30031 -m mark --mark 0x1 -j DNAT --to-destination 192.168.0.11:22": "condition mark",
		"PREROUTING -p tcp -m tcp --dport 30050 -j DNAT --to-destination 192.168.0.11:22":                    "Portico's own forward",
		"PREROUTING -p tcp -m tcp --dport 30032 -j DNAT --to-destination 192.168.0.11:22":                    "sends the same port elsewhere",
		"PREROUTING -s 10.1.0.0/16 -p tcp -m tcp --dport 30032 -j DNAT --to-destination 192.168.0.12:22":     "sends the same port elsewhere",
		"OUTPUT -p tcp -m tcp --dport 30033 -j DNAT --to-destination 192.168.0.11:22":                        "makes itself",
		"DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80":              "another program",
		"PREROUTING -s 10.9.0.0/16 -p tcp -m tcp --dport 30034 -j DNAT --to-destination 192.168.0.11:22":     "stand before it",
		"PREROUTING -p udp -m udp --dport 30035 -j DNAT --to-destination 192.168.0.11:30035":                 "",
		"PREROUTING -d 192.168.0.4/32 -p tcp -m tcp --dport 30036 -j DNAT --to-destination 192.168.0.11:22":  "",
		"PREROUTING -s 10.2.0.0/16 -p tcp -m tcp --dport 30037 -j DNAT --to-destination 192.168.0.11":        "",
		"PREROUTING -s 10.3.0.0/16 -p tcp -m tcp --dport 30038 -j DNAT --to-destination 192.168.0.11:22":     "",
		"PREROUTING -s 10.4.0.0/16 -p tcp -m tcp --dport 30038 -j DNAT --to-destination 192.168.0.11:22":     "",
	}
	script := []string{"iptables -w -t nat -N DOCKER", "iptables -w -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER", "iptables -w -t nat -A PREROUTING -s 10.9.0.0/16 -p tcp --dport 30034 -j ACCEPT"}
	for line := range rules {
		script = append(script, "iptables -w -t nat -A "+line)
	}
	hand(t, r, strings.Join(script, "\n"))
	told := map[string]gateway.Drift{}
	for _, d := range observe(t, r, p).Drift {
		told[strings.TrimPrefix(d.Line, "-A ")] = d
	}
	for line, why := range rules {
		switch d, ok := told[line]; {
		case !ok || d.Kind != gateway.Foreign:
			t.Errorf("not told: %s", line)
		case why == "" && d.Forward == nil, why != "" && (d.Forward != nil || !strings.Contains(d.Why, why)):
			t.Errorf("%s: forward %v, because %q, want %q", line, d.Forward, d.Why, why)
		}
	}
	if len(told) != len(rules) {
		t.Errorf("%d rules are told of, want %d", len(told), len(rules))
	}
	if f := told["PREROUTING -s 10.3.0.0/16 -p tcp -m tcp --dport 30038 -j DNAT --to-destination 192.168.0.11:22"].Forward; f == nil || len(f.Sources) != 2 || !strings.HasPrefix(f.Service.Name, "tcp-22") {
		t.Errorf("two sources: %v", f)
	}
	e := engineOn(r, p)
	e.Adopt = map[gateway.Key]bool{{Protocol: gateway.TCP, Public: e.public(30020)}: true}
	state := observe(t, r, p)
	if _, err := e.Plan(context.Background(), state.Forwards, state); cloud.KindOf(err) != gateway.Invalid {
		t.Errorf("what is not fit is adopted: %v", err)
	}
}

// contractScript runs the wiki's script, twice, and takes over what leads to instances.
func contractScript(t *testing.T, r rig) {
	p := newProject()
	var lines []string
	lines = append(lines, "*nat")
	for range 2 {
		for n := 1; n <= 254; n++ {
			for _, s := range [][2]string{{"30", "22"}, {"31", "80"}, {"32", "443"}} {
				a, port := netip.AddrFrom4([4]byte{192, 168, 0, byte(n)}).String(), s[0]+threeDigits(n)
				lines = append(lines,
					"-A PREROUTING -i ens3 -p tcp -m tcp --dport "+port+" -j DNAT --to-destination "+a+":"+s[1],
					"-A POSTROUTING -d "+a+"/32 -p tcp -m tcp --dport "+s[1]+" -j SNAT --to-source 192.168.0.4")
			}
		}
	}
	hand(t, r, "true")
	restore := gateway.Command{Args: []string{"sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; iptables-restore --noflush"}, Stdin: []byte(strings.Join(append(lines, "COMMIT\n"), "\n"))}
	if res, err := r.run.Run(context.Background(), restore); err != nil || res.Exit != 0 {
		t.Fatalf("%v, exit %d: %s", err, res.Exit, res.Stderr)
	}
	s := observe(t, r, p)
	if n := len(ofKind(s, gateway.Foreign)); n != 762 {
		t.Fatalf("%d forwards made by hand, want 762", n)
	}
	before := r.shell(t, "iptables-save")
	pl, want := adoption(t, r, p)
	if len(want) != 6 { // two instances, three services
		t.Fatalf("adopts %v", want)
	}
	if report := plan.Apply(context.Background(), pl, nil); !report.OK() {
		t.Fatalf("apply: %v (undo: %v)", report.Err, report.Undo)
	}
	after := r.shell(t, "iptables-save")
	if gone := strings.Count(before, "DNAT") - strings.Count(after, "-i ens3"); gone != 12 {
		t.Errorf("%d rules went, want 12", gone)
	}
	for _, f := range want {
		if got, _ := endsAt(t, after, f.Public.Port()); got != f.Private {
			t.Errorf("%v leads to %v", f, got)
		}
	}
	if n := len(ofKind(observe(t, r, p), gateway.Foreign)); n != 756 {
		t.Errorf("%d rules made by hand are left, want 756", n)
	}
}

func threeDigits(n int) string {
	s := "00" + netip.AddrFrom4([4]byte{0, 0, 0, byte(n)}).String()[len("0.0.0."):]
	return s[len(s)-3:]
}
