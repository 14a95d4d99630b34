//go:build lab

package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"portico/gateway/measure"
)

// stages takes the time between the lines that a publish says, by what each is about.
type stages struct {
	began, last time.Time
	now         string
	took        map[string]time.Duration
	rest        []byte
}

// The stages in their order.
const (
	stageLook  = "look at the cloud and the gateway, plan, arm the rollback"
	stageDoors = "open the doors in the cloud"
	stageFiles = "IP forwarding, files for the next boot"
	stageRules = "restore the rules"
	stageProve = "read back, connect anew"
	stageTest  = "test every forward to a VM that there is (20 s for what does not answer: nothing speaks https)"
)

func (s *stages) Write(b []byte) (int, error) {
	s.rest = append(s.rest, b...)
	for {
		line, rest, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		s.rest = rest
		s.line(string(line))
	}
}

// line ends a stage: that of the step which is done, or the one before what it announces.
func (s *stages) line(text string) {
	next := s.now
	switch {
	case strings.HasPrefix(text, "the gateway takes everything back"):
		s.now, next = stageLook, stageDoors
	case strings.HasPrefix(text, "✓") && strings.Contains(text, " iptables "):
		s.now = stageRules
	case strings.HasPrefix(text, "✓") && (strings.Contains(text, " sysctl: ") || strings.Contains(text, " files: ")):
		s.now = stageFiles
	case strings.HasPrefix(text, "✓ security group"), strings.HasPrefix(text, "✓ port of"):
		s.now = stageDoors
	case strings.HasPrefix(text, "reading back"):
		next = stageProve
	case strings.HasPrefix(text, "testing the new forwards"):
		next = stageTest
	default:
		return
	}
	s.end(next)
}

func (s *stages) end(next string) {
	now := time.Now()
	s.took[s.now] += now.Sub(s.last)
	s.last, s.now = now, next
}

// publishStaged publishes the whole subnet, and says how long each of its stages took.
func publishStaged(t *testing.T, l *lab) (*stages, result) {
	t.Helper()
	s := &stages{began: time.Now(), last: time.Now(), now: stageLook, took: map[string]time.Duration{}}
	cmd := exec.CommandContext(t.Context(), l.bin, "--gateway", "b-gw", "publish", "--subnet", "b-lan", "--service", "ssh,http,https", "--yes")
	var out bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = l.env, &out, s
	_ = cmd.Run() // its exit code says it
	s.end("")
	return s, result{out: out.String(), code: cmd.ProcessState.ExitCode(), took: time.Since(s.began)}
}

// labSubnetCost puts what publishing cost beside what the wiki's script does for the same forwards on the
// same gateway, one call of iptables after the other, and beside one restore of them. Both fill chains that
// nothing jumps to.
func labSubnetCost(t *testing.T, l *lab, s *stages) {
	t.Helper()
	table := measure.Table{
		Title: "Publishing 3 services of a /24 whole", How: "OpenStack lab: real Neutron, SSH and kernel",
		Head: []string{"stage", "time"},
	}
	var all time.Duration
	for _, name := range []string{stageLook, stageDoors, stageFiles, stageRules, stageProve, stageTest} {
		table.Add(name, s.took[name])
		if name != stageTest {
			all += s.took[name]
		}
	}
	table.Add("all but the tests", all)
	const each = `for n in $(seq 3 254); do for p in 30000:22 31000:80 32000:443; do
rule="-p tcp --dport $((${p%:*} + n)) -j DNAT --to-destination 10.77.0.$n:${p#*:}"; %s
done; done`
	calls := strings.ReplaceAll(each, "%s", "iptables -t nat -A COST-DNAT $rule; iptables -t nat -A COST-SNAT -p tcp -d 10.77.0.$n --dport ${p#*:} -j RETURN")
	lines := strings.ReplaceAll(each, "%s", `echo "-A COST-DNAT $rule"; echo "-A COST-SNAT -p tcp -d 10.77.0.$n --dport ${p#*:} -j RETURN"`)
	const clean = "for c in COST-DNAT COST-SNAT; do iptables -t nat -F $c; iptables -t nat -X $c; done"
	l.inside("b-gw", "iptables -t nat -N COST-DNAT; iptables -t nat -N COST-SNAT")
	start := time.Now()
	l.inside("b-gw", calls)
	table.Add("beside: the wiki's script, 1,512 calls of iptables", time.Since(start))
	l.inside("b-gw", clean+"; (echo '*nat'; echo ':COST-DNAT - [0:0]'; echo ':COST-SNAT - [0:0]'; "+lines+"; echo COMMIT) >/run/cost")
	start = time.Now()
	l.inside("b-gw", "iptables-restore --noflush /run/cost")
	table.Add("beside: one iptables-restore of the same rules", time.Since(start))
	l.inside("b-gw", clean+"; rm /run/cost")
	t.Log("\n" + table.String())
}
