package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"portico/cloud"
	"portico/gateway"
	records "portico/gateway/history"
	"portico/gateway/plan"
	"portico/themes"
	"portico/views"
	"portico/views/history"
	"portico/views/widget"
)

var (
	zone  = time.FixedZone("CET", 3600)
	now   = time.Date(2026, 11, 21, 13, 40, 0, 0, zone)
	sizes = [][2]int{{80, 24}, {120, 40}, {40, 10}}
)

var changes = []plan.Change{
	{Target: "security group portico-gw-1", Title: "allow tcp 30011 from anywhere", Action: plan.Create, After: []string{"ingress tcp 30011 0.0.0.0/0"}},
	{
		Target: "gw-1 iptables nat", Title: "forward tcp 30011 to 192.168.0.11:22 (assembly-02 ssh)", Action: plan.Update,
		Before: []string{"-A PORTICO-PREROUTING -j RETURN"},
		After: []string{
			`-A PORTICO-PREROUTING -d 192.168.0.4/32 -p tcp -m tcp --dport 30011 -m comment --comment "portico v1 vm=0b5f6b1c svc=ssh" -j DNAT --to-destination 192.168.0.11:22`,
			"-A PORTICO-PREROUTING -j RETURN",
		},
	},
	{Target: "gw-1 files", Title: "remove /etc/portico/rules.v4.old", Action: plan.Delete, Before: []string{"/etc/portico/rules.v4.old"}},
}

func record(minutes int, result records.Result, title string) records.Record {
	at := now.Add(-time.Duration(minutes) * time.Minute).UTC()
	r := records.Record{
		Version: 1, ID: records.NewID(at, "0f1e2d3c4b5a"), By: "debian@console", At: at, Ended: at.Add(2100 * time.Millisecond),
		Project: "metagenomics", Gateway: "gw-1", GatewayID: "9e8d", Title: title, Changes: changes, Result: result,
	}
	if result == records.Applying {
		r.Ended = time.Time{}
	}
	return r
}

// news is one record of each result.
func news() views.HistoryMsg {
	left := record(60*24*3, records.Partly, "withdraw jupyter: http")
	left.Error = "could not restore the rules of gw-1: ssh: connection lost while the command ran"
	left.Left = []string{"gw-1 iptables nat: forward tcp 30011 to 192.168.0.11:22 (assembly-02 ssh)"}
	undone := record(90, records.Undone, "publish blast-db, jupyter, portal, 9 more: ssh, http, https")
	undone.Error = "could not add a rule to security group portico-gw-1: quota exceeded: 100 of 100 rules are in use"
	return views.HistoryMsg{At: now, Records: []records.Record{
		record(1, records.Applying, "publish annotation-01: ssh"),
		record(41, records.Applied, "publish assembly-02: ssh, http"),
		undone,
		record(60*5, records.RolledBack, "publish assembly-02: ssh"),
		left,
		record(60*24*400, "postponed", "publish old-mapper: ssh"),
	}}
}

const evil = "evil\x1b]52;c;ZXZpbA==\x07\x1b[31m\u202e\r\nline 日本語の名前はとても長い"

// hostile is what a record says that others wrote, as it comes from a store.
func hostile(t *testing.T) views.HistoryMsg {
	t.Helper()
	r := record(3, evil, evil)
	r.By, r.Gateway, r.Project, r.Error, r.Left = evil, evil, evil, evil, []string{evil, evil}
	r.Changes = []plan.Change{{Target: evil, Title: evil, Action: plan.Create, Before: []string{evil}, After: []string{evil + strings.Repeat("x", 300)}}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	clean, err := records.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return views.HistoryMsg{At: now, Records: []records.Record{clean, record(5, records.Applied, "publish assembly-02: ssh")}}
}

func open(w, h int, msgs ...tea.Msg) views.Screen {
	var s views.Screen = history.New()
	for _, m := range append([]tea.Msg{views.SizeMsg{Width: w, Height: h}}, msgs...) {
		s, _ = s.Update(m)
	}
	return s
}

func press(s views.Screen, keys string) (i views.Intent) {
	special := map[rune]tea.KeyPressMsg{'\n': {Code: tea.KeyEnter}, '<': {Code: tea.KeyEscape}}
	for _, r := range keys {
		m, ok := special[r]
		if !ok {
			m = tea.KeyPressMsg{Code: r, Text: string(r)}
		}
		s, i = s.Update(m)
	}
	return i
}

// view draws the screen and checks that it keeps to its size.
func view(t *testing.T, s views.Screen, w, h int) string {
	t.Helper()
	out := ansi.Strip(s.View(views.Frame{Width: w, Height: h, Now: now, Styles: themes.New(themes.Default(), true)}))
	lines := strings.Split(out, "\n")
	if len(lines) != h {
		t.Errorf("%dx%d: %d lines", w, h, len(lines))
	}
	for _, l := range lines {
		if widget.Width(l) > w {
			t.Errorf("%dx%d: a line of %d: %q", w, h, widget.Width(l), l)
		}
	}
	return out
}

var unread = &gateway.Error{Op: "read the history of", Target: "gw-1", Kind: gateway.Unreachable, Err: errors.New("dial tcp 203.0.113.10:22: i/o timeout")}

func TestView(t *testing.T) {
	cases := []struct {
		name, keys string
		msg        tea.Msg
	}{
		{"list", "jjj", news()},
		{"page", "jjjj\n", news()},
		{"empty", "", views.HistoryMsg{At: now}},
		{"error", "", views.HistoryMsg{At: now, Err: unread}},
		{"part", "", views.HistoryMsg{At: now, Err: unread, Records: news().Records[:2]}},
		{"hostile", "", hostile(t)},
		{"hostile page", "\n", hostile(t)},
	}
	for _, c := range cases {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s %dx%d", c.name, size[0], size[1]), func(t *testing.T) {
				s := open(size[0], size[1], c.msg)
				press(s, c.keys)
				golden.RequireEqual(t, view(t, s, size[0], size[1]))
			})
		}
	}
}

