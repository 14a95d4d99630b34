package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
	"portico/gateway"
)

// standing is all that stands in a world, by words that are the same in every world. What is
// Portico's own in the cloud has a line a thing, "target: what", with the target as changes name it.
type standing struct {
	gateway string   // rules of both tables in order, our files, settings
	cloud   []string // our groups, their rules, and who carries them
	foreign []string // everything else that an apply could reach, with IDs and revisions
}

// gatewayFiles are the files of Portico's on a gateway.
var gatewayFiles = []string{
	"/etc/portico/rules.v4", "/etc/portico/restore.sh", "/etc/sysctl.d/60-portico.conf",
	"/etc/systemd/system/portico.service", "/etc/systemd/system/multi-user.target.wants/portico.service",
}

// look reads what stands: the gateway's part from the machine itself, the cloud's by a client.
func (w *world) look(ctx context.Context, c *console) (standing, error) {
	inv, err := c.Inventory(ctx)
	if err != nil {
		return standing{}, err
	}
	s := standing{gateway: w.gatewayText()}
	for _, g := range inv.SecurityGroups {
		ours := strings.HasPrefix(g.Description, "portico v1 ")
		if ours {
			s.cloud = append(s.cloud, fmt.Sprintf("security group %s: %s", g.Name, g.Description))
		} else {
			s.foreign = append(s.foreign, fmt.Sprint(g))
		}
		for _, r := range g.Rules {
			if ours && r.Direction == "ingress" {
				from, _ := inv.Group(r.RemoteGroup)
				s.cloud = append(s.cloud, fmt.Sprintf("security group %s: %s %s %d-%d from %s%s, %s", g.Name, r.EtherType, r.Protocol, r.PortMin, r.PortMax, r.RemotePrefix, from.Name, r.Description))
			}
		}
	}
	for _, p := range inv.Ports {
		i, _ := inv.Instance(p.DeviceID)
		for _, id := range p.Groups {
			g, _ := inv.Group(id)
			line := fmt.Sprintf("port of %s: %s", i.Name, g.Name)
			if strings.HasPrefix(g.Description, "portico v1 ") {
				s.cloud = append(s.cloud, line)
			} else {
				s.foreign = append(s.foreign, line+" "+g.ID)
			}
		}
	}
	slices.Sort(s.cloud)
	slices.Sort(s.foreign)
	return s, nil
}

// gatewayText is the gateway's part. Chains are listed in the order in which they were made, which
// means nothing; the order of rules does.
func (w *world) gatewayText() string {
	lines := strings.Split(w.gateway.Ruleset().Format(false), "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		if strings.HasPrefix(a, ":") && strings.HasPrefix(b, ":") {
			return strings.Compare(a, b)
		}
		return 0
	})
	lines = append(lines, fmt.Sprint("forwarding ", w.gateway.Forwarding()))
	for _, f := range gatewayFiles {
		if text, err := w.gateway.File(f); err == nil {
			lines = append(lines, f+":", string(text))
		}
	}
	return strings.Join(lines, "\n")
}

// difference are the lines of our part of the cloud that are in one of two only.
func difference(a, b []string) []string {
	only := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(l string) bool { return slices.Contains(b, l) })
	}
	return slices.Concat(only(a, b), only(b, a))
}

// target is what a line is about.
func target(line string) string {
	t, _, _ := strings.Cut(line, ": ")
	return t
}

// whose says whether a world is as one or another.
func whose[T any](got, old, now T) string {
	switch {
	case cmp.Equal(got, old):
		return "old"
	case cmp.Equal(got, now):
		return "new"
	}
	return "between"
}

// armed reports whether something is armed on the gateway.
func (w *world) armed() bool {
	_, err := w.gateway.File("/var/lib/portico/armed/id")
	return !errors.Is(err, fs.ErrNotExist)
}

// until waits for what must come, and says whether it came.
func until(what func() bool) bool {
	for range 3000 {
		if what() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// remains are what an apply must not leave on the gateway: what is armed, half-written files, and
// a lock that is held.
func (w *world) remains(ctx context.Context, c *console) (string, error) {
	const script = `flock -w 20 /run/portico.lock true || echo "the lock is held"
ls -d /var/lib/portico/armed /etc/systemd/system/portico-rollback.service /etc/systemd/system/multi-user.target.wants/portico-rollback.service 2>/dev/null
find /etc /var/lib -name '*.new'
exit 0`
	runner, err := c.conn.Connect(ctx, gateway.Gateway{}, nil)
	if err != nil {
		return "", err
	}
	res, err := runner.Run(ctx, gateway.Command{Args: []string{"sh", "-c", script}})
	if err == nil && len(res.Stderr) > 0 {
		err = errors.New(cloud.Clean(string(res.Stderr)))
	}
	return strings.TrimSpace(string(res.Stdout)), err
}
