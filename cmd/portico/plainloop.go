package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway/publish"
)

// plainConsole is the console without a screen: a line is asked for, a command is carried out, and
// what it says is printed below. Every command works here; those that one would have to know the
// words of ask for them. Input that is no terminal works as well, until it ends.
type plainConsole struct {
	*app
	w *wiring
}

// openPlain runs the plain console. open signs in; it may ask.
func (a *app) openPlain(ctx context.Context, open func(context.Context) (*wiring, error)) error {
	a.lines = newLineReader(a.in)
	w, err := open(ctx)
	if err != nil {
		return err
	}
	p := plainConsole{app: a, w: w}
	p.greet(ctx)
	for ctx.Err() == nil {
		a.note("portico> ")
		line, err := a.lines.line(ctx)
		switch {
		case errors.Is(err, io.EOF):
			a.note("\n")
			return nil
		case err != nil:
			return err
		}
		if err := p.obey(ctx, line); errors.Is(err, errQuit) {
			return nil
		}
	}
	return ctx.Err()
}

// errQuit ends the plain console, errBack only the questions of one command.
var (
	errQuit = errors.New("quit")
	errBack = errors.New("back")
)

// greet says where one is, and what there is.
func (p plainConsole) greet(ctx context.Context) {
	s, err := p.w.publisher.Snapshot(ctx)
	if s.Inventory.At.IsZero() {
		p.showError(p.err, fang.Styles{}, err)
		p.note("Say help for what can be done, list to try again, or quit.\n")
		return
	}
	id := s.Inventory.Identity
	where := "Project " + cloud.Clean(id.Project)
	if id.Cloud != "" {
		where = "Cloud " + cloud.Clean(id.Cloud) + ", project " + cloud.Clean(id.Project)
	}
	p.note("Portico. %s.\n", where)
	p.note("%s, %s.\n", counted(len(s.Inventory.Instances), "instance"), counted(len(s.Inventory.FloatingIPs), "floating IP"))
	switch {
	case s.State != nil:
		p.note("The gateway is %s at %s; it carries %s.\n", cloud.Clean(s.Gateway.Name), s.Gateway.FloatingIP, counted(len(s.State.Forwards), "forward"))
		for _, w := range publish.Pending(*s.State) {
			p.note("%s\n", warning(w.Title, w.Detail))
		}
	case err != nil:
		x := cloud.Explain(err)
		p.note("%s\n", warning(x.What, x.Why))
	}
	p.note("Say help for what can be done, or quit.\n")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// plainNames are other words for commands, as one says them.
var plainNames = map[string]string{
	"instances": "list", "vms": "list", "floating": "floatingips", "ips": "floatingips", "fips": "floatingips",
	"?": "help", "exit": "quit", "q": "quit", "bye": "quit",
}

// obey does what a line says. An error of a command is told, and is no reason to end.
func (p plainConsole) obey(ctx context.Context, line string) error {
	words, err := heard(line)
	switch {
	case err != nil:
		p.note("%s\n", err)
		return nil
	case len(words) == 0:
		return nil
	case words[0] == "quit":
		return errQuit
	case words[0] == "help" && len(words) == 1:
		p.help()
		return nil
	case len(words) == 1:
		words, err = p.complete(ctx, words)
	case words[0] == "copy":
		words = append([]string{"ssh", "--print"}, words[1:]...)
	}
	switch {
	case errors.Is(err, errBack):
		p.note("Nothing was done.\n")
		return nil
	case errors.Is(err, io.EOF):
		p.note("\n")
		return errQuit
	case err != nil:
		p.showError(p.err, fang.Styles{}, err)
		return nil
	}
	p.run(ctx, words)
	return nil
}

// heard is a line in words, with the command's own name first.
func heard(line string) ([]string, error) {
	words, err := split(line)
	if err == nil && len(words) > 0 && words[0] == "portico" {
		words = words[1:]
	}
	if err != nil || len(words) == 0 {
		return nil, err
	}
	if name, ok := plainNames[words[0]]; ok {
		words[0] = name
	}
	if words[0] == "floatingips" && len(words) == 2 && strings.EqualFold(words[1], "ips") { // "floating ips"
		words = words[:1]
	}
	return words, nil
}

// run carries out a command as the program would, with what is open already.
func (p plainConsole) run(ctx context.Context, words []string) {
	one := newApp(p.in, p.out, p.err)
	one.lines, one.shared = p.lines, p.w
	root := one.command()
	root.SilenceErrors, root.SilenceUsage = true, true
	one.flags = p.flags
	root.SetArgs(words)
	err := root.ExecuteContext(ctx)
	one.close()
	if err != nil {
		one.showError(p.err, fang.Styles{}, err)
	}
}

// plainDemo is the plain console on the demo.
func (a *app) plainDemo(ctx context.Context, d *demo, options publish.Options) error {
	err := a.openPlain(ctx, func(ctx context.Context) (*wiring, error) { return a.demoStart(ctx, d, a.prompter(), options) })
	a.noteProblems(d)
	return err
}

// settled are flags that hold from the program's start on.
var settled = []string{"cloud", "gateway", "config", "debug", "rollback", "read-only"}

// checkInLoop refuses, within the plain console, what would need another one.
func (a *app) checkInLoop(c *cobra.Command) error {
	if a.shared == nil {
		return nil
	}
	for _, name := range settled {
		if c.Flags().Changed(name) {
			return wrongUse("use --"+name+" here", errors.New("it was settled when this console began"), "quit, and begin again with it")
		}
	}
	if slices.Contains([]string{"portico", "demo"}, c.Name()) {
		return wrongUse("open a console here", errors.New("this is one"), "say help for what can be done")
	}
	return nil
}

// plainHelp is the words of the plain console, the most needed first.
var plainHelp = []struct{ word, what string }{
	{"list", "the instances, and how each is reachable"},
	{"publish", "make services of VMs reachable; it asks for all it needs and shows the plan first"},
	{"withdraw", "take back what was published"},
	{"test", "test what is published, by live connections"},
	{"doctor", "why something published does not connect, hop by hop, and what would put it right"},
	{"copy", "the ssh command of a VM, on a line by itself"},
	{"ssh", "log in to a VM"},
	{"forwards", "what is published"},
	{"gateways", "what carries it, and its state"},
	{"floating ips", "the public addresses, and which are free"},
	{"history", "what was applied, and how it ended"},
	{"repair", "put right what is not as plans left it"},
	{"help COMMAND", "the options of a command"},
	{"quit", "leave; nothing that was applied is taken back"},
}

// help lists the words. The commands are asked of a program of its own: making them sets all options of
// their program to what holds without any.
func (p plainConsole) help() {
	for _, h := range plainHelp {
		p.print("%s: %s.\n", h.word, h.what)
	}
	var others []string
	for _, c := range newApp(p.in, p.out, p.err).command().Commands() {
		known := slices.ContainsFunc(plainHelp, func(h struct{ word, what string }) bool { return strings.HasPrefix(h.word, c.Name()) })
		if c.IsAvailableCommand() && !known && !slices.Contains([]string{"demo", "completion", "floatingips"}, c.Name()) {
			others = append(others, c.Name())
		}
	}
	p.print("There are also: %s.\n", strings.Join(others, ", "))
	p.print("Commands take their options here too: publish web-1 --service ssh,http --from 198.51.100.0/24\n")
	p.print("In answer to a question, back leaves it.\n")
}
