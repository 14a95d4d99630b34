package doctor_test

import (
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway/doctor"
	"portico/gateway/publish"
	"portico/views"
)

const title = "203.0.113.10:30020 -> jupyter ssh"

var asked = views.Diagnose{Target: doctor.Target{Instance: "jupyter", Service: "ssh"}, Title: "jupyter ssh"}

// names are the hops of a path through a gateway.
var names = []doctor.Hop{
	{ID: doctor.You, Title: "you"}, {ID: doctor.FloatingIP, Title: "floating IP"}, {ID: doctor.Router, Title: "router"},
	{ID: doctor.GatewayGroups, Title: "gw-1 security groups"}, {ID: doctor.GatewayHost, Title: "gw-1"},
	{ID: doctor.VMGroups, Title: "jupyter security groups"}, {ID: doctor.VM, Title: "jupyter"}, {ID: doctor.Service, Title: "sshd"},
}

var good = []string{
	"198.51.100.7, other ports of this address answer",
	"203.0.113.10 is associated with gw-1, active",
	"mg-router has its external gateway, up",
	"portico-gw-1 lets tcp/30020 in from anywhere",
	"forwards; its rule took +1 packet of this test, and translates the way back",
	"portico-from-gw-1 lets tcp/22 in from gw-1",
	"active; answers tcp/22 to gw-1",
	"SSH-2.0-OpenSSH_9.2p1, the key is the console log's; debian may log in",
}

// ladder is a path that is in order as far as n hops, and not looked at from there.
func ladder(n int) []doctor.Hop {
	out := make([]doctor.Hop, len(names))
	for i, h := range names {
		h.N = i + 1
		if i < n {
			h.Verdict, h.Text = doctor.OK, good[i]
			h.Findings = []doctor.Finding{{Verdict: doctor.OK, Text: good[i], Evidence: []doctor.Evidence{{Words: "as the cloud says"}}}}
		}
		out[i] = h
	}
	return out
}

// broken is a path that a finding breaks at hop n; the ones after it follow.
func broken(n int, f doctor.Finding) []doctor.Hop {
	out := ladder(n - 1)
	out[n-1].Verdict, out[n-1].Text, out[n-1].Findings = f.Verdict, f.Text, []doctor.Finding{f}
	for i := n; i < len(out); i++ {
		out[i].Verdict, out[i].Follows = doctor.Unknown, n
	}
	return out
}

var noRule = doctor.Finding{
	Cause: doctor.VMGroup, Verdict: doctor.Blocked, Text: "no rule lets tcp/22 in from gw-1",
	Evidence: []doctor.Evidence{
		{Words: "the groups of jupyter, rule by rule", Raw: "default: egress only\nweb: ingress IPv4 tcp 80:80 remote 0.0.0.0/0"},
		{Words: "the gateway's own connection to 192.168.0.20:22 timed out after 3 s", Raw: "tcp 6 117 SYN_SENT src=192.168.0.4 dst=192.168.0.20 sport=41874 dport=22 [UNREPLIED]"},
	},
	Fix: &doctor.Fix{Title: "attach portico-from-gw-1 to jupyter", Kind: doctor.FixPlan, Request: &publish.Request{Repair: true}},
}

var firewall = doctor.Finding{
	Cause: doctor.VMFirewall, Verdict: doctor.Blocked, Text: "the groups let tcp/22 in, and jupyter does not answer",
	Evidence: []doctor.Evidence{{Words: "the gateway's own connection to 192.168.0.20:22 timed out after 3 s"}},
	Fix: &doctor.Fix{
		Title: "let tcp/22 in on jupyter itself", Kind: doctor.FixSentence, To: "the owner of jupyter",
		Sentence: "The host firewall of jupyter (192.168.0.20) drops tcp/22 from 192.168.0.4; please allow it, for example with 'ufw allow from 192.168.0.4 to any port 22 proto tcp'.",
	},
}

var wrongUser = doctor.Finding{
	Cause: doctor.LoginUser, Verdict: doctor.Degraded, Text: "permission denied for centos; the image's user is debian",
	Fix: &doctor.Fix{Title: "log in as debian", Kind: doctor.FixCommand, Command: "ssh -p 30020 -i ~/.ssh/mg debian@203.0.113.10"},
}

func diagnosis(verdict doctor.Verdict, at int, summary string, hops []doctor.Hop) doctor.Diagnosis {
	return doctor.Diagnosis{
		Title: title, Instance: "jupyter", Gateway: "gw-1", Verdict: verdict, Hops: hops, Broken: at, Summary: summary,
		Started: now, Took: 3200 * time.Millisecond,
	}
}

func blocked() doctor.Diagnosis {
	d := diagnosis(doctor.Blocked, 5, "blocked at hop 6 of 8: no rule lets tcp/22 in from gw-1", broken(6, noRule))
	d.Later = []doctor.Later{{Hop: 8, Text: "after this is fixed, hop 8 will block: the image's user is debian, not centos"}}
	return d
}

func unknown() doctor.Diagnosis {
	hops := ladder(8)
	hops[4].Verdict, hops[4].Text = doctor.Unknown, "nobody can look: no SSH connection to gw-1"
	hops[4].Findings = []doctor.Finding{{Cause: doctor.GatewaySSH, Verdict: doctor.Unknown, Text: hops[4].Text, Missing: "a login to gw-1: ssh: handshake failed: unable to authenticate"}}
	return diagnosis(doctor.Unknown, -1, "answers, but hop 5 could not be seen", hops)
}

const nasty = "evil\x1b]52;c;ZXZpbA==\x07\x1b[31m\u202e\r\nline 日本語の名前はとても長い"

// hostile is what others wrote, as it comes from their machines; the doctor has cleaned it.
func hostile() doctor.Diagnosis {
	text := cloud.Clean(nasty + strings.Repeat("x", 200))
	f := doctor.Finding{
		Verdict: doctor.Blocked, Text: text, Missing: text,
		Evidence: []doctor.Evidence{{Words: text, Raw: text + "\n" + text}},
		Fix:      &doctor.Fix{Title: text, Kind: doctor.FixSentence, To: text, Sentence: text},
	}
	hops := broken(6, f)
	for i := range hops {
		hops[i].Title = cloud.Clean(nasty)
	}
	d := diagnosis(doctor.Blocked, 5, text, hops)
	d.Title = text
	d.Later = []doctor.Later{{Hop: 8, Text: text}}
	d.Notes = []string{text, text}
	return d
}
