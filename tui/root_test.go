package tui

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	"portico/tui/effects"
	"portico/tui/effects/effectstest"
	"portico/views"
)

var sizes = [][2]int{{80, 24}, {120, 40}, {40, 10}}

func TestGoldens(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("first %dx%d", size[0], size[1]), func(t *testing.T) {
			golden.RequireEqual(t, drive(t, effectstest.Project(), size[0], size[1]).screen())
		})
		for _, c := range []struct{ name, keys string }{{"instances", "1"}, {"floating IPs", "2"}, {"forwards", "3"}, {"gateways", "4"}, {"tests", "5"}, {"copy", "Y"}, {"history", "6"}, {"help", "?"}} {
			t.Run(fmt.Sprintf("%s %dx%d", c.name, size[0], size[1]), func(t *testing.T) {
				d := drive(t, effectstest.Project(), size[0], size[1]).start()
				d.keys(c.keys)
				d.settle()
				golden.RequireEqual(t, d.screen())
			})
		}
		t.Run(fmt.Sprintf("cloud down %dx%d", size[0], size[1]), func(t *testing.T) {
			b := effectstest.Project()
			b.InventoryErr = unreachable
			golden.RequireEqual(t, drive(t, b, size[0], size[1]).start().screen())
		})
		t.Run(fmt.Sprintf("gateway down %dx%d", size[0], size[1]), func(t *testing.T) {
			b := effectstest.Project()
			b.ObserveErr = &cloud.Error{Op: "reach", Target: "gw-1", Kind: cloud.Unreachable, Err: errors.New("dial tcp 203.0.113.10:22: i/o timeout"), Next: "check that gw-1 runs and that its security group lets you in on tcp/22"}
			golden.RequireEqual(t, drive(t, b, size[0], size[1]).start().screen())
		})
		t.Run(fmt.Sprintf("question %dx%d", size[0], size[1]), func(t *testing.T) {
			d := drive(t, effectstest.Project(), size[0], size[1]).start()
			d.send(views.AskMsg{ID: 7, Title: "Is this the right machine?", Lines: []string{"The host key of gw-1 is not known yet.", "", "SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE"}, Yes: "trust it", Cancel: "do not connect"})
			golden.RequireEqual(t, d.screen())
		})
	}
}

func TestStyledGoldens(t *testing.T) {
	for _, dark := range []bool{true, false} {
		t.Run(map[bool]string{true: "dark", false: "light"}[dark], func(t *testing.T) {
			d := drive(t, effectstest.Project(), 120, 40).start()
			if !dark {
				d.send(tea.BackgroundColorMsg{Color: color.White})
			}
			golden.RequireEqual(t, d.root.View().Content)
		})
	}
}

var unreachable = &cloud.Error{Op: "list the instances of", Target: "bielefeld", Kind: cloud.Unreachable, Err: errors.New("dial tcp 192.0.2.7:8774: connect: connection refused")}

// TestEverySizeFits: whatever the size and the screen, nothing panics, no line is too long and
// there are exactly as many as the terminal has.
func TestEverySizeFits(t *testing.T) {
	b := effectstest.Project()
	b.ObserveErr = errors.New("a very long error " + strings.Repeat("that goes on ", 30))
	d := drive(t, b, 0, 0).start()
	d.send(views.AskMsg{ID: 1, Title: "A question", Lines: []string{"with words"}, Secret: true, Yes: "yes", Cancel: "no"})
	asked := d.root.dialogs
	for _, target := range targets {
		d.root.nav.to(target)
		d.fits(string(target), asked)
	}
	d.root.dialogs = nil
	d.root.nav.to(views.Instances)
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.keys("enter")
	d.shows("flavor")
	d.fits("the page of an instance", asked)
}

// fits draws the screen in many sizes, with and without a question over it.
func (d *driver) fits(name string, asked []dialog) {
	d.t.Helper()
	for _, w := range []int{0, 1, 2, 3, 7, 11, 19, 23, 24, 25, 31, 39, 40, 47, 55, 64, 72, 79, 80, 81, 95, 103, 104, 119, 120, 121, 140} {
		for _, h := range []int{0, 1, 2, 3, 5, 6, 7, 9, 10, 15, 16, 20, 24, 41} {
			d.root.dialogs = asked[:h%2]
			_, _ = d.root.Update(tea.WindowSizeMsg{Width: w, Height: h})
			lines := strings.Split(d.root.View().Content, "\n")
			if w > 0 && len(lines) != max(1, h) {
				d.t.Fatalf("%s at %dx%d has %d lines", name, w, h, len(lines))
			}
			for i, l := range lines {
				if ansi.StringWidth(l) > w {
					d.t.Fatalf("%s at %dx%d: line %d is %d wide: %q", name, w, h, i, ansi.StringWidth(l), l)
				}
			}
		}
	}
}

