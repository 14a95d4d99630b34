// Package rollback is commit-confirmed for a gateway: before a change its state is saved there and
// a timer is armed, detached from the console's connection. Unless the console that armed it
// proves in time that all is well, the gateway puts its own part back by itself, also after a
// reboot. What a gateway put back stays noted there until somebody has cleaned up after it.
//
// While it is armed nobody else can arm, and every command of the change says under the lock
// whose it is: one that comes too late, because the connection it travelled on was slow to die,
// changes nothing.
package rollback

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
)

// DefaultWindow is how long a gateway waits for a sign of life before it puts itself back.
const DefaultWindow = 60 * time.Second

// The shortest and the longest window. Below, a slow connection is taken for a dead console.
const (
	MinWindow = 5 * time.Second
	MaxWindow = time.Hour
)

// lockPath is what everybody who changes Portico's part of a gateway holds meanwhile.
const lockPath = "/run/portico.lock"

// Exit statuses of our scripts, which no program they run uses.
const (
	exitBroken     = 74
	exitStale      = 75
	exitHeld       = 77
	exitHelpless   = 78
	exitUnrecorded = 79
)

//go:embed guard.sh
var guardScript string

// Switch arms and disarms one gateway.
type Switch struct {
	Gateway gateway.Gateway
	Runner  gateway.Runner
	Files   []string  // of ours, put back with the rules
	Peers   []*Switch // of the other hosts of one gateway: what is asked of this one is asked of them, too
}

// HeldError says that somebody else is changing the gateway.
type HeldError struct {
	By   string // user@host of the console
	At   time.Time
	ID   string        // of its record
	Left time.Duration // until the gateway gives it up
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s has been changing it since %s; unless that is confirmed, it is taken back in %d s", e.By, e.At.Local().Format(time.TimeOnly), int(e.Left.Seconds()))
}

// Lease is a gateway that this console has armed.
type Lease struct {
	ID     string
	Window time.Duration
	s      *Switch
	peers  []*Lease // of the same change on other hosts
	asked  bool     // to confirm: some of the hosts may have
	fired  bool     // this host has put itself back, as it was told to
}

// Sums are the fingerprints that a plan was made from, as sha256 in hexadecimal: of each table
// without its comments and counters, and of the contents of our files one after the other.
type Sums struct{ NAT, Filter, Files string }

// Arm saves the gateway's state and starts the timer. If the sums hold no more, the error is of Kind Stale. If somebody
// else has armed it, it is of Kind Conflict and holds a *HeldError. Nothing has changed then.
func (s *Switch) Arm(ctx context.Context, r history.Record, window time.Duration, sums Sums) (*Lease, error) {
	text, err := history.Encode(r)
	if err != nil {
		return nil, s.failed("prepare the change of", gateway.Internal, err)
	}
	args := []string{"arm", r.ID, r.By, r.At.UTC().Format(time.RFC3339), strconv.Itoa(int(window.Seconds())), sums.NAT, sums.Filter, sums.Files, guardScript}
	lease := &Lease{ID: r.ID, Window: window, s: s}
	res, err := s.run(ctx, text, append(args, s.Files...)...)
	if err != nil {
		lease.drop(ctx, r)
		return nil, err
	}
	said := cloud.Clean(strings.TrimSpace(string(res.Stderr)))
	switch res.Exit {
	case 0:
		return lease, nil
	case exitStale:
		return nil, s.failed("apply the plan on", gateway.Stale, errors.New("what stands on the gateway has changed since the plan was made; nothing was changed"))
	case exitHeld:
		return nil, s.held(res.Stdout)
	case exitHelpless:
		err = errors.New("it could start neither a systemd unit nor a process in the background; nothing was changed")
	default:
		err = fmt.Errorf("exit %d: %s", res.Exit, said)
	}
	e := s.failed("arm the rollback of", gateway.Internal, err)
	e.Next = "see whether /var/lib/portico can be written there, then try again"
	return nil, e
}

// dropTimeout bounds disarming a gateway that did not say whether it was armed.
const dropTimeout = 10 * time.Second

// drop disarms a gateway whose answer to arming was lost. Nothing was changed; if it cannot be
// reached, it finds that out by itself.
func (l *Lease) drop(ctx context.Context, r history.Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	r.Result, r.Ended, r.Error = history.Undone, time.Now(), "the connection was lost before anything was changed"
	_ = l.Disarm(ctx, r)
}

