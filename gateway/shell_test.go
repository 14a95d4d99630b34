package gateway

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"iptables-restore --noflush -w", []string{"iptables-restore", "--noflush", "-w"}},
		{"''", []string{""}},
		{"'a b' 'it'\\''s' '$HOME' '*' '~' 'A=1'", []string{"a b", "it's", "$HOME", "*", "~", "A=1"}},
		{"'ü' 'a\nb'", []string{"ü", "a\nb"}},
	} {
		if got := Quote(tt.args...); got != tt.want {
			t.Errorf("Quote(%q) = %s, want %s", tt.args, got, tt.want)
		}
	}
}

// FuzzQuote compares with what a real shell makes of the quoted words.
func FuzzQuote(f *testing.F) {
	sh, err := exec.LookPath("/bin/sh")
	if err != nil {
		f.Skip("no shell here")
	}
	for _, seed := range []string{"", "a", "it's", `\`, "$(id)", "`id`", "a\nb", "-n", "%s", "\xff\xfe", "!x", "'\\''", "#"} {
		f.Add(seed, "x y")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsRune(a+b, 0) {
			t.Skip("no program can get it")
		}
		out, err := exec.CommandContext(t.Context(), sh, "-c", "printf '%s\\0' "+Quote(a, b)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := []byte(a + "\x00" + b + "\x00"); !bytes.Equal(out, want) {
			t.Errorf("the shell got %q, want %q", out, want)
		}
	})
}
