package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// fewVMs are so many that they are listed without being asked for.
const fewVMs = 20

// complete asks for what a command needs that was said alone.
func (p plainConsole) complete(ctx context.Context, words []string) ([]string, error) {
	switch words[0] {
	case "publish", "plan":
		return p.askPublish(ctx, words[0])
	case "withdraw":
		return p.askWithdraw(ctx)
	case "doctor":
		vms, err := p.askVMs(ctx, "Which VM?", true, func(r publish.InstanceRow) bool { return len(r.Forwards) > 0 || len(r.Public) > 0 })
		return append(words, vms...), err
	case "copy", "ssh":
		vms, err := p.askVMs(ctx, "Which VM?", true, func(r publish.InstanceRow) bool { _, ok := publish.SSHForward(r); return ok })
		if words[0] == "copy" {
			return append([]string{"ssh", "--print"}, vms...), err
		}
		return append([]string{"ssh"}, vms...), err
	}
	return words, nil
}

func (p plainConsole) askPublish(ctx context.Context, verb string) ([]string, error) {
	vms, err := p.askVMs(ctx, "Which VMs? Names or numbers.", false, func(r publish.InstanceRow) bool { return !r.Gateway && len(r.Private) > 0 })
	if err != nil {
		return nil, err
	}
	out := append([]string{verb}, vms...)
	options, err := p.options(p.w.config)
	if err != nil {
		return nil, err
	}
	var services, schemes []string
	for _, s := range options.Services {
		services = append(services, s.Name)
	}
	for _, s := range options.Schemes {
		schemes = append(schemes, s.Name)
	}
	for _, q := range []struct {
		flag, question string
		check          func(answer string) error
	}{
		{"--service", fmt.Sprintf("Which services? There are %s; own ones as name=tcp/8080. Empty: ssh.", strings.Join(services, ", ")), func(word string) error {
			if slices.Contains(services, word) || strings.Contains(word, "=") {
				return nil
			}
			return fmt.Errorf("there is no service %s", cloud.Clean(word))
		}},
		{"--scheme", fmt.Sprintf("Which scheme of ports? There are %s. Empty: as it is, else %s.", strings.Join(schemes, ", "), schemes[0]), func(word string) error {
			if slices.Contains(schemes, word) {
				return nil
			}
			return fmt.Errorf("there is no scheme %s", cloud.Clean(word))
		}},
		{"--from", "Who may connect? Addresses or networks, or anywhere. Empty: as it is, else anywhere.", func(word string) error {
			_, err := (&publishFlags{engine: "nat", from: []string{word}}).request(nil)
			if err != nil {
				return errors.New(cloud.Explain(err).Why)
			}
			return nil
		}},
	} {
		answer, err := p.askWords(ctx, q.question, q.check)
		if err != nil {
			return nil, err
		}
		if len(answer) > 0 {
			out = append(out, q.flag, strings.Join(answer, ","))
		}
	}
	return p.told(out), nil
}

func (p plainConsole) askWithdraw(ctx context.Context) ([]string, error) {
	vms, err := p.askVMs(ctx, "Withdraw which VMs? Names or numbers.", false, func(r publish.InstanceRow) bool { return len(r.Forwards) > 0 })
	if err != nil {
		return nil, err
	}
	out := append([]string{"withdraw"}, vms...)
	services, err := p.askWords(ctx, "Which of their services? Empty: all.", func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	if len(services) > 0 {
		out = append(out, "--service", strings.Join(services, ","))
	}
	return p.told(out), nil
}

// told says how the answers would have been given in one line.
func (p plainConsole) told(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = gateway.Quote(w)
	}
	p.note("As a command: portico %s\n", strings.Join(quoted, " "))
	return words
}

// askWords asks for words, by spaces or commas, until all of them are good; or for none.
func (p plainConsole) askWords(ctx context.Context, question string, check func(word string) error) ([]string, error) {
	for {
		answer, err := p.ask(ctx, question)
		if err != nil {
			return nil, err
		}
		words := strings.FieldsFunc(answer, func(r rune) bool { return r == ' ' || r == ',' })
		bad := false
		for _, w := range words {
			if err := check(w); err != nil {
				p.note("%s.\n", err)
				bad = true
			}
		}
		if !bad {
			return words, nil
		}
	}
}

func (p plainConsole) ask(ctx context.Context, question string) (string, error) {
	p.note("%s ", question)
	answer, err := p.lines.line(ctx)
	if err == nil && strings.EqualFold(answer, "back") {
		err = errBack
	}
	return answer, err
}

// askVMs asks for instances among those that fit, by name, ID, or number in the list.
func (p plainConsole) askVMs(ctx context.Context, question string, one bool, fits func(publish.InstanceRow) bool) ([]string, error) {
	s, err := p.w.publisher.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	rows := slices.DeleteFunc(publish.Rows(s), func(r publish.InstanceRow) bool { return !fits(r) })
	if len(rows) == 0 {
		p.note("There is no VM for which this can be done.\n")
		return nil, errBack
	}
	if len(rows) <= fewVMs {
		p.printNumbered(s, rows, "")
	} else {
		question += fmt.Sprintf(" There are %d; list prints them, list TEXT those with it in their name.", len(rows))
	}
	for {
		answer, err := p.ask(ctx, question)
		if err != nil {
			return nil, err
		}
		words, err := split(strings.ReplaceAll(answer, ",", " "))
		switch {
		case err != nil:
			p.note("%s\n", err)
			continue
		case len(words) == 0:
			return nil, errBack
		case words[0] == "list":
			p.printNumbered(s, rows, strings.Join(words[1:], " "))
			continue
		}
		vms, err := pick(s, rows, words)
		switch {
		case err != nil:
			p.note("%s.\n", err)
		case one && len(vms) > 1:
			p.note("Only one, please.\n")
		default:
			return vms, nil
		}
	}
}

// pick finds what was named: names and IDs as commands take them, and numbers of the list.
func pick(s publish.Snapshot, rows []publish.InstanceRow, words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		row, err := publish.FindRow(s, w)
		if n, number := strconv.Atoi(w); err != nil && number == nil && n >= 1 && n <= len(rows) {
			row, err = rows[n-1], nil
		}
		if err != nil {
			return nil, errors.New(cloud.Clean(w) + ": " + cloud.Explain(err).Why)
		}
		out = append(out, nameOrID(s, row))
	}
	return out, nil
}

// nameOrID is what names the instance and no other one.
func nameOrID(s publish.Snapshot, row publish.InstanceRow) string {
	if found, err := publish.FindRow(s, row.Instance.Name); err != nil || found.Instance.ID != row.Instance.ID || strings.HasPrefix(row.Instance.Name, "-") {
		return row.Instance.ID
	}
	return row.Instance.Name
}

func (p plainConsole) printNumbered(s publish.Snapshot, rows []publish.InstanceRow, text string) {
	v := view{wiring: p.w, Snapshot: s}
	for i, r := range rows {
		if strings.Contains(strings.ToLower(r.Instance.Name), strings.ToLower(text)) {
			p.print("%d: %s, %s, %s\n", i+1, cloud.Clean(r.Instance.Name), addresses(r.Private), strings.ReplaceAll(reachable(v, r), "  ", ", "))
		}
	}
}