func TestNothingHostileGetsThrough(t *testing.T) {
	b := effectstest.Project()
	b.Project.Identity.Project = "x\x1b]52;c;ZXZpbA==\x07\u202e\r\ny"
	d := drive(t, b, 120, 40, func(o *Options) { o.Cloud = "c\x1b[31m" }).start()
	for name, s := range map[string]string{"screen": d.screen(), "title": d.root.View().WindowTitle} {
		if i := strings.IndexFunc(s, func(r rune) bool { return r != '\n' && cloud.Clean(string(r)) != string(r) }); i >= 0 {
			t.Errorf("%s holds %q", name, s[i:i+1])
		}
	}
}

func TestLastGoodDataStays(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 120, 30).start()
	b.Change(func(b *effectstest.Backend) { b.InventoryErr = unreachable })
	d.pass(16 * time.Second)
	d.shows("✗ could not list the instances of bielefeld", "connection refused", "assembly-02", "ssh 30011")
	d.pass(2 * time.Minute)
	d.shows("⚠ 2 min ago", "assembly-02")
	if n := b.Calls("Inventory"); n < 4 || n > 8 {
		t.Errorf("%d attempts in two minutes", n)
	}
	b.Change(func(b *effectstest.Backend) { b.InventoryErr = nil })
	d.pass(61 * time.Second)
	d.hides("✗ could not", "⚠")
}

func TestRefreshNeverMovesTheCursor(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 80, 24).start()
	d.keys("down", "down")
	d.shows("▸ blast-db")
	b.Change(func(b *effectstest.Backend) {
		b.Project.Instances = append(b.Project.Instances[:0:0], b.Project.Instances...)
		b.Project.Instances = append(b.Project.Instances, cloud.Instance{ID: "id-new", Name: "aaa-first", Status: "ACTIVE"})
	})
	d.pass(16 * time.Second)
	d.shows("aaa-first", "▸ blast-db")
}

func TestScreensKeepTheirPlace(t *testing.T) {
	d := drive(t, effectstest.Project(), 80, 24).start()
	d.keys("/", "ass", "enter", "3", "down", "1")
	d.shows("▸ assembly-02", "1 of 10 instances")
	d.keys("3")
	d.shows("▸ 203.0.113.10:30011")
	d.keys("?")
	d.shows("other engine", "copy ssh")
	d.keys("esc")
	d.shows("▸ 203.0.113.10:30011")
}

func TestOneRefreshAtATime(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 80, 24)
	d.run(d.root.Init())
	for range 5 {
		d.keys("r")
	}
	d.settle()
	if n := b.Calls("Inventory"); n != 1 {
		t.Errorf("%d reads were started, want 1", n)
	}
}

func TestPollingIsSlowerWhileNobodyLooks(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 80, 24).start()
	d.pass(60 * time.Second)
	looking := b.Calls("Observe")
	d.send(tea.BlurMsg{})
	d.pass(60 * time.Second)
	if away := b.Calls("Observe") - looking; looking < 8 || away > 2 {
		t.Errorf("%d reads in a minute looking, %d away", looking, away)
	}
}

func TestAnswersFromBeforeAChangeAreDropped(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 80, 24).start()
	d.root.outdate()
	d.send(effects.InventoryMsg{Gen: d.root.gen - 1, Inventory: cloud.Inventory{}})
	d.send(effects.ObserveMsg{Gen: d.root.gen - 1, Err: unreachable})
	d.shows("assembly-02")
	d.hides("✗ could not")
}

func TestAPanicIsAnError(t *testing.T) {
	b := effectstest.Project()
	b.Panic = true
	d := drive(t, b, 120, 30).start()
	d.shows("a fault in the program: a test's panic")
	d.pass(16 * time.Second)
	d.shows("assembly-02")
	d.hides("a fault")
}

func TestNoGatewayIsNoFailure(t *testing.T) {
	b := effectstest.Project()
	b.Gateway.Name, b.Gateway.FixedIP = "", b.Project.FloatingIPs[2].FixedIP
	b.ObserveErr = &cloud.Error{Op: "find a gateway", Kind: cloud.NotFound, Err: errors.New("no instance of this project has a floating IP"), Next: "associate one"}
	d := drive(t, b, 120, 30).start()
	d.shows("⚠ could not find a gateway", "no gateway", "private")
	d.hides("✗ could not")
}

