package emulator_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"portico/gateway/emulator"
)

func TestFullDisk(t *testing.T) {
	f := start(t, emulator.Config{User: "root"})
	f.must("seq 100 >/tmp/source; iptables -N X", "")
	for _, c := range []struct {
		line, err string
		exit      int
		left      string // of /tmp/x
	}{
		{"echo 123456 >/tmp/x", "echo: write error: No space left on device\n", 1, "1234"},
		{"printf %s 123456 >>/tmp/x", "printf: write error: No space left on device\n", 1, "1234"},
		{"cat /tmp/source >/tmp/x", "cat: write error: No space left on device\n", 1, "1\n2\n"},
		{"sed -n p /tmp/source >/tmp/x", "sed: write error: No space left on device\n", 1, "1\n2\n"},
		{"cat >/tmp/x <<-END\n\tabcdef\n\tEND", "cat: write error: No space left on device\n", 1, "abcd"},
		{"seq 9 | tee /tmp/x >/dev/null", "tee: /tmp/x: No space left on device\n", 1, "1\n2\n"},
		{"cp /tmp/source /tmp/x", "cp: cannot write '/tmp/x': No space left on device\n", 1, "1\n2\n"},
		{"echo 123 >/tmp/x; mkdir /tmp/d", "mkdir: cannot create directory '/tmp/d': No space left on device\n", 1, "123\n"},
		{"iptables-save >/tmp/x", "", 0, "# Ge"}, // it never looks
		{"echo 1 >/tmp/y; mv /tmp/y /tmp/x; echo 1234567 >/run/x; echo 1 >/proc/sys/net/ipv4/ip_forward; ln -s a /tmp/l; touch /tmp/t", "", 0, "1\n"},
	} {
		f.must("rm -rf /tmp/x /tmp/y /tmp/l /tmp/t", "")
		f.FillDisk(4)
		if strings.HasPrefix(c.line, "printf") {
			f.must("printf %s 12 >/tmp/x", "")
			c.left = "1212"
		}
		r := f.run(c.line, "")
		got, _ := f.File("/tmp/x")
		if r.err != c.err || r.exit != c.exit || string(got) != c.left {
			t.Errorf("%s: exit %d, left %q: %s", c.line, r.exit, got, r.err)
		}
		f.FreeDisk()
	}
	before := f.DiskWrites()
	const line = "mkdir /tmp/z && seq 1 >/tmp/z/1 && seq 1 >/tmp/z/2 && rm -r /tmp/z"
	f.must(line, "")
	writes := f.DiskWrites() - before
	if writes != 3 {
		t.Errorf("%d writes, not 3", writes)
	}
	for k := 1; k <= writes; k++ {
		f.FillDiskAt(k)
		if r := f.run(line, ""); r.exit != 1 {
			t.Errorf("full at write %d: exit %d", k, r.exit)
		}
		f.FreeDisk()
		f.must("rm -rf /tmp/z", "")
	}
	f.FillDiskAt(writes + 1)
	f.must(line, "")
}

func TestRestoreFailsAtALine(t *testing.T) {
	f := start(t, emulator.Config{User: "root"})
	const input = "*nat\n:A - [0:0]\n-A A -j RETURN\nCOMMIT\n*filter\n:B - [0:0]\n-A B -j RETURN\nCOMMIT\n"
	const look = "iptables-save | grep -e '^[:]A' -e '^[:]B' -e RETURN | cut -c1-4"
	for _, test := range []string{"--test ", ""} {
		for line := 1; line <= 9; line++ {
			f.must("iptables -t nat -F; iptables -t nat -X; iptables -F; iptables -X", "")
			f.Fail(emulator.Fault{Program: "iptables-restore", AtLine: line})
			r := f.run("iptables-restore --noflush "+test, input)
			want := result{err: fmt.Sprintf("iptables-restore: line %d failed\n", line), exit: 1}
			if line == 9 {
				want = result{}
			}
			if diff := cmp.Diff(want, r, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("%sline %d: %s", test, line, diff)
			}
			after := f.run(look, "").out
			switch {
			case test != "" || line < 5:
				if after != "" {
					t.Errorf("%sline %d left %q", test, line, after)
				}
			case line < 9 && after != ":A -\n-A A\n", line == 9 && after != ":B -\n-A B\n:A -\n-A A\n":
				t.Errorf("line %d left %q", line, after)
			}
		}
	}
	f.Fail(emulator.Fault{Program: "iptables-restore --test", Skip: 1, Exit: 1, Stderr: "iptables-restore: line 3 failed\n"})
	f.must("iptables-restore --noflush --test", input)
	f.must("iptables-restore --noflush", input)
	if r := f.run("iptables-restore --noflush --test", input); r.exit != 1 {
		t.Errorf("the second test: %+v", r)
	}
}

