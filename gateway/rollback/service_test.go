package rollback

import (
	"context"
	"strings"
	"testing"

	"portico/gateway/emulator"
	"portico/gateway/host"
)

// A service of ours is put back as it was, file and all: whether it ran, and whether it is started at boot.
func TestServicesArePutBack(t *testing.T) {
	t.Parallel()
	const (
		file  = "/etc/systemd/system/portico-shares.service"
		write = "cat >" + file + " <<'E'\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
		look  = "systemctl is-active portico-shares 2>/dev/null || true; systemctl is-enabled portico-shares 2>/dev/null || true; stat -c %a " + file + " 2>/dev/null || true; cat " + file + " 2>/dev/null || true"
		old   = write + "# old\nE\nchmod 600 " + file + "\n"
		other = write + "# new\nE\nchmod 644 " + file + "\n"
		on    = "systemctl enable portico-shares 2>/dev/null; systemctl restart portico-shares"
		off   = "systemctl disable --now portico-shares 2>/dev/null"
	)
	for name, tt := range map[string]struct{ before, change string }{
		"it was not there":                   {"true", other + on},
		"it was stopped":                     {old, other + on},
		"it was enabled and did not run":     {old + "systemctl enable portico-shares 2>/dev/null", other + on},
		"it ran and was not enabled":         {old + "systemctl start portico-shares", other + on},
		"it ran":                             {old + on, other + on},
		"it ran, and is gone":                {old + on, off + "; rm " + file},
		"it ran, and nothing was changed":    {old + on, "true"},
		"it was stopped, and is still there": {old, "true"},
	} {
		for _, reboot := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", and the host is started again"}[reboot], func(t *testing.T) {
				t.Parallel()
				gw, r := emulated(t, emulator.Config{})
				s := newSwitch(r)
				s.Files = []string{file}
				r.shell(t, tt.before)
				before := r.shell(t, look)
				was := sums(t, r)
				was.Files = strings.Fields(r.shell(t, "cat "+file+" 2>/dev/null | sha256sum"))[0]
				l, err := s.Arm(context.Background(), record("aaa", "ada@laptop"), MaxWindow, was)
				if err != nil {
					t.Fatal(err)
				}
				r.shell(t, tt.change)
				if reboot {
					gw.Reboot()
					if err := r.run.(*host.SSH).Redial(context.Background()); err != nil {
						t.Fatal(err)
					}
					untilIdle(t, r)
				} else if err := l.Fire(context.Background(), "a test says so"); err != nil {
					t.Fatal(err)
				}
				if reboot && strings.Contains(before, "\nenabled") {
					before = strings.Replace(before, "inactive", "active", 1) // a reboot starts it
				}
				if after := r.shell(t, look); after != before {
					t.Errorf("it was\n%s\nand is\n%s", before, after)
				}
			})
		}
	}
}
