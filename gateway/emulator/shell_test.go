package emulator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/gateway/emulator"
)

func TestCommands(t *testing.T) {
	f := start(t, emulator.Config{Listening: []emulator.Listener{{Proto: "udp", Addr: "0.0.0.0:68", Program: "dhclient"}}})
	for _, c := range []struct {
		name, line, stdin string
		want              result
	}{
		{"who", "id -u; whoami; hostname", "", result{out: "1000\ndebian\ngw\n"}},
		{"root by sudo", "sudo -n -- id -u", "", result{out: "0\n"}},
		{"arguments of a script", `sh -c 'printf "%s|" "$0" "$@"' name 'a b' "c'd"`, "", result{out: "name|a b|c'd|"}},
		{"unknown command", "foo --bar", "", result{err: "sh: 1: foo: not found\n", exit: 127}},
		{"unknown command by sudo", "sudo -n foo", "", result{err: "sudo: foo: command not found\n", exit: 1}},
		{"administrators' programs are not in a user's PATH", "iptables-save", "", result{err: "sh: 1: iptables-save: not found\n", exit: 127}},
		{"they are after adding it", "PATH=$PATH:/usr/sbin; command -v iptables", "", result{out: "/usr/sbin/iptables\n"}},
		{"but need root", "/usr/sbin/iptables-save", "", result{err: "iptables-save v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n", exit: 4}},
		{"command -v of nothing", "command -v nothing", "", result{exit: 127}},
		{"pipes", `printf 'b\na\nb\n' | sort -u | tr a-z A-Z | head -1`, "", result{out: "A\n"}},
		{"standard input", "cat | wc -l", "1\n2\n3\n", result{out: "3\n"}},
		{"sums", "printf abc | sha256sum", "", result{out: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\n"}},
		{"sed as observation uses it", `sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//'`, "# x\n:A ACCEPT [1:2]\n-A B\n", result{out: ":A ACCEPT\n-A B\n"}},
		{"grep", `grep -c x; printf 'ab\n' | grep -q b && echo yes; printf a | grep -vF . ; printf 'aab\n' | grep -E 'a+b?'`, "x\nyx\n", result{out: "2\nyes\na\naab\n"}},
		{"cut", "cut -d: -f2- | tail -n 1", "a:b:c\nd:e:f\n", result{out: "e:f\n"}},
		{"no right to write", "echo x > /etc/x", "", result{err: "sh: 1: cannot create /etc/x: Permission denied\n", exit: 1}},
		{"tee by sudo", "echo x | sudo -n tee /etc/x >/dev/null; cat /etc/x", "", result{out: "x\n"}},
		{"own files", "cd; pwd; echo hi > a; mv a b; ls; cat b; rm b; ls", "", result{out: "/home/debian\nb\nhi\n"}},
		{"install with a mode", "cat /dev/null; sudo install -m 750 /etc/hostname /root/h; sudo ls -l /root | cut -c1-10", "", result{out: "-rwxr-x---\n"}},
		{"functions", "f() { echo $1; }; f 5; command -v f", "", result{out: "5\nf\n"}},
		{"exit status", "sh -c 'exit 75'", "", result{exit: 75}},
		{"syntax error", "if", "", result{err: "sh: Syntax error: sh:1:1: `if` must be followed by a statement list\n", exit: 2}},
		{"bash is not spoken", "[[ a = a ]]", "", result{err: "sh: 1: [[: not found\n", exit: 127}},
		{"umask", "umask 022 && echo ok", "", result{out: "ok\n"}},
		{"sockets", "sudo ss -Hltnup", "", result{out: "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:((\"sshd\",pid=613,fd=3))\n" +
			"tcp LISTEN 0 128 [::]:22 [::]:* users:((\"sshd\",pid=613,fd=3))\nudp UNCONN 0 128 0.0.0.0:68 0.0.0.0:* users:((\"dhclient\",pid=613,fd=3))\n"}},
		{"lock", "flock -w 1 /tmp/lock sh -c 'echo $1' x y", "", result{out: "y\n"}},
		{"lock that is held", "flock /tmp/lock flock -n /tmp/lock echo never", "", result{exit: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, f.run(c.line, c.stdin), cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.line, diff)
			}
		})
	}
}