func TestCutConnection(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault emulator.Fault
		want  string // files that are left
	}{
		{"before the second command", emulator.Fault{Skip: 1, Cut: true}, "a"},
		{"after the second command", emulator.Fault{Skip: 1, After: true, Cut: true}, "a b c"},
		{"within it, before a program", emulator.Fault{Program: "sleep", Cut: true}, "a b"},
		{"within it, after a program", emulator.Fault{Program: "sleep", After: true, Cut: true}, "a b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, emulator.Config{})
			f.Fail(c.fault)
			f.must("touch a", "")
			if r := f.run("touch b; sleep 0.01; touch c", ""); !r.lost {
				t.Fatalf("the connection holds: %+v", r)
			}
			f.reconnect()
			if strings.HasSuffix(c.want, "c") {
				f.until("[ -e c ]")
			}
			if out := f.must("echo *", ""); out != c.want+"\n" {
				t.Errorf("left: %s", out)
			}
		})
	}
}

func TestRunsOnWithoutItsConnection(t *testing.T) {
	f := start(t, emulator.Config{})
	s, err := f.client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("until [ -e go ]; do sleep 0.01; done; touch went; echo to nobody; sleep 0.01; touch never"); err != nil {
		t.Fatal(err)
	}
	f.reconnect()
	f.must("touch go", "")
	f.until("[ -e went ]")
	if r := f.run("sleep 0.1; [ -e never ]", ""); r.exit != 1 {
		t.Error("it outlived writing to nobody")
	}
}

// dial tries to log in for a time.
func (f *fixture) dial(patience time.Duration) error {
	c, err := net.DialTimeout("tcp", f.Addr().String(), patience)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	conn, channels, requests, err := ssh.NewClientConn(c, "", &ssh.ClientConfig{
		User: "debian", Auth: []ssh.AuthMethod{ssh.PublicKeys(f.key)}, HostKeyCallback: ssh.FixedHostKey(f.HostKey()),
	})
	if err == nil {
		_ = ssh.NewClient(conn, channels, requests).Close()
	}
	return err
}

func TestRefused(t *testing.T) {
	f := start(t, emulator.Config{})
	f.Fail(emulator.Fault{Cut: true, Refuse: 2})
	if r := f.run("true", ""); !r.lost {
		t.Fatalf("%+v", r)
	}
	for i, lost := range []bool{true, true, false} {
		if err := f.dial(5 * time.Second); (err != nil) != lost {
			t.Errorf("attempt %d: %v", i, err)
		}
	}
	f.Refuse(-1)
	if f.dial(5*time.Second) == nil {
		t.Error("connected although all are refused")
	}
	f.Refuse(0)
	if err := f.dial(5 * time.Second); err != nil {
		t.Error(err)
	}
}

func TestStalledLink(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     emulator.Fault
		meanwhile bool // the command was run while the link was stalled
	}{
		{"before the command arrives", emulator.Fault{Skip: 1, Stall: true}, false},
		{"before its answer arrives", emulator.Fault{Skip: 1, After: true, Stall: true}, true},
		{"before a program", emulator.Fault{Program: "touch", Skip: 1, Stall: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, emulator.Config{})
			f.Fail(c.fault)
			f.must("touch a", "")
			answer := make(chan result, 1)
			go func() { answer <- f.run("touch b; echo done", "") }()
			made := func() bool {
				_, err := f.File("/home/debian/b")
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
				}
				return err == nil
			}
			select {
			case r := <-answer:
				t.Fatalf("an answer came: %+v", r)
			case <-time.After(100 * time.Millisecond):
			}
			if made() != c.meanwhile {
				t.Errorf("it was run: %v", made())
			}
			if f.dial(50*time.Millisecond) == nil {
				t.Error("a new connection is answered")
			}
			f.Resume()
			if r := <-answer; r.out != "done\n" || r.exit != 0 || !made() {
				t.Errorf("after that: %+v", r)
			}
			if err := f.dial(5 * time.Second); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLateCommand is what a console must fear that has given a stalled connection up.
func TestLateCommand(t *testing.T) {
	f := start(t, emulator.Config{})
	f.Fail(emulator.Fault{Line: "touch", Stall: true})
	s, err := f.client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("touch late"); err != nil {
		t.Fatal(err)
	}
	for len(f.Commands()) == 0 {
		time.Sleep(time.Millisecond)
	}
	_ = f.client.Close()
	f.Resume()
	f.client = f.login("debian")
	f.until("[ -e late ]")
}

func TestCloseWhileStalled(t *testing.T) {
	f := start(t, emulator.Config{})
	f.Fail(emulator.Fault{Stall: true})
	s, err := f.client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("touch late"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
