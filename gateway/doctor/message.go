package doctor

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"portico/cloud"
)

// message is what somebody pasted: an endpoint, and what else a line of ssh or curl tells.
type message struct {
	addr netip.AddrPort
	user string // who was denied
}

var (
	ipv4      = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b`)
	afterAddr = regexp.MustCompile(`^\]?(?::|,?\s+port\s+|\s+)(\d{1,5})\b`)
	portWord  = regexp.MustCompile(`(?i)(?:\bport[ :=]+|(?:^|\s)-[pP]\s*)(\d{1,5})\b`)
	userWord  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_.-]{0,31})@\[?$`)
)

// maxPasted is more than any message of ssh.
const maxPasted = 8 << 10

// parseMessage finds the endpoint that a text speaks of: "203.0.113.10:30011", an ssh command, a URL,
// or any message of ssh(1). A text without a port means that of its scheme, else 22.
func parseMessage(text string) (message, bool) {
	text = text[:min(len(text), maxPasted)]
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = cloud.Clean(lines[i])
	}
	text = strings.Join(lines, " ")
	for _, at := range ipv4.FindAllStringIndex(text, -1) {
		addr, err := netip.ParseAddr(text[at[0]:at[1]])
		if err != nil {
			continue
		}
		before, after := text[:at[0]], text[at[1]:]
		m := message{addr: netip.AddrPortFrom(addr, portOf(text, before, after))}
		if u := userWord.FindStringSubmatch(before); u != nil {
			m.user = u[1]
		}
		return m, true
	}
	return message{}, false
}

func portOf(text, before, after string) uint16 {
	for _, found := range [][]string{afterAddr.FindStringSubmatch(after), portWord.FindStringSubmatch(text)} {
		if found == nil {
			continue
		}
		if n, err := strconv.ParseUint(found[1], 10, 16); err == nil && n > 0 {
			return uint16(n)
		}
	}
	switch {
	case strings.HasSuffix(before, "https://"):
		return 443
	case strings.HasSuffix(before, "http://"):
		return 80
	}
	return 22
}
