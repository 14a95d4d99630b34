package preview_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"portico/gateway/publish"
	"portico/views"
	"portico/views/preview/previewtest"
)

// Each page is copied and written as it is shown.
func TestWhatIsShownIsCopiedAndWritten(t *testing.T) {
	p := previewtest.Proposal(previewtest.Assembly)
	cases := []struct {
		tabs       int
		file       string
		has, lacks []string
	}{
		{0, "portico-0123456789ab.txt", []string{"! open to the whole internet", "+ 203.0.113.10:30011 -> 192.168.0.11:22 (ssh) of assembly-02, from anywhere", "security group rules: 88 -> 94 (of 100)"}, []string{"openstack "}},
		{1, "portico-0123456789ab.rules", []string{"*nat\n", "--dport 30011", "COMMIT\n"}, []string{"iptables-restore", "openstack "}},
		{2, "portico-0123456789ab.sh", []string{"set -e\n", "openstack security group create", "sudo sh -e -s <<PORTICO", "sysctl -w", "iptables-restore", "    iptables -w 10"}, []string{"\t"}},
		{3, "portico-0123456789ab-openstack.sh", []string{"set -e\n", "openstack port set", "# not in the cloud: gw-1 sysctl: IP forwarding on"}, []string{"iptables-restore", "sysctl -w"}},
	}
	for _, c := range cases {
		s := show(p)
		for range c.tabs {
			press(t, s, "tab")
		}
		copied, ok := press(t, s, "y").(views.CopyText)
		written, wrote := press(t, s, "e", "enter").(views.Export)
		if !ok || !wrote || copied.Text != written.Text || copied.What != written.What {
			t.Fatalf("copied %q, written %q", copied.Text, written.Text)
		}
		if written.Path != c.file || written.Overwrite {
			t.Errorf("written to %q, want %q", written.Path, c.file)
		}
		text := strings.ReplaceAll(written.Text, "<<'PORTICO'", "<<PORTICO")
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.file, want, text)
			}
		}
		for _, not := range c.lacks {
			if strings.Contains(text, not) {
				t.Errorf("%s: %q in\n%s", c.file, not, text)
			}
		}
	}
}

func TestTheFileCanHaveAnotherName(t *testing.T) {
	s := show(previewtest.Proposal(previewtest.Assembly))
	press(t, s, "e")
	for range 40 {
		s.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	if press(t, s, "enter") != nil || s.Asking() {
		t.Error("a file without a name is written")
	}
	press(t, s, "e")
	for range 40 {
		s.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	s.Update(tea.PasteMsg{Content: "/tmp/\x1b[31mx\u202e.sh\r\n"})
	if x, ok := press(t, s, "enter").(views.Export); !ok || strings.ContainsAny(x.Path, "\x1b\u202e\r\n") || !strings.HasPrefix(x.Path, "/tmp/") {
		t.Errorf("%#v", x)
	}
	press(t, s, "e", "tab", "enter")
	if s.Asking() {
		t.Error("Cancel does not close it")
	}
}

func TestWithdrawingIsTyped(t *testing.T) {
	one, many := previewtest.Withdrawal(previewtest.Assembly), previewtest.Withdrawal(previewtest.Assembly, previewtest.Japanese)
	odd := previewtest.Withdrawal(previewtest.Emoji)
	unnamed := previewtest.Assembly
	unnamed.Name = "" // all that it had was cleaned away
	bare := previewtest.Withdrawal(unnamed)
	retired := previewtest.Withdrawal(previewtest.Assembly, previewtest.Japanese)
	retired.Request = publish.Request{Make: publish.Retire}
	cases := []struct {
		name     string
		proposal publish.Proposal
		keys     []string
		does     bool
		open     bool
	}{
		{"nothing typed is Cancel", one, []string{"enter", "enter"}, false, false},
		{"tab does not reach the button", one, []string{"enter", "tab", "enter"}, false, false},
		{"a part of the name waits for the rest", one, []string{"enter", "assembly-0", "enter"}, false, true},
		{"the name", one, []string{"enter", "assembly-02", "enter"}, true, false},
		{"the name, and then Cancel after all", one, []string{"enter", "assembly-02", "tab", "enter"}, false, false},
		{"another name", one, []string{"enter", "assembly-01", "enter"}, false, true},
		{"letters are no shortcuts", one, []string{"enter", "qnhl"}, false, true},
		{"the number of forwards where there are several VMs", many, []string{"enter", "4", "enter"}, true, false},
		{"not one of the names", many, []string{"enter", "assembly-02", "enter"}, false, true},
		{"another number", many, []string{"enter", "3", "enter"}, false, true},
		{"the number where the name is hard to type", odd, []string{"enter", "2", "enter"}, true, false},
		{"the number where there is no name", bare, []string{"enter", "2", "enter"}, true, false},
		{"not nothing where there is no name", bare, []string{"enter", "right", "enter"}, false, false},
		{"a gateway is retired by its name", retired, []string{"enter", "gw-1", "enter"}, true, false},
		{"not by less", retired, []string{"enter", "gw", "enter"}, false, true},
		{"esc", one, []string{"enter", "assembly-02", "esc"}, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := show(c.proposal)
			_, does := press(t, s, c.keys...).(views.Apply)
			if does != c.does || s.Asking() != c.open {
				t.Errorf("withdraws: %t, open: %t", does, s.Asking())
			}
		})
	}
	s := show(one)
	press(t, s, "enter")
	s.Update(tea.PasteMsg{Content: "assembly-02\n"})
	if _, does := press(t, s, "enter").(views.Apply); !does {
		t.Error("it cannot be pasted")
	}
	s = show(one)
	press(t, s, "enter")
	s.Update(tea.PasteMsg{Content: "assem\x1bbly-02"})
	if _, does := press(t, s, "enter").(views.Apply); does {
		t.Error("what is pasted is not compared as it is shown")
	}
}

// What must be typed is in sight at every size.
func TestTheWordIsShown(t *testing.T) {
	for _, size := range sizes {
		s := show(previewtest.Withdrawal(previewtest.Assembly))
		press(t, s, "enter")
		if out := draw(t, s, size.w, size.h); !strings.Contains(out, "type assembly-02") {
			t.Errorf("%dx%d:\n%s", size.w, size.h, out)
		}
	}
}

func TestFormsWithNothingInThem(t *testing.T) {
	p := previewtest.Proposal(previewtest.Assembly)
	p.Plan = previewtest.Plan(p.Plan.Changes()[:2]...) // in the cloud alone
	s := show(p)
	press(t, s, "tab")
	if out := draw(t, s, 80, 24); !strings.Contains(out, "no rules of the gateway change") {
		t.Errorf("\n%s", out)
	}
}