func (s *Switch) held(out []byte) error {
	h := &HeldError{By: "somebody"}
	if a, _ := ParseStatus("armed\n" + string(out)); a != nil {
		h.By, h.At, h.Left, h.ID = a.By, a.At, a.Left, a.ID
	}
	e := s.failed("change", gateway.Conflict, h)
	e.Next = "wait until that has ended, then plan again"
	return e
}

// Renew gives the console another window. The error is of Kind Stale when the gateway has put
// itself back already.
func (l *Lease) Renew(ctx context.Context) error {
	return l.each(func(l *Lease) error { return l.renew(ctx) })
}

func (l *Lease) renew(ctx context.Context) error {
	res, err := l.s.Runner.Run(ctx, Guarded(l.always(ctx), gateway.Command{Args: []string{"true"}}))
	if err != nil {
		return l.s.failed("reach", cloud.KindOf(err), err)
	}
	return l.ended(res, "keep the change of")
}

// Disarm says that all is well and leaves the record of how it ended. It may be called again when
// its answer was lost. The error is of Kind Stale when the gateway has put itself back already.
func (l *Lease) Disarm(ctx context.Context, r history.Record) error {
	if len(l.peers) > 0 {
		return l.disarmAll(ctx, r)
	}
	return l.disarm(ctx, r)
}

func (l *Lease) disarm(ctx context.Context, r history.Record) error {
	text, err := history.Encode(r)
	if err != nil {
		return l.s.failed("confirm the change of", gateway.Internal, err)
	}
	// The script looks itself whether this change is armed still.
	res, err := l.s.run(context.WithValue(ctx, leaseKey{}, lease{}), text, "disarm", l.ID)
	if err != nil {
		return err
	}
	if res.Exit == exitUnrecorded {
		e := l.s.failed("write down the change of", gateway.Partial, errors.New("it is confirmed and stands, but /var/lib/portico/history cannot be written"))
		e.Next = "make room on the gateway's disk"
		return e
	}
	return l.ended(res, "confirm the change of")
}

// Fire lets the gateway put itself back at once. The error is of Kind Partial when it could not
// do so wholly, and of Kind Stale when it has put itself back already.
func (l *Lease) Fire(ctx context.Context, why string) error {
	if len(l.peers) > 0 {
		return l.fireAll(ctx, why)
	}
	return l.fire(ctx, why)
}

func (l *Lease) fire(ctx context.Context, why string) error {
	res, err := l.s.run(l.always(ctx), nil, "fire", why)
	if err != nil {
		return err
	}
	if res.Exit == exitBroken {
		e := l.s.failed("put back", gateway.Partial, errors.New("the gateway tried and could not put back all of its own part"))
		e.Next = "see what is wrong with it, a full disk perhaps, then 'portico repair'"
		return e
	}
	return l.ended(res, "put back")
}

// always marks what may run while the change is made and while it is taken back.
func (l *Lease) always(ctx context.Context) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease{id: l.ID, way: neither})
}

func (l *Lease) ended(res gateway.Result, op string) error {
	switch res.Exit {
	case 0:
		return nil
	case exitHeld:
		return l.s.failed(op, gateway.Stale, errLost)
	}
	return l.s.failed(op, gateway.Internal, fmt.Errorf("exit %d: %s", res.Exit, cloud.Clean(strings.TrimSpace(string(res.Stderr)))))
}

var errLost = errors.New("the gateway has put itself back already, because it heard nothing from this console in time")

// run runs a part of the guard script under the lock.
func (s *Switch) run(ctx context.Context, stdin []byte, args ...string) (gateway.Result, error) {
	c := gateway.Command{Args: append([]string{"sh", "-c", guardScript, "portico"}, args...), Stdin: stdin}
	res, err := s.Runner.Run(ctx, Guarded(ctx, c))
	if err != nil {
		return res, s.failed("reach", cloud.KindOf(err), err)
	}
	if res.Exit == 1 && len(res.Stdout)+len(res.Stderr) == 0 {
		e := s.failed("change", gateway.Conflict, fmt.Errorf("somebody else has been holding %s for 20 s", lockPath))
		e.Next = "try again in a moment"
		return res, e
	}
	return res, nil
}

func (s *Switch) failed(op string, kind gateway.Kind, err error) *gateway.Error {
	return &gateway.Error{Op: op, Target: "gateway " + s.Gateway.Name, Kind: kind, Err: err}
}
