// Package userdata renders what a machine is given for its first boot, so that it comes up as a
// gateway: a shell script, or the same as cloud-config. It is pure: what only the machine knows,
// its address above all, the script finds out there.
//
// The files and chains come from the nat engine's own renderer, so that a machine that has run the
// script is for that engine a gateway as it left it itself.
package userdata

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/nat"
)

// Limit is how large user data may be, in bytes, as it is sent to Nova: in base64.
const Limit = 65535

// Options is what the gateway is to be. The zero value is one that carries nothing yet.
type Options struct {
	Name string // for the comment that says what the script is for; may be empty
	// Forwards stand from the first boot on. Their public address does not matter.
	Forwards []gateway.Forward
	Covers   []gateway.Cover // the subnets that these publish whole
	NoSNAT   bool            // as in [gateway.Gateway]
}

//go:embed boot.sh
var bootScript string

// unknown stands for the machine's own address while the rules are rendered. No forward can have it.
var unknown = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Tokens that the script replaces at boot.
const (
	tokenAddress = "@ADDRESS@"
	tokenBefore  = "@BEFORE@"
)

// Script is a POSIX shell script for user data. An error of Kind Invalid says what cannot be forwarded,
// or that the script is larger than Nova takes.
func Script(o Options) (string, error) {
	text, err := script(o)
	if err != nil {
		return "", err
	}
	return text, checkSize(text)
}

func script(o Options) (string, error) {
	files, err := nat.BootFiles(gateway.Gateway{Name: o.Name, FixedIP: unknown, NoSNAT: o.NoSNAT}, o.Forwards, o.Covers...)
	if err != nil {
		return "", err
	}
	title, with := "", ""
	if name := oneLine(o.Name); name != "" {
		title = ", for " + name
	}
	switch n := len(o.Forwards); {
	case n == 1:
		with = " with 1 forward"
	case n > 1:
		with = fmt.Sprintf(" with %d forwards", n)
	}
	return strings.NewReplacer(
		"@TITLE@", title, "@WITH@", with, "@TRIES@", "30", "@PAUSE@", "2",
		"@RULES@", files.Rules.Path, "@RESTORE@", files.Restore.Path, "@UNITNAME@", files.UnitName,
		"@FILES@", fileCommands(files, len(o.Covers) > 0), "@STANDING@", standing(files),
	).Replace(bootScript), nil
}

// fileCommands writes each file. The one that says that the machine is a gateway comes last.
func fileCommands(f nat.Files, mapped bool) string {
	var b strings.Builder
	rules := f.Rules
	rules.Text = strings.ReplaceAll(rules.Text, unknown.String(), tokenAddress)
	sysctl := f.Sysctl
	sysctl.Text = fmt.Sprintf(sysctl.Text, tokenBefore)
	b.WriteString(put(sysctl) + putRules(rules, mapped) + put(f.Restore))
	b.WriteString("\tif command -v systemctl >/dev/null 2>&1; then\n")
	b.WriteString(put(f.Unit))
	fmt.Fprintf(&b, "\t\tif [ \"$(systemctl is-enabled %[1]s 2>/dev/null)\" != enabled ]; then\n", f.UnitName)
	fmt.Fprintf(&b, "\t\t\tsystemctl daemon-reload\n\t\t\tsystemctl enable %[1]s >/dev/null 2>&1 || forget \"%[1]s could not be enabled\"\n\t\t\tchanged=1\n\t\tfi\n", f.UnitName)
	b.WriteString("\telse\n\t\tsay \"there is no systemd here: what is published will not survive a reboot\"\n\tfi\n")
	b.WriteString(put(f.Prepared))
	return b.String()
}

// readable is how large a file may be, in bytes, to come as it is; larger ones are packed.
const readable = 6 << 10

func put(f nat.File) string {
	if len(f.Text) > readable {
		return putAs(f, "packed", pack(f.Text))
	}
	return putAs(f, "plain", f.Text)
}

// putRules writes the rules. A subnet's mapping may hold the machine's own address, which it leaves out.
func putRules(f nat.File, mapped bool) string {
	if mapped {
		return putAs(f, "mapping", pack(f.Text))
	}
	return put(f)
}

func putAs(f nat.File, form, text string) string {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return fmt.Sprintf("\tput %s %s %s <<'PORTICO'\n%sPORTICO\n", f.Path, f.Mode, form, text)
}

// pack is the text for "base64 -d | gzip -d".
func pack(text string) string {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err) // a buffer takes everything
	}
	var out strings.Builder
	for s := base64.StdEncoding.EncodeToString(b.Bytes()); s != ""; {
		n := min(len(s), 120)
		out.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return out.String()
}

func standing(f nat.Files) string {
	var b strings.Builder
	for i, j := range f.Jumps {
		table, and := "nat", " &&"
		if j.From == "FORWARD" {
			table = "filter"
		}
		if i == len(f.Jumps)-1 {
			and = ""
		}
		fmt.Fprintf(&b, "\tiptables -w 10 -t %s -C %s -j %s%s\n", table, j.From, j.To, and)
	}
	return b.String()
}

// oneLine is a name that can stand in a comment.
func oneLine(name string) string {
	return strings.Join(strings.Fields(cloud.Clean(name)), " ")
}

// Size is what a text takes of [Limit].
func Size(text string) int { return base64.StdEncoding.EncodedLen(len(text)) }

func checkSize(text string) error {
	size := Size(text)
	if size <= Limit {
		return nil
	}
	return &gateway.Error{
		Op: "put the whole mapping into user data", Kind: gateway.Invalid,
		Err:  fmt.Errorf("it is %d KiB in base64, and Nova takes %d", (size+1023)>>10, (Limit+1)>>10),
		Next: "name fewer services or a smaller subnet, or leave the mapping out and publish when the gateway is up",
	}
}
