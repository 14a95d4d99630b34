package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/gateway/emulator"
)

// until waits until a line succeeds.
func (f *fixture) until(line string) {
	f.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if r := f.run(line, ""); r.exit == 0 && !r.lost {
			return
		}
	}
	f.t.Fatalf("never: %s", line)
}

// reconnect logs in anew.
func (f *fixture) reconnect() {
	_ = f.client.Close()
	f.client = f.login("debian")
}

func TestShellState(t *testing.T) {
	f := start(t, emulator.Config{})
	for _, c := range []struct{ name, line, want string }{
		{"umask of new files and directories", "cd; umask 077; echo x >a; mkdir b; touch c; cp a d; stat -c %a a b c d", "600\n700\n600\n600\n"},
		{"a subshell's umask is its own", "cd; (umask 0077; umask; echo x >e); umask; stat -c %a e", "0077\n0022\n600\n"},
		{"a child inherits it", "cd; umask 027; sh -c 'echo x >f; mkdir g'; stat -c %a f g", "640\n750\n"},
		{"a mode that is kept", "cd; echo x >h; chmod 640 h; cp -p h i; stat -c %a i", "640\n"},
		{"a wrong umask", "umask 9 2>/dev/null; echo $?", "2\n"},
		{"a shell's number in its subshell", `[ $$ = "$(echo $$)" ] && ( [ $$ -gt 1 ] ) && echo yes`, "yes\n"},
		{"another shell's number", `[ $$ != "$(sh -c 'echo $$')" ] && echo yes`, "yes\n"},
		{"nobody", "kill 99999 2>&1; kill -0 $$ && echo alive", "kill: No such process\nalive\n"},
		{"itself", "sh -c 'kill $$; echo survived'; echo $?", "143\n"},
		{"patterns of a file", `cd; printf 'a.\nb\n' >p; printf 'a.\nab\nb\nc\n' | grep -Fxv -f p; : >q; printf 'c\n' | grep -Fxv -f q`, "ab\nc\nc\n"},
		{"no pattern", `cd; : >q; printf 'c\n' | grep -F -f q; echo $?`, "1\n"},
		{"here-document", "cat <<-END\n\t\ta $((1+1))\n\tEND\n", "a 2\n"},
		{"the end of a list", `seq 5 | sort -r | tail -n +4`, "2\n1\n"},
		{"find", "cd; mkdir -p t/u; echo >t/u/x; chmod 600 t/u/x; find t -type f -name 'x*' -perm /600; find t -perm -007; find t -type d", "t/u/x\nt\nt/u\n"},
		{"a link that is replaced", "cd; ln -s a l; ln -sf b l; readlink l", "b\n"},
		{"names like options", "cd; echo >-x; rm -f -- -x; ls -- -x 2>/dev/null; echo $?", "2\n"},
		{"fractions", "sleep 0.01 && sync -f /etc && echo slept", "slept\n"},
		{"stamp", "date -u +%Y-%m-%dT%H:%M:%SZ | tr 0-9 n", "nnnn-nn-nnTnn:nn:nnZ\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := f.run(c.line, "")
			if diff := cmp.Diff(c.want, r.out); diff != "" {
				t.Errorf("%s (-want +got):\n%s%s", c.line, diff, r.err)
			}
		})
	}
}

func TestBootState(t *testing.T) {
	f := start(t, emulator.Config{})
	const look = "cat /proc/sys/kernel/random/boot_id; [ -d /run/systemd/system ] && [ -e /run/lock ] && echo systemd"
	before := f.must(look, "")
	f.must(`read -r up rest </proc/uptime; until read -r now rest </proc/uptime; [ "$now" != "$up" ]; do sleep 0.01; done`, "")
	up := f.must("cat /proc/uptime", "")
	f.must("sudo sysctl -q -w net.ipv4.ip_forward=1; sudo touch /run/x /etc/y", "")
	f.Reboot()
	f.reconnect()
	after := f.must(look, "")
	if before == after || !strings.HasSuffix(after, "\nsystemd\n") || len(after) != len(before) {
		t.Errorf("boots: %q, %q", before, after)
	}
	if again := f.must("cat /proc/uptime", ""); len(again) > len(up) && again > up {
		t.Errorf("up for %q after the reboot, %q before", again, up)
	}
	if got := f.must("ls /run/x /etc/y 2>/dev/null; cat /proc/sys/net/ipv4/ip_forward", ""); got != "/etc/y\n0\n" {
		t.Errorf("left: %q", got)
	}
}

const background = `echo $$ >/tmp/number; while :; do sleep 0.01; date +%s%N >/tmp/now; done`

