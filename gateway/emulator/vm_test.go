package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/gateway/emulator"
)

func loginVM(t *testing.T, vm *emulator.VM) *ssh.Client {
	t.Helper()
	dial, verdict := vm.Route(22)
	if verdict != emulator.Open {
		t.Fatalf("port 22 is %s", verdict)
	}
	c, err := dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, channels, requests, err := ssh.NewClientConn(c, "vm", &ssh.ClientConfig{
		User: "anna", HostKeyCallback: ssh.FixedHostKey(vm.HostKey()), Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(conn.ServerVersion()); got != banner {
		t.Errorf("version %q", got)
	}
	client := ssh.NewClient(conn, channels, requests)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newVM(t *testing.T, name string) *emulator.VM {
	t.Helper()
	vm, err := emulator.NewVM(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = vm.Close() })
	return vm
}

func TestInteractiveVM(t *testing.T) {
	x := openTerminal(t, loginVM(t, newVM(t, "web-1")))
	x.expect("You are on web-1.")
	x.expect("anna@web-1:~$ ")
	x.typed("hostname\r")
	x.expect("web-1\r\n")
	if err := x.sess.WindowChange(40, 120); err != nil {
		t.Error(err)
	}
	x.typed("uname -a\r")
	x.expect("Linux web-1 ")
	x.typed("nonsense\r")
	x.expect("-bash: nonsense: command not found")
	x.expect("$ ")
	x.typed("\x04")
	if err := x.sess.Wait(); err == nil || !strings.Contains(err.Error(), "127") {
		t.Errorf("Ctrl-D ended it with %v, not the last status", err)
	}
}

func TestVMCommands(t *testing.T) {
	client := loginVM(t, newVM(t, "web-1"))
	for line, want := range map[string]string{"hostname": "web-1\n", "whoami": "anna\n", "uname": "Linux\n", "echo a b": "a b\n", "true": ""} {
		s, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if out, err := s.Output(line); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v", line, out, err)
		}
	}
}

func TestHostileNameIsCleaned(t *testing.T) {
	vm := newVM(t, "evil\x1b]0;owned\x07\u202ename\nrm -rf /")
	if got := vm.Name(); strings.ContainsAny(got, "\x1b\x07\n\u202e") {
		t.Errorf("name %q", got)
	}
	s, err := loginVM(t, vm).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Output("hostname"); err != nil || string(out) != vm.Name()+"\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestVMStates(t *testing.T) {
	vm := newVM(t, "web-1")
	state := func() string {
		_, ssh := vm.Route(22)
		_, http := vm.Route(80)
		_, other := vm.Route(443)
		return fmt.Sprint(ssh, " ", http, " ", other)
	}
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() {}, "open open refused"},
		{func() { vm.Handle(22, nil) }, "refused open refused"},
		{func() { vm.SetOff(true) }, "dropped dropped dropped"},
		{func() { vm.SetOff(false); vm.Handle(22, vm.HTTP); vm.Handle(443, vm.SSH) }, "open open open"},
	} {
		c.do()
		if got := state(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestVMOffCutsConnections(t *testing.T) {
	vm := newVM(t, "web-1")
	client := loginVM(t, vm)
	vm.SetOff(true)
	if err := client.Wait(); err == nil {
		t.Error("the connection ended without an error")
	}
}
