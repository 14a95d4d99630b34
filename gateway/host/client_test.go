package host

import (
	"io"
	"testing"

	"portico/cloud"
	"portico/gateway"
)

func TestClientAddr(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		want string // "": an error
	}{
		"as sshd has it":       {"198.51.100.7 51234 192.168.0.4 22\n", "198.51.100.7"},
		"after a greeting":     {"welcome to gw\n198.51.100.7 51234 192.168.0.4 22\n", "198.51.100.7"},
		"IPv4 on an IPv6 port": {"::ffff:198.51.100.7 1 ::ffff:192.168.0.4 22\n", "198.51.100.7"},
		"IPv6":                 {"2001:db8::7 51234 2001:db8::4 22\n", ""},
		"nothing":              {"\n", ""},
		"something else":       {"\x1b[31m b c d\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			line := ""
			w := newWorld(t, func(c2 *call) int {
				line = c2.line
				_, _ = io.WriteString(c2.stdout, c.says)
				return 0
			}).trust(t)
			got, err := w.dial(t).ClientAddr(t.Context())
			if c.want == "" && cloud.KindOf(err) != gateway.Invalid || c.want != "" && (err != nil || got.String() != c.want) {
				t.Errorf("%v, %v", got, err)
			}
			if line != `echo "$SSH_CONNECTION"` {
				t.Errorf("it ran %q", line)
			}
		})
	}
}