// beats waits until the background process works, and says whether it still does.
func (f *fixture) beats() bool {
	f.t.Helper()
	f.until("[ -s /tmp/now ]")
	return f.run(`a=$(cat /tmp/now); i=0; while [ "$a" = "$(cat /tmp/now)" ]; do i=$((i+1)); [ $i -lt 30 ] || exit 1; sleep 0.01; done`, "").exit == 0
}

func TestSetsid(t *testing.T) {
	f := start(t, emulator.Config{})
	f.must("sudo setsid sh -c '"+background+"' </dev/null >/dev/null 2>&1 &\nuntil [ -s /tmp/number ]; do sleep 0.01; done", "")
	f.reconnect()
	if !f.beats() {
		t.Fatal("it ended with its session")
	}
	if r := f.run("kill $(cat /tmp/number)", ""); r.exit != 1 || !strings.Contains(r.err, "not permitted") {
		t.Errorf("another user's kill: %+v", r)
	}
	f.must("sudo kill -- -$(cat /tmp/number)", "")
	f.must("rm -f /tmp/now", "")
	if r := f.run("sleep 0.1; [ -e /tmp/now ]", ""); r.exit == 0 {
		t.Error("it outlived kill")
	}
}

func TestSystemdRun(t *testing.T) {
	f := start(t, emulator.Config{})
	run := "sudo systemd-run --quiet --collect --unit=beat sh -c '" + background + "'"
	if r := f.run("systemd-run true", ""); r.exit != 1 || !strings.Contains(r.err, "authentication") {
		t.Errorf("without root: %+v", r)
	}
	f.must(run, "")
	f.reconnect()
	if out := f.must("systemctl is-active beat", ""); out != "active\n" || !f.beats() {
		t.Fatalf("it ended with its session: %s", out)
	}
	if r := f.run(run, ""); r.exit != 1 || !strings.Contains(r.err, "already") {
		t.Errorf("a second of that name: %+v", r)
	}
	f.must("sudo systemctl stop beat", "")
	if r := f.run("systemctl is-active beat", ""); r.out != "inactive\n" {
		t.Errorf("stopped: %+v", r)
	}
	f.must("sudo rm -f /tmp/now /tmp/number", "")
	f.must(run, "")
	f.until("[ -s /tmp/number ]")
	f.must("sudo kill $(cat /tmp/number)", "")
	f.until("! systemctl -q is-active beat")
	f.must(run, "")
	if !f.beats() {
		t.Fatal("it cannot be started again")
	}
	f.Reboot()
	f.reconnect()
	f.must("! systemctl -q is-active beat; sudo rm -f /tmp/now; sleep 0.1; [ ! -e /tmp/now ]", "")
	f.must("sudo systemd-run --quiet --unit=bad sh -c 'exit 3'", "")
	f.until("systemctl -q is-failed bad")
	f.must("sudo systemctl reset-failed bad; ! systemctl -q is-failed bad", "")
}

// TestLockOfABackground is why flock needs -o.
func TestLockOfABackground(t *testing.T) {
	f := start(t, emulator.Config{})
	const leave = ` /tmp/lock sh -c 'setsid sh -c "echo \$\$ >/tmp/number; sleep 60" </dev/null >/dev/null 2>&1 & until [ -s /tmp/number ]; do sleep 0.01; done'`
	f.must("flock -o"+leave, "")
	f.must("flock -n /tmp/lock kill $(cat /tmp/number); rm /tmp/number", "")
	f.must("flock"+leave, "")
	if r := f.run("flock -n /tmp/lock true", ""); r.exit != 1 {
		t.Errorf("the lock is free although it was left to a background process: %+v", r)
	}
	f.must("kill $(cat /tmp/number)", "")
	f.until("flock -n /tmp/lock true")
}

func TestOrderOfUnits(t *testing.T) {
	f := start(t, emulator.Config{})
	for name, text := range map[string]string{
		"a.service":    "After=b.service\n",
		"b.service":    "After=network.target\n",
		"last.service": "",
		"z.service":    "Before=a.service last.service\n",
	} {
		unit := "[Unit]\n" + text + "[Service]\nType=oneshot\nExecStart=/bin/sh -c \"echo " + name + " '$$(true)' >>/var/log/order\"\n[Install]\nWantedBy=multi-user.target\n"
		if err := f.WriteFile("/etc/systemd/system/"+name, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		f.must("sudo systemctl enable "+name, "")
	}
	f.Reboot()
	got, err := f.File("/var/log/order")
	want := "b.service $(true)\nz.service $(true)\na.service $(true)\nlast.service $(true)\n"
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestNoSystemd(t *testing.T) {
	f := start(t, emulator.Config{NoSystemd: true})
	f.must("! command -v systemctl; ! command -v systemd-run; [ ! -e /run/systemd ] && [ ! -e /etc/systemd ]", "")
	f.Reboot()
	f.reconnect()
	f.must("[ ! -e /run/systemd ] && [ -d /run/lock ]", "")
}
