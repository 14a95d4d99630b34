package shell

import (
	"fmt"
	"strings"
	"time"

	"portico/gateway/emulator/internal/memfs"
)

func uid(who memfs.Who) int {
	if who == memfs.Root {
		return 0
	}
	return 1000
}

func id(p *process, args []string) int {
	n := uid(p.user)
	switch strings.Join(args, " ") {
	case "-u", "-g":
		p.printf("%d\n", n)
	case "-un", "-u -n", "-n -u", "-gn":
		p.printf("%s\n", p.user)
	default:
		p.printf("uid=%d(%s) gid=%d(%s) groups=%d(%s)\n", n, p.user, n, p.user, n, p.user)
	}
	return 0
}

func whoami(p *process, _ []string) int {
	p.printf("%s\n", p.user)
	return 0
}

func hostname(p *process, _ []string) int {
	p.printf("%s\n", p.machine.Hostname)
	return 0
}

func nproc(p *process, _ []string) int {
	p.printf("1\n")
	return 0
}

// uname of Debian 12.
func uname(p *process, args []string) int {
	all := []struct{ letter, text string }{
		{"s", "Linux"}, {"n", p.machine.Hostname}, {"r", "6.1.0-28-cloud-amd64"}, {"v", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)"},
		{"m", "x86_64"}, {"o", "GNU/Linux"},
	}
	want := strings.Join(args, "")
	var out []string
	for _, part := range all {
		if strings.Contains(want, "a") || strings.Contains(want, part.letter) || want == "" && part.letter == "s" {
			out = append(out, part.text)
		}
	}
	p.printf("%s\n", strings.Join(out, " "))
	return 0
}

// date understands the directives that scripts use in names and stamps.
func date(p *process, args []string) int {
	now := p.machine.Now().UTC()
	format := "+%a %b %e %H:%M:%S %Z %Y"
	for _, a := range args {
		switch {
		case strings.HasPrefix(a, "+"):
			format = a
		case a == "-Iseconds" || a == "-Is":
			format = "+%Y-%m-%dT%H:%M:%S+00:00"
		}
	}
	layout := map[byte]string{
		'a': "Mon", 'b': "Jan", 'e': "_2", 'd': "02", 'm': "01", 'Y': "2006", 'H': "15", 'M': "04", 'S': "05", 'Z': "MST",
		'F': time.DateOnly, 'T': time.TimeOnly,
	}
	var b strings.Builder
	for i := 1; i < len(format); i++ {
		switch {
		case format[i] != '%' || i+1 == len(format):
			b.WriteByte(format[i])
			continue
		case format[i+1] == 's':
			b.WriteString(formatInt(now.Unix()))
		case format[i+1] == 'N':
			fmt.Fprintf(&b, "%09d", now.Nanosecond())
		case format[i+1] == '%':
			b.WriteByte('%')
		default:
			b.WriteString(now.Format(layout[format[i+1]]))
		}
		i++
	}
	p.printf("%s\n", b.String())
	return 0
}
