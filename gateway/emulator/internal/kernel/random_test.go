//go:build kernel

package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"portico/gateway/emulator/internal/kernel"
)

// TestRandomHistories compares the model with the kernel on inputs made up of words that mean
// something in some order: most are refused, and have to be refused alike.
func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ns := newNamespace(t)
		defer ns.end()
		model := kernel.New()
		for i := range rapid.IntRange(1, 8).Draw(rt, "inputs") {
			h := randomInput(rt)
			real := ns.run(t, h.input, append([]string{h.program()}, h.args...)...)
			got := ask(model, h)
			save := withoutComments(ns.run(t, "", "iptables-save", "-c").Out)
			if real.Exit != got.Exit || save != got.Save {
				rt.Fatalf("input %d, %s %v\n%s\nkernel: %d %s\n%s\nmodel: %d %s\n%s", i, h.program(), h.args, h.input, real.Exit, real.Err, save, got.Exit, got.Err, got.Save)
			}
		}
	})
}

func randomInput(rt *rapid.T) input {
	h := input{args: []string{"--noflush", "--counters"}}
	switch rapid.IntRange(0, 9).Draw(rt, "options") {
	case 0:
		h.args = nil
	case 1:
		h.args = []string{"--noflush", "--test"}
	case 2:
		h.args = []string{"--noflush"}
	}
	var b strings.Builder
	for range rapid.IntRange(1, 2).Draw(rt, "tables") {
		fmt.Fprintf(&b, "*%s\n", rapid.SampledFrom([]string{"nat", "filter"}).Draw(rt, "table"))
		for range rapid.IntRange(0, 6).Draw(rt, "lines") {
			b.WriteString(randomLine(rt) + "\n")
		}
		b.WriteString("COMMIT\n")
	}
	h.input = b.String()
	return h
}

func randomLine(rt *rapid.T) string {
	chain := rapid.SampledFrom([]string{"A", "B", "C", "OUTPUT", "POSTROUTING", "PREROUTING", "FORWARD"}).Draw(rt, "chain")
	number := rapid.SampledFrom([]string{"", "", "1", "2", "3"}).Draw(rt, "number")
	switch rapid.IntRange(0, 9).Draw(rt, "command") {
	case 0, 1:
		return fmt.Sprintf(":%s - [0:0]", chain)
	case 2:
		return "-F " + chain
	case 3:
		return "-X " + rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "user's")
	case 4:
		return "-N " + chain
	case 5:
		if number != "" {
			return "-D " + chain + " " + number
		}
		return "-D " + chain + " " + randomRule(rt)
	case 6:
		return strings.Join(strings.Fields("-I "+chain+" "+number+" "+randomRule(rt)), " ")
	}
	return "[5:300] -A " + chain + " " + randomRule(rt)
}

func randomRule(rt *rapid.T) string {
	match := rapid.SampledFrom([]string{
		"", "-p tcp --dport 22", "-p tcp -m tcp --dport 30000:30015", "-s 10.0.0.0/8", "! -d 10.1.2.3", "-p udp -m udp --sport 5:5",
		"-m conntrack --ctstate DNAT,NEW", "-p tcp -m multiport --dports 1,2:3", "-m comment --comment x", "-m addrtype --dst-type LOCAL",
		"-m conntrack --ctstate DNAT --ctorigdst 10.0.0.1/32 --ctorigdstport 7:7",
	}).Draw(rt, "match")
	target := rapid.SampledFrom([]string{
		"-j A", "-j B", "-j C", "-g A", "-j ACCEPT", "-j RETURN", "", "-j DNAT --to-destination 10.9.9.9", "-j SNAT --to-source 10.9.9.9",
		"-j MASQUERADE", "-j LOG --log-prefix x", "-j REDIRECT --to-ports 8", "-j DROP",
	}).Draw(rt, "target")
	return strings.TrimSpace(match + " " + target)
}