func TestHostKeyAndPassphraseAreAsked(t *testing.T) {
	b, p := effectstest.Project(), effects.NewPrompter()
	got := make(chan string, 1)
	b.BeforeRead = func(ctx context.Context) error {
		ok, err := p.HostKey(ctx, gateway.HostKeyQuestion{Host: "gw-1", Addr: "203.0.113.10", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"})
		if err != nil || !ok {
			return errors.New("refused")
		}
		pass, err := p.Passphrase(ctx, "/home/mg/.ssh/id")
		got <- string(pass)
		return err
	}
	d := drive(t, b, 80, 24, func(o *Options) { o.Prompter = p })
	d.run(d.root.Init())
	d.until("the host key is asked", func() bool { return strings.Contains(d.screen(), "SHA256:abc") })
	d.keys("tab", "enter") // typed before the question was there
	d.shows("SHA256:abc")
	d.now = d.now.Add(time.Second)
	d.keys("tab", "enter")
	d.until("the passphrase is asked", func() bool { return strings.Contains(d.screen(), "Passphrase") })
	d.now = d.now.Add(time.Second)
	d.keys("s3cret")
	d.shows("••••••")
	d.hides("s3cret")
	d.keys("enter")
	d.until("the gateway is read", func() bool { return strings.Contains(d.screen(), "ssh 30010") })
	if pass := <-got; pass != "s3cret" {
		t.Errorf("the asker got %q", pass)
	}
}

func TestAQuestionNobodyWaitsForIsTakenBack(t *testing.T) {
	b, p := effectstest.Project(), effects.NewPrompter()
	d := drive(t, b, 80, 24, func(o *Options) { o.Prompter = p })
	d.run(d.root.Init())
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() { _, err := p.Passphrase(ctx, "id"); failed <- err }()
	d.until("the passphrase is asked", func() bool { return len(d.root.dialogs) == 1 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the asker got %v", err)
	}
	d.until("the question is taken back", func() bool { return len(d.root.dialogs) == 0 })
}

func TestRefusedCredentialsAreNotTriedAgain(t *testing.T) {
	b := effectstest.Project()
	b.InventoryErr = &cloud.Error{Op: "log in to", Target: "bielefeld", Kind: cloud.Auth, Err: errors.New("The request you have made requires authentication. (HTTP 401)"), Next: "check user and password"}
	d := drive(t, b, 120, 30).start()
	d.shows("✗ the cloud refused the credentials: The request", "press r to try again; check user and password", "the cloud refused the credentials; r tries again")
	d.keys("p", "w", "t", "y", "enter")
	d.shows("Instances")
	d.pass(5 * time.Minute)
	if n := b.Calls("Inventory"); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	b.Change(func(b *effectstest.Backend) { b.InventoryErr = nil })
	d.keys("r")
	d.settle()
	d.shows("assembly-02")
	d.hides("refused")
}

func TestARefusedHostKeyIsAskedAboutOnRequest(t *testing.T) {
	b := effectstest.Project()
	key := &cloud.Error{Op: "trust the host key of", Target: "gw-1", Kind: cloud.HostKey, Err: errors.New("it was not accepted"), Next: "compare it"}
	b.ObserveErr = &cloud.Error{Op: "look at gateway", Target: "gw-1", Kind: cloud.HostKey, Err: key}
	d := drive(t, b, 120, 30).start()
	d.shows("✗ could not trust the host key of gw-1: it was not accepted", "press r to be asked again; compare it")
	d.hides("look at gateway")
	d.pass(5 * time.Minute)
	if n := b.Calls("Observe"); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	d.keys("r")
	d.settle()
	if n := b.Calls("Observe"); n != 2 {
		t.Errorf("after r it was asked %d times, want twice", n)
	}
}

func TestHealthIsNotSaidOfOldData(t *testing.T) {
	b := effectstest.Project()
	d := drive(t, b, 120, 30).start()
	d.shows("● healthy")
	b.Change(func(b *effectstest.Backend) { b.ObserveErr = unreachable })
	d.pass(6 * time.Second)
	d.shows("✗ not reached", "⚠ 6 s ago")
	b.Change(func(b *effectstest.Backend) { b.ObserveErr = nil })
	d.pass(time.Minute)
	d.shows("● healthy")
	d.root.gw.begin(d.now) // a read that does not end
	d.now = d.now.Add(16 * time.Second)
	d.send(nil)
	d.shows("? unknown", "⚠")
	d.hides("healthy")
}

// TestAnInstanceHasAPage: enter opens it, and q and esc go back to the list, not out of the console.
func TestAnInstanceHasAPage(t *testing.T) {
	for _, leave := range []string{"q", "esc", "enter"} {
		d := drive(t, effectstest.Project(), 80, 24).start()
		d.keys("down", "enter")
		d.shows("flavor    de.NBI large", "ssh -p 30011", "q back", "p publish")
		d.hides("REACHABLE")
		d.keys(leave)
		d.settle()
		d.shows("▸ assembly-02", "q quit")
		if d.quit {
			t.Errorf("%s quits", leave)
		}
	}
}