func TestEverySizeFits(t *testing.T) {
	for _, msg := range []tea.Msg{news(), hostile(t), views.HistoryMsg{At: now, Err: unread}} {
		for _, keys := range []string{"", "\n"} {
			for _, w := range []int{1, 3, 5, 12, 24, 39, 59, 60, 100, 119, 120} {
				for _, h := range []int{1, 2, 3, 7, 8, 11, 12, 30} {
					s := open(w, h, msg)
					press(s, keys)
					view(t, s, w, h)
				}
			}
		}
	}
}

func TestNothingHostileGetsThrough(t *testing.T) {
	s := open(120, 40, hostile(t))
	copied, ok := press(s, "y").(views.CopyText)
	if !ok {
		t.Fatal("y does not copy")
	}
	all := view(t, s, 120, 40) + copied.Text
	press(s, "\n")
	all += view(t, s, 120, 40)
	if i := strings.IndexFunc(all, func(r rune) bool { return r != '\n' && cloud.Clean(string(r)) != string(r) }); i >= 0 {
		t.Errorf("%q got through", all[i:i+1])
	}
}

func TestCopyIsTheDiff(t *testing.T) {
	for _, keys := range []string{"jjjjy", "jjjj\ny"} {
		i, ok := press(open(80, 24, news()), keys).(views.CopyText)
		if !ok || i.What != "the record" {
			t.Fatalf("%q does %+v", keys, i)
		}
		golden.RequireEqual(t, i.Text)
	}
}

func TestKeys(t *testing.T) {
	s := open(80, 24, news())
	if i := press(s, "r"); i != (views.Refresh{}) {
		t.Errorf("r does %+v", i)
	}
	n := s.(views.Nested)
	if press(s, "\n"); !n.Nested() {
		t.Error("enter opens no page")
	}
	if i := press(s, "<"); n.Nested() || i != nil {
		t.Errorf("esc does not close the page, and does %+v", i)
	}
	press(s, "/jupyter http\n")
	if v := view(t, s, 80, 24); strings.Contains(v, "annotation-01") || !strings.Contains(v, "2 of 6 records") {
		t.Errorf("the filter shows\n%s", v)
	}
}

// TestTheCursorStays: new records come on top, and the page that is open stays open.
func TestTheCursorStays(t *testing.T) {
	all := news()
	s := open(80, 24, views.HistoryMsg{At: now, Records: all.Records[1:]})
	press(s, "\n")
	s, _ = s.Update(all)
	if v := view(t, s, 80, 24); !strings.Contains(v, "publish assembly-02: ssh, http") {
		t.Errorf("another record is open:\n%s", v)
	}
	s, _ = s.Update(views.HistoryMsg{At: now, Err: unread})
	press(s, "<")
	if v := view(t, s, 80, 24); !strings.Contains(v, "6 records") || !strings.Contains(v, "not all of the history could be read") {
		t.Errorf("what was known is gone:\n%s", v)
	}
}

func TestBeforeTheCloudHasAnswered(t *testing.T) {
	for _, c := range []struct {
		want string
		msg  views.SnapshotMsg
	}{
		{"reading the history…", views.SnapshotMsg{}},
		{"when the cloud has answered", views.SnapshotMsg{CloudErr: unread}},
		{"reading the history…", views.SnapshotMsg{CloudErr: unread, CloudAt: now}},
	} {
		if v := view(t, open(80, 24, c.msg), 80, 24); !strings.Contains(v, c.want) {
			t.Errorf("%q is not in\n%s", c.want, v)
		}
	}
}

func TestNothingToActOn(t *testing.T) {
	s := open(80, 24, views.HistoryMsg{At: now})
	if i := press(s, "y\nj"); i != nil || s.(views.Nested).Nested() {
		t.Errorf("a key did %+v", i)
	}
}
