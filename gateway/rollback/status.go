package rollback

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
)

// StatusScript prints what ParseStatus reads. It is a part of what an engine runs to look at a
// gateway.
const StatusScript = `(cd /var/lib/portico 2>/dev/null || exit 0
if told=$(cat armed/id armed/by armed/at) && left=$(cat armed/deadline) && boot=$(cat armed/boot); then # else it ends just now
	read -r up rest </proc/uptime
	left=$((left - ${up%%.*}))
	[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || left=0 # it counted another boot's seconds
	echo armed; echo "$told"; echo "$left"
fi
for f in rolledback/*; do
	case $f in *'*'|*.new) ;; *) echo rolledback; echo "${f##*/}"; cat "$f" ;; esac
done) 2>/dev/null`

// ParseStatus reads what StatusScript printed: who is changing the gateway now, and what it put
// back that nobody has seen to yet. What cannot be read is left out.
func ParseStatus(text string) (*gateway.Armed, []gateway.RolledBack) {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = cloud.Clean(l)
	}
	var armed *gateway.Armed
	var back []gateway.RolledBack
	for len(lines) > 0 {
		kind := lines[0]
		lines = lines[1:]
		switch {
		case kind == "armed" && len(lines) >= 4:
			left, _ := strconv.Atoi(lines[3])
			armed = &gateway.Armed{ID: lines[0], By: lines[1], At: parseTime(lines[2]), Left: time.Duration(max(0, left)) * time.Second}
			lines = lines[4:]
		case kind == "rolledback" && len(lines) >= 6:
			back = append(back, gateway.RolledBack{
				ID: lines[0], Whole: lines[1] == "ok", Back: parseTime(lines[2]), By: lines[3], At: parseTime(lines[4]), Why: lines[5],
			})
			lines = lines[6:]
		}
	}
	return armed, back
}

func parseTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s) // a zero time is shown as unknown
	return t
}

// historyScript prints the newest $1 records that are kept here, and how the gateway ended those
// it put back.
const historyScript = `cd /var/lib/portico/history 2>/dev/null || exit 0
ls | grep '\.json$' | sort -r | head -n "$1" | while read -r f; do
	printf '\n@@portico record\n'; cat "$f"
	b=${f%.json}.rolledback
	if [ -e "$b" ]; then printf '\n@@portico rolledback\n'; cat "$b"; fi
done`

// maxRecords is how many of a gateway's records are read.
const maxRecords = 100

// History reads the records kept on the gateway, newest first. One that cannot be read is left out, and
// so is a host of several that does not answer.
func (s *Switch) History(ctx context.Context) ([]history.Record, error) {
	if len(s.Peers) == 0 {
		return s.history(ctx)
	}
	return s.historyOfAll(ctx)
}

func (s *Switch) history(ctx context.Context) ([]history.Record, error) {
	res, err := s.Runner.Run(ctx, gateway.Command{Args: []string{"sh", "-c", historyScript, "portico", strconv.Itoa(maxRecords)}})
	if err != nil {
		return nil, s.failed("read the history of", cloud.KindOf(err), err)
	}
	if res.Exit != 0 {
		return nil, s.failed("read the history of", gateway.Internal, fmt.Errorf("exit %d: %s", res.Exit, cloud.Clean(string(res.Stderr))))
	}
	var out []history.Record
	readable := false
	for part := range strings.SplitSeq(string(res.Stdout), "\n@@portico ") {
		kind, body, _ := strings.Cut(part, "\n")
		switch kind {
		case "record":
			r, err := history.Decode([]byte(body))
			if readable = err == nil; readable {
				out = append(out, r)
			}
		case "rolledback":
			if readable {
				endRolledBack(&out[len(out)-1], body)
			}
		}
	}
	return out, nil
}

// endRolledBack notes how a record ended that the gateway put back.
func endRolledBack(r *history.Record, note string) {
	_, back := ParseStatus("rolledback\n" + r.ID + "\n" + note)
	if len(back) == 0 {
		return
	}
	r.Result, r.Ended, r.Error = history.RolledBack, back[0].Back, back[0].Why
	if !back[0].Whole {
		r.Result, r.Error = history.Partly, "the gateway tried to put it back ("+back[0].Why+") and could not whole"
	}
}

// acknowledgeScript forgets the notes named, which somebody has seen to.
const acknowledgeScript = `cd /var/lib/portico/rolledback 2>/dev/null || exit 0
for id in "$@"; do rm -f -- "$id" || exit 1; done`

// Acknowledge says that somebody has seen to what the gateway put back: its notes go, its
// history stays.
func (s *Switch) Acknowledge(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	for _, p := range s.Peers {
		if err := p.Acknowledge(ctx, ids...); err != nil {
			return err
		}
	}
	args := []string{"sh", "-c", acknowledgeScript, "portico"}
	for _, id := range ids {
		if !strings.Contains(id, "/") {
			args = append(args, id)
		}
	}
	res, err := s.Runner.Run(ctx, Guarded(ctx, gateway.Command{Args: args}))
	if err == nil && res.Exit != 0 {
		err = fmt.Errorf("exit %d: %s", res.Exit, cloud.Clean(string(res.Stderr)))
	}
	if err != nil {
		return s.failed("forget what was put back on", cloud.KindOf(err), err)
	}
	return nil
}