func TestSysctl(t *testing.T) {
	f := start(t, emulator.Config{})
	for _, c := range []struct{ line, want string }{
		{"/usr/sbin/sysctl net.ipv4.ip_forward", "net.ipv4.ip_forward = 0\n"},
		{"sudo sysctl -q -w net.ipv4.ip_forward=1; cat /proc/sys/net/ipv4/ip_forward", "1\n"},
		{"sudo sysctl -w net.ipv4.ip_forward=0", "net.ipv4.ip_forward = 0\n"},
		{"echo 1 | sudo tee /proc/sys/net/ipv4/ip_forward >/dev/null; /usr/sbin/sysctl -n net/ipv4/ip_forward", "1\n"},
		{"/usr/sbin/sysctl -w net.ipv4.ip_forward=0 2>&1", "sysctl: permission denied on key \"net.ipv4.ip_forward\"\n"},
		{"/usr/sbin/sysctl net.ipv4.nope 2>&1", "sysctl: cannot stat /proc/sys/net/ipv4/nope: No such file or directory\n"},
		{"cat /proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"},
		{"printf 'net.ipv4.ip_forward = 0\\n' | sudo tee /etc/sysctl.d/60-x.conf >/dev/null; sudo sysctl -q --system; cat /proc/sys/net/ipv4/ip_forward", "0\n"},
	} {
		if got := f.run(c.line, "").out; got != c.want {
			t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
}

func TestSudo(t *testing.T) {
	for _, c := range []struct {
		name   string
		config emulator.Config
		want   result
	}{
		{"password", emulator.Config{Sudo: emulator.SudoPassword}, result{err: "sudo: a password is required\n", exit: 1}},
		{"refused", emulator.Config{Sudo: emulator.SudoRefused}, result{err: "debian is not in the sudoers file.\n", exit: 1}},
		{"missing", emulator.Config{Without: []string{"sudo"}}, result{err: "sh: 1: sudo: not found\n", exit: 127}},
		{"root needs none", emulator.Config{User: "root", Sudo: emulator.SudoPassword}, result{out: "0\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, c.config)
			if diff := cmp.Diff(c.want, f.run("sudo -n -- id -u", ""), cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestHostIsOutOfReach tries in every way the shell has to read, write, list or run something of
// the machine this test runs on.
func TestHostIsOutOfReach(t *testing.T) {
	f := start(t, emulator.Config{User: "root"})
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	script := filepath.Join(dir, "script")
	for name, text := range map[string]string{secret: "do-not-tell", script: "#!/bin/sh\necho do-not-tell\n"} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil { //nolint:gosec // it has to be runnable to be a test
			t.Fatal(err)
		}
	}
	t.Setenv("SECRET_OF_THE_HOST", "do-not-tell")
	q := "'" + filepath.ToSlash(secret) + "'"
	run := "'" + filepath.ToSlash(script) + "'"
	d := "'" + filepath.ToSlash(dir) + "'"
	for _, line := range []string{
		"cat " + q, "cat < " + q, "read x < " + q + "; echo $x", "echo " + d + "/*", "for f in " + d + "/*; do echo $f; done", "ls " + d,
		"[ -e " + q + " ] && echo do-not-tell", "test -r " + q + " && echo do-not-tell", ". " + q, ". " + run, run, "sh " + run, "command " + run,
		"exec " + run, "env " + run, "eval 'cat <(cat " + q + ")'", "eval 'source " + run + "'", "cd " + d + " && echo do-not-tell",
		"PATH=" + d + "; script", "PATH=" + d + "; command -v script && echo do-not-tell", "PATH=" + d + "; type script && echo do-not-tell",
		"PATH=" + d + "; hash script && echo do-not-tell", "echo $SECRET_OF_THE_HOST", "env", "set", "cp " + q + " /tmp/x && cat /tmp/x",
		"iptables-restore " + q, "sysctl -p " + q, "grep do " + q, "trap 'cat " + q + "' EXIT", "pwd -P", "[ -O " + q + " ] && echo do-not-tell",
		"enable; bind; history; mapfile x < " + q + "; echo $x", "builtin source " + run, "cat /proc/self/environ /proc/1/environ",
	} {
		r := f.run(line, "")
		if strings.Contains(r.out+r.err, "do-not-tell") || r.lost {
			t.Errorf("%s told: %q %q", line, r.out, r.err)
		}
	}
	for _, line := range []string{
		"echo x > " + q, "echo x >> " + q, "echo x | tee " + q, "rm -f " + q, "rm -rf " + d, "mv /etc/hostname " + q, "cp /etc/hostname " + q,
		"touch " + d + "/new", "mkdir " + d + "/new", "install /etc/hostname " + d + "/new", "ln -s /etc " + d + "/new", "chmod 000 " + q, "sed -i s/o/x/ " + q,
		"mkdir -p " + d + "; echo x > " + d + "/new; echo x > " + q, "eval 'echo <(true)'", "mktemp -d", "mktemp",
	} {
		f.run(line, "")
	}
	if got, err := os.ReadFile(secret); err != nil || string(got) != "do-not-tell" { //nolint:gosec // our own file
		t.Errorf("the host's file is %q, %v", got, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the host's directory holds %v, %v", entries, err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "sh-interp-*")); len(left) > 0 {
		t.Errorf("the interpreter left %v", left)
	}
}
