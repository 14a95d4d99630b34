package doctor

import (
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// judgeYou says whether this machine reaches the address at all.
func (f *facts) judgeYou() []Finding {
	me := ""
	if a := f.me(); a.IsValid() {
		me = ", seen as " + a.String() + " by the gateway"
	}
	if f.route == toGateway && f.host != nil {
		return []Finding{ok(fmt.Sprintf("%s lets this machine in by SSH%s", f.gw.Name, me))}
	}
	if r := f.live.here; r != nil && answers(*r) {
		e := probeEvidence("from here", *r)
		if r.Outcome == probe.Refused {
			return []Finding{ok(fmt.Sprintf("reaches %s, which refuses%s", f.fwd.Public, me), e)}
		}
		return []Finding{ok(fmt.Sprintf("%s answers this machine%s", f.fwd.Public, me), e)}
	}
	return f.judgeOtherPorts(me)
}

// judgeOtherPorts says whether this machine reaches the address by another port.
func (f *facts) judgeOtherPorts(me string) []Finding {
	addr := f.fwd.Public.Addr()
	var evidence []Evidence
	answered := ""
	for _, r := range f.live.others {
		evidence = append(evidence, probeEvidence("from here", r))
		if answers(r) && answered == "" {
			answered = fmt.Sprint(r.Target.Addr.Port())
		}
	}
	switch {
	case answered != "":
		return []Finding{ok(fmt.Sprintf("port %s of %s answers this machine%s", answered, addr, me), evidence...)}
	case f.host != nil && f.live.here != nil:
		return []Finding{ok(fmt.Sprintf("%s lets this machine in by SSH%s", f.gw.Name, me), evidence...)}
	case f.live.here == nil:
		return []Finding{unknown("", "nothing was tried from here", "a connection from this machine")}
	}
	return []Finding{unknown("", fmt.Sprintf("no port of %s answers this machine", addr), "another port of this address that answers", evidence...)}
}

func answers(r probe.Result) bool {
	return connected(r) || r.Outcome == probe.OK || r.Outcome == probe.Wrong || r.Outcome == probe.Refused
}

// stood reports whether there was a connection, whatever came of it.
func stood(r probe.Result) bool {
	return r.Outcome == probe.OK || r.Outcome == probe.Wrong || connected(r)
}

func probeEvidence(from string, r probe.Result) Evidence {
	words := fmt.Sprintf("%s, %s: %s", from, r.Target.Addr, r.Outcome)
	if r.Latency > 0 {
		words += fmt.Sprintf(" in %d ms", r.Latency.Milliseconds())
	}
	return Evidence{Words: words, Raw: cloud.Clean(r.Detail)}
}

// judgeForward says whether a forwarding of Neutron's stands.
func (f *facts) judgeForward() []Finding {
	if f.inv.Unknown("port forwardings") {
		return []Finding{unknownPart("port forwardings")}
	}
	if f.floating == nil {
		return nil
	}
	for _, x := range f.floating.Forwardings {
		to, its := x.At(f.fwd.Public.Port())
		if its && x.Protocol == string(f.fwd.Service.Protocol) {
			return []Finding{ok(fmt.Sprintf("Neutron forwards it to %s", to), Evidence{Words: "the forwarding as Neutron has it", Raw: "id " + x.ID + " internal port " + x.InternalPortID})}
		}
	}
	return []Finding{blocked(NotPublished, fmt.Sprintf("no forwarding of %s has port %d", f.fwd.Public.Addr(), f.fwd.Public.Port()))}
}

// judgeVM says whether the VM runs and answers.
func (f *facts) judgeVM() []Finding {
	if f.vm == nil {
		if f.inv.Unknown("instances") || f.fwd.Instance == "" && f.vmPort == nil {
			return []Finding{unknown("", "which VM this leads to is not known", "a published forward")}
		}
		return nil // its port is gone, too, and that was said
	}
	if f.vm.Status != "ACTIVE" && f.inside() != probe.OK && !f.reached() {
		return []Finding{f.powerFinding(*f.vm, VMOff)}
	}
	e := f.insideEvidence()
	inside := f.live.inside
	switch {
	case inside != nil && stood(*inside):
		return []Finding{ok("runs, and answers the gateway", e...)}
	case f.inside() == probe.Refused:
		return []Finding{f.notListening(e)}
	case f.met():
		return []Finding{ok("runs, and answers", e...)}
	case f.vm.TaskState != "":
		return []Finding{f.powerFinding(*f.vm, VMOff)}
	case f.inside() == probe.Unknown:
		return []Finding{unknown("", "runs; whether it answers could not be tried from the gateway", "a connection from the gateway to "+f.fwd.Private.String(), e...)}
	}
	return nil // it timed out: what that means depends on the hops before
}

func (f *facts) insideEvidence() []Evidence {
	if f.live.inside == nil {
		return nil
	}
	e := []Evidence{probeEvidence("from "+f.gw.Name, *f.live.inside)}
	if f.host != nil && len(f.mine()) > 0 {
		e = append(e, Evidence{Words: "what the gateway tracks of it", Raw: strings.Join(f.mine(), "\n")})
	}
	return e
}

func (f *facts) notListening(e []Evidence) Finding {
	s := f.fwd.Service
	hint := fmt.Sprintf("On %s nothing listens on %s (%s): the connection is refused. Start the service, or publish the port it listens on.", f.vmName(), f.fwd.Private, s.Name)
	if s.Name == "ssh" || s.Port == 22 {
		hint = fmt.Sprintf("On %s sshd does not listen on port %d: the connection is refused. On its console: systemctl status ssh; it may also still be booting.", f.vmName(), f.fwd.Private.Port())
	}
	return blocked(NotListening, fmt.Sprintf("runs, and refuses %s: nothing listens there", fmt.Sprintf("%s/%d", s.Protocol, f.fwd.Private.Port())), e...).with(tell("the owner of "+f.vmName(), "%s", hint))
}

// silentVM is a VM that does not answer although the cloud lets the packet in.
func (f *facts) silentVM(e []Evidence) Finding {
	return blocked(VMFirewall, fmt.Sprintf("does not answer on %s, although the cloud lets the packet in", fmt.Sprintf("%s/%d", f.fwd.Service.Protocol, f.fwd.Private.Port())), e...).with(
		tell("the owner of "+f.vmName(), "%s does not answer on %s, although its security groups let it in and it runs. Look at its own firewall (nft list ruleset, ufw status, firewall-cmd --list-all), and whether its network is up, on its console.",
			f.vmName(), f.fwd.Private))
}

// judgeService says whether what answers is the service that was meant, and lets one in.
func (f *facts) judgeService() []Finding {
	if f.route == toGateway && f.host != nil {
		return []Finding{ok("lets this console in")}
	}
	r := f.live.here
	from := "answers"
	if x := f.live.inside; !f.met() && x != nil {
		r, from = f.live.inside, "answers the gateway"
	}
	if !f.met() && r == f.live.here {
		return nil // what came of it from here, the hops before may explain
	}
	switch {
	case !f.tcp():
		return []Finding{unknown("", "udp has no connection to test: only its own client can tell", "a client of "+f.fwd.Service.Name)}
	case r == nil || !stood(*r):
		return nil
	case r.Outcome != probe.OK:
		return []Finding{f.badService(*r)}
	}
	e := probeEvidence("what it said", *r)
	if r.Latency > slow {
		return append(f.judgeSSH(), degraded("", fmt.Sprintf("%s after %d ms", from, r.Latency.Milliseconds()), e))
	}
	found, detail := f.judgeSSH(), cloud.Clean(r.Detail)
	if s := f.live.ssh; s != nil && s.LoggedIn {
		from = "lets " + s.User + " in"
	}
	if detail != "" {
		from += ": " + detail
	}
	return append(found, ok(from, e))
}

// badService is something at the far end that is not what was meant.
func (f *facts) badService(r probe.Result) Finding {
	e, owner := probeEvidence("what it said", r), "the owner of "+f.vmName()
	if connected(r) {
		return blocked(Silent, strings.Replace(r.Detail, "connected, but", "connects, but", 1), e).with(tell(owner,
			"%s of %s accepts connections on %s, and then: %s. Is the service hung or overloaded, does it turn us away (hosts.deny, MaxStartups, fail2ban), or do large packets get lost (MTU)?", f.fwd.Service.Name, f.vmName(), f.fwd.Private, r.Detail))
	}
	return blocked(WrongService, fmt.Sprintf("something answers, and it is not %s", f.fwd.Service.Name), e).with(
		tell(owner, "On %s port %d something else than %s answers (%s). Is the service on another port?", f.vmName(), f.fwd.Private.Port(), f.fwd.Service.Name, cloud.Clean(r.Detail)))
}

// slow is a latency that tells of lost packets: TCP sends the first one again after a second.
const slow = 900e6

// judgeSSH says what an ssh client meets: the host key, and whether it is let in.
func (f *facts) judgeSSH() []Finding {
	s := f.live.ssh
	if s == nil {
		return nil
	}
	var out []Finding
	if s.Known == KeyChanged {
		out = append(out, f.changedKey(s))
	}
	switch {
	case s.Denied && s.OtherUser != "":
		out = append(out, blocked(LoginUser, fmt.Sprintf("lets %s in, not %s", s.OtherUser, s.User), s.evidence()...).with(
			&Fix{Title: "log in as " + s.OtherUser, Kind: FixCommand, Command: f.sshCommand(s.OtherUser)}))
	case s.Denied:
		out = append(out, f.deniedKey(s))
	}
	return out
}

func (s *SSHSeen) evidence() []Evidence {
	out := []Evidence{{Words: "what ssh says", Raw: s.Said}}
	if len(s.Offered) > 0 {
		out = append(out, Evidence{Words: "keys that were offered", Raw: strings.Join(s.Offered, "\n")})
	}
	return out
}

func (f *facts) sshCommand(user string) string {
	l := f.login
	l.User = user
	return publish.SSHCommand(f.fwd, l)
}

// changedKey is a known_hosts line that names another key.
func (f *facts) changedKey(s *SSHSeen) Finding {
	e := []Evidence{{Words: "it shows", Raw: s.Key}, {Words: s.KnownAt + " has", Raw: s.KnownKey}}
	if s.Vouched == VouchedYes {
		e = append(e, Evidence{Words: "the VM's console log names the key that it shows: it was rebuilt, or another VM had this address"})
		return blocked(HostKeyChanged, "known_hosts has an old key; the console log vouches for the new one", e...).with(&Fix{
			Title: "forget the old key of " + s.Name, Kind: FixPlan,
			Request: &publish.Request{Fix: &publish.Fix{KnownHosts: s.Name, Instance: f.fwd.Instance}},
		})
	}
	why := s.VouchedWhy
	if s.Vouched == VouchedNo {
		why = "its console log names another key: somebody may be in between"
	}
	return blocked(HostKeyUnverified, "known_hosts has another key, and nobody vouches for the new one", append(e, Evidence{Words: why})...).with(
		tell("the owner of "+f.vmName(), "The SSH host key of %s at %s changed to %s. Was it rebuilt? Please confirm the fingerprint: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", f.vmName(), f.fwd.Public, s.Key))
}

// deniedKey is a login that no key opened: which key the VM has, and which were offered.
func (f *facts) deniedKey(s *SSHSeen) Finding {
	has := "which key it has is not known: it was made without a key pair"
	if f.vm != nil && f.vm.KeyName != "" {
		has = "it was made with key pair " + f.vm.KeyName
		for _, k := range f.keys {
			if k.Name == f.vm.KeyName && k.Fingerprint != "" {
				has += " (" + k.Fingerprint + ")"
			}
		}
	}
	e := append([]Evidence{{Words: has}}, s.evidence()...)
	switch {
	case len(s.Offered) == 0:
		return blocked(LoginKey, fmt.Sprintf("lets %s in by key only, and there is no key to offer here", s.User), e...).with(
			tell("the owner of "+f.vmName(), "Please add my public key to ~%s/.ssh/authorized_keys on %s: %s", s.User, f.vmName(), has))
	case f.login.KeyFile == "":
		return blocked(LoginKey, "Permission denied (publickey): the VM's key is not among those on this machine", e...).with(
			tell("the owner of "+f.vmName(), "%s denies %s: %s, and that key is not on my machine. Please add mine to ~%s/.ssh/authorized_keys.", f.vmName(), s.User, has, s.User))
	}
	return blocked(LoginKey, fmt.Sprintf("Permission denied (publickey): %s does not take the key for %s", f.vmName(), s.User), e...).with(
		tell("the owner of "+f.vmName(), "%s denies %s although %s was offered; %s. Is that key still in ~%s/.ssh/authorized_keys, and is %s the right user?", f.vmName(), s.User, f.login.KeyFile, has, s.User, s.User))
}

// KeyState is what known_hosts says of a host key.
type KeyState string

// The states of a host key.
const (
	KeyNew     KeyState = "new"     // no file has one for this name
	KeySame    KeyState = "same"    // it is the known one
	KeyChanged KeyState = "changed" // another is known
)

// VouchState is what the VM's console log says of a host key.
type VouchState string

// The states of vouching. The zero value is that nobody could tell.
const (
	VouchedYes VouchState = "yes"
	VouchedNo  VouchState = "no"
)

// SSHAsk is a public end to look at as an ssh client would.
type SSHAsk struct {
	Forward  gateway.Forward
	Instance cloud.Instance
	Login    publish.Login
	Users    []string // to try when the login's user is denied
}

// SSHSeen is what an ssh client meets there. All its texts are clean.
type SSHSeen struct {
	Name              string // as known_hosts has it: "[203.0.113.10]:30011"
	Key               string // "ssh-ed25519 SHA256:..."
	Known             KeyState
	KnownKey, KnownAt string // of a changed one
	Vouched           VouchState
	VouchedWhy        string // why nobody could tell

	User      string
	LoggedIn  bool
	With      string   // the key that opened it
	Denied    bool     // the server refused all that was offered
	OtherUser string   // who was let in in place of User
	Offered   []string // keys, by file or the agent's comment
	Said      string   // the refusal, or why nothing is known
}
