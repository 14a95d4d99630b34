package publish_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"portico/cloud/emulator"
	"portico/gateway/host"
	"portico/gateway/hostkey"
	"portico/gateway/plan"
	"portico/gateway/provision"
	"portico/gateway/publish"
)

// oldKey is the step that forgets what known_hosts has of an address.
type oldKey struct {
	cfg  host.Config
	back func() error
}

func (s *oldKey) Change() plan.Change { return plan.Change{ID: "known-hosts"} }

func (s *oldKey) Do(ctx context.Context) (err error) {
	s.back, err = host.Forget(ctx, s.cfg)
	return err
}

func (s *oldKey) Undo(context.Context) error { return s.back() }

func (n *nursery) forget(name, instanceID string) (plan.Step, error) {
	return &oldKey{cfg: host.Config{
		Host: name, SSHConfig: "none", KnownHosts: []string{n.known},
		Vouched: func(ctx context.Context) (hostkey.Set, error) { return n.HostKeys(ctx, instanceID) },
	}}, nil
}

// Where a gateway is taken away again, known_hosts is as it was: what was learned of it is gone, and the key
// of the machine that had its address before is back. What others wrote meanwhile stays.
func TestCreateGatewayUnlearns(t *testing.T) {
	other := knownhosts.Line([]string{"198.51.100.1"}, signer(t).PublicKey()) + "\n"
	for name, tt := range map[string]struct {
		before    func(n *nursery) string
		there     bool
		meanwhile string
	}{
		"there is none":         {func(*nursery) string { return "" }, false, ""},
		"it has others":         {func(*nursery) string { return other }, true, ""},
		"its last line is open": {func(*nursery) string { return other[:len(other)-1] }, true, ""},
		"it has an older key": {func(n *nursery) string {
			return knownhosts.Line([]string{n.public.String()}, signer(t).PublicKey()) + "\n" + other
		}, true, ""},
		"others write, too": {func(*nursery) string { return other }, true, "198.51.100.2 ssh-ed25519 AAAA\n"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNursery(t, emulator.WorldNoGateway, 0)
			n.Publisher = publish.New(n.client, n.client, n.client, n, publish.Options{
				Maker: n.client, FloatingIPs: n.client, Forget: n.forget,
				Identities: func() []publish.Identity {
					return []publish.Identity{{File: "~/.ssh/id_ed25519", PublicKey: authorized(n.key)}}
				},
			})
			before := tt.before(n)
			if tt.there {
				n.write(t, before)
			}
			pr, err := n.propose(t, provision.Wish{Name: "gw-new"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			out := n.Apply(ctx, pr, publish.Watch{Step: func(e plan.Event) {
				if e.Change.ID == "reach" && e.State == plan.Done {
					n.checkKnown(t)
					text, _ := os.ReadFile(n.known)
					n.write(t, string(text)+tt.meanwhile)
					stop()
				}
			}})
			if out.Report.OK() || len(out.Report.Left) > 0 {
				t.Fatalf("error %v, left %v, %v", out.Report.Err, out.Report.Left, out.Report.Undo)
			}
			after, err := os.ReadFile(n.known)
			if string(after) != before+tt.meanwhile || tt.there != (err == nil) {
				t.Errorf("known_hosts is (%v)\n%swas\n%s", err, after, before)
			}
		})
	}
}

func (n *nursery) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(n.known, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

// The same wish makes the same plan, whatever token marks what is made; another wish another one.
func TestCreateGatewayPlanID(t *testing.T) {
	n := newNursery(t, emulator.WorldNoFloatingIP, 0)
	ids := map[string]bool{}
	marks := map[string]bool{}
	for _, w := range []provision.Wish{{Name: "gw-new"}, {Name: "gw-new"}, {Name: "gw-other"}, {Name: "gw-new", Boot: provision.Script}, {Name: "gw-new", Boot: provision.OwnData, UserData: []byte("abc")}, {Name: "gw-new", Boot: provision.OwnData, UserData: []byte("xyz")}} {
		pr, err := n.propose(t, w)
		if err != nil {
			t.Fatal(err)
		}
		ids[pr.Plan.ID] = true
		marks[pr.Text(publish.OpenStackForm)] = true
	}
	if len(ids) != 5 || len(marks) != 6 {
		t.Errorf("%d plans of 5 wishes: %v; marked in %d ways", len(ids), ids, len(marks))
	}
}

// checkKnown sees that known_hosts has the new gateway's key.
func (n *nursery) checkKnown(t *testing.T) {
	t.Helper()
	if text, _ := os.ReadFile(n.known); !strings.Contains(string(text), strings.Fields(authorized(n.hostKey))[1]) {
		t.Errorf("known_hosts does not have the key: %s", text)
	}
}
