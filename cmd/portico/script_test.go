package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"portico/cloud/emulator"
	gatewayemulator "portico/gateway/emulator"
	"portico/gateway/history"
)

func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"portico": func() { os.Exit(run()) }})
}

// atEnd is what to do when all tests have run.
var atEnd []func()

// leakless runs the tests, which fail when goroutines are left behind.
type leakless struct{ *testing.M }

func (l leakless) Run() int {
	code := l.M.Run()
	for _, f := range atEnd {
		f()
	}
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs the commands as processes of their own, each script against a demo of its own.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		// Scripts of one run are parallel; one after the other, they do not want the same ports.
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			testscript.Run(t, testscript.Params{Files: []string{f}, Setup: setUpScript, Cmds: scriptCommands})
		})
	}
}

type demoKey struct{}

// scriptDemo is a script's demo and the place in its log that "mark" remembered.
type scriptDemo struct {
	*demo
	mark int
}

func setUpScript(env *testscript.Env) error {
	addr := gatewayemulator.Loopback()
	d, err := startDemo(addr, addr)
	if err != nil {
		return err
	}
	env.Defer(d.close)
	env.Values[demoKey{}] = &scriptDemo{demo: d}
	home, dir := filepath.Join(env.WorkDir, "home"), filepath.Join(env.WorkDir, "demo")
	for _, p := range []string{home, dir} {
		if err := os.MkdirAll(p, 0o700); err != nil {
			return err
		}
	}
	env.Vars = append(env.Vars, d.cloud.Env()...)
	env.Vars = append(env.Vars, "HOME="+home, "USERPROFILE="+home, "XDG_CONFIG_HOME="+home, "SSH_AUTH_SOCK=",
		"PORTICO_CONFIG="+filepath.Join(dir, "config.yaml"), "NO_COLOR=1", "GORACE=atexit_sleep_ms=0", "GATEWAY="+d.address().String())
	return d.writeFiles(dir)
}

func (d *demo) address() netip.Addr {
	for _, i := range d.cloud.Servers() {
		if i.Name == "gw-1" {
			return i.Floating[0]
		}
	}
	return netip.Addr{}
}

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	// quota RESOURCE N sets a limit of the project.
	"quota": func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		ts.Check(demoOf(ts).cloud.SetQuota(args[0], n))
	},
	// mark remembers now; nowrites checks that no call has changed the cloud since.
	"mark": func(ts *testscript.TestScript, _ bool, _ []string) { demoOf(ts).mark = demoOf(ts).cloud.Mark() },
	"nowrites": func(ts *testscript.TestScript, _ bool, _ []string) {
		if w := demoOf(ts).cloud.WritesSince(demoOf(ts).mark); len(w) > 0 {
			ts.Fatalf("the cloud was changed: %v", w)
		}
	},
	// norules checks that nothing of ours stands on the gateway.
	"norules": func(ts *testscript.TestScript, _ bool, _ []string) {
		if text := demoOf(ts).gateway.Ruleset().Format(false); strings.Contains(text, "PORTICO") {
			ts.Fatalf("rules stand:\n%s", text)
		}
	},
	// byhand LINE... adds rules to the gateway's nat table, as an operator would: each line is what
	// iptables-restore reads.
	"byhand": func(ts *testscript.TestScript, _ bool, lines []string) {
		ts.Check(demoOf(ts).gateway.AddForeignRules("*nat\n" + strings.Join(lines, "\n") + "\nCOMMIT\n"))
	},
	// bywiki FIRST LAST BASE PORT... adds what the wiki's script does for each address of 192.168.0.0/24: the
	// public port BASE plus the address's number leads to PORT, and so on with the next two.
	"bywiki": func(ts *testscript.TestScript, _ bool, args []string) {
		n := make([]int, len(args))
		for i, a := range args {
			var err error
			n[i], err = strconv.Atoi(a)
			ts.Check(err)
		}
		var b strings.Builder
		for host := n[0]; host <= n[1]; host++ {
			for i := 2; i+1 < len(n); i += 2 {
				fmt.Fprintf(&b, "-A PREROUTING -i ens3 -p tcp -m tcp --dport %d -j DNAT --to-destination 192.168.0.%d:%d\n", n[i]+host, host, n[i+1])
			}
		}
		ts.Check(demoOf(ts).gateway.AddForeignRules("*nat\n" + b.String() + "COMMIT\n"))
	},
	// nobuild lets the cloud fail to build the next server.
	"nobuild": func(ts *testscript.TestScript, _ bool, _ []string) {
		demoOf(ts).cloud.FailBuilds(emulator.NoValidHost, 1)
	},
	// gone NAME... deletes instances, as others would.
	"gone": func(ts *testscript.TestScript, _ bool, names []string) {
		ts.Check(demoOf(ts).cloud.Fill(func(m *emulator.Model) {
			for _, n := range names {
				m.DeleteServer(emulator.ID("server", n))
			}
		}))
	},
	// breaks PROGRAM lets a program of the gateway fail from now on; mends ends that.
	"breaks": func(ts *testscript.TestScript, _ bool, args []string) {
		demoOf(ts).gateway.Fail(gatewayemulator.Fault{Program: args[0], Times: -1, Exit: 1, Stderr: "no"})
	},
	"mends":  func(ts *testscript.TestScript, _ bool, _ []string) { demoOf(ts).gateway.Heal() },
	"reboot": func(ts *testscript.TestScript, _ bool, _ []string) { demoOf(ts).gateway.Reboot() },
	// ids OLDER NEWER puts the IDs of two records into variables; damage cuts the older one off.
	"ids": func(ts *testscript.TestScript, _ bool, args []string) {
		records, err := history.Open(demoHistory(ts.MkAbs("demo"))).List()
		ts.Check(err)
		ts.Setenv(args[0], records[1].ID)
		ts.Setenv(args[1], records[0].ID)
	},
	"damage": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(os.Truncate(filepath.Join(demoHistory(ts.MkAbs("demo")), args[0]+".json"), 10))
	},
	// tofull COMMAND... runs a command whose output goes to a full disk; it must end with 1.
	"tofull": func(ts *testscript.TestScript, _ bool, args []string) {
		err := ts.Exec("sh", "-c", strings.Join(args, " ")+" >/dev/full")
		if err == nil || err.Error() != "exit status 1" {
			ts.Fatalf("ended with %v, want exit status 1", err)
		}
	},
	// exits CODE COMMAND... runs a command that must end with this exit code.
	"exits": func(ts *testscript.TestScript, _ bool, args []string) {
		err := ts.Exec(args[1], args[2:]...)
		got := 0
		if err != nil {
			_, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &got)
			ts.Check(scanErr)
		}
		if fmt.Sprint(got) != args[0] {
			ts.Fatalf("exit %d, want %s", got, args[0])
		}
	},
}

func demoOf(ts *testscript.TestScript) *scriptDemo {
	d, _ := ts.Value(demoKey{}).(*scriptDemo)
	return d
}
