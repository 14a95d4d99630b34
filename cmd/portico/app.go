package main

import (
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is one run of the program: its streams, its flags, and what was opened on the way.
type app struct {
	in       *os.File
	out, err io.Writer
	flags    flags
	started  bool       // a command's own code has begun: errors before it are wrong use
	broken   error      // the first failure to write the answer
	closing  sync.Mutex // of closers: who goes to another project adds to them meanwhile
	closers  []func()
	lines    *lineReader // the plain console's; else nil
	shared   *wiring     // what the plain console has open
}

// flags are those that every command takes.
type flags struct {
	cloud, gateway, config, debug, theme string
	json, yes, ascii, readOnly, plain    bool
	degraded                             bool // of the commands that change a gateway
	rollback                             time.Duration
}

func newApp(in *os.File, out, err io.Writer) *app { return &app{in: in, out: out, err: err} }

// onClose remembers what to do when the program ends, last first.
func (a *app) onClose(f func()) {
	a.closing.Lock()
	defer a.closing.Unlock()
	a.closers = append(a.closers, f)
}

func (a *app) close() {
	a.closing.Lock()
	closers := a.closers
	a.closers = nil
	a.closing.Unlock()
	for _, f := range slices.Backward(closers) {
		f()
	}
}

// interactive reports whether there is somebody to ask.
func (a *app) interactive() bool { return a.lines != nil || term.IsTerminal(int(a.in.Fd())) }

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "portico",
		Short: "One floating IP. Every VM reachable.",
		Long: "Portico makes private OpenStack instances reachable through the one floating IP a project has.\n" +
			"Without a command it opens the console. 'portico demo' tries it out without a cloud.",
		Args: noArgs, SuggestionsMinimumDistance: 2,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			a.started = true
			return errors.Join(a.checkInLoop(c), a.speakPlainly(), a.checkTheme())
		},
		PersistentPostRunE: func(*cobra.Command, []string) error { return a.broken },
		RunE:               func(c *cobra.Command, _ []string) error { return a.console(c.Context()) },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(badFlag)
	f := root.PersistentFlags()
	f.StringVar(&a.flags.cloud, "cloud", "", "cloud of clouds.yaml (else OS_CLOUD, else OS_* variables)")
	f.StringVar(&a.flags.gateway, "gateway", "", "the gateway, by name or address")
	f.StringVar(&a.flags.config, "config", "", "configuration file (else PORTICO_CONFIG, else portico/config.yaml below the user's configuration folder)")
	f.BoolVar(&a.flags.json, "json", false, "print JSON")
	// It holds for the help too, which is printed before any command's own code.
	f.BoolFunc("no-color", "no colours (also NO_COLOR)", noColor)
	f.StringVar(&a.flags.theme, "theme", "", "the colours of the console; 'portico themes' lists them")
	f.BoolVar(&a.flags.ascii, "ascii", false, "draw the console with ASCII alone")
	f.BoolVar(&a.flags.readOnly, "read-only", false, "only look: nothing can be changed")
	f.BoolVar(&a.flags.plain, "plain", false, "all in words, line by line: for screen readers; the console then asks for commands")
	f.BoolVarP(&a.flags.yes, "yes", "y", false, "do it without asking")
	f.DurationVar(&a.flags.rollback, "rollback", 0, "how long a gateway waits for a sign of life before it takes a change back")
	f.Lookup("rollback").DefValue = "60s" // of a gateway; 0 is "not said"
	f.StringVar(&a.flags.debug, "debug", "", "write what is asked of the cloud and what it answers to this file, without secrets; only you can read it")
	root.AddCommand(
		a.listCommand(), a.floatingIPsCommand(), a.floatingIPCommand(), a.gatewaysCommand(), a.gatewayCommand(), a.forwardsCommand(),
		a.degradable(a.planCommand()), a.degradable(a.publishCommand()), a.degradable(a.withdrawCommand()), a.degradable(a.repairCommand()), a.degradable(a.syncCommand()), a.adoptCommand(), a.importCommand(), a.testCommand(), a.doctorCommand(), a.historyCommand(),
		a.sshCommand(), a.sshConfigCommand(), a.schemeCommand(), a.configCommand(), a.themesCommand(), a.demoCommand(), a.versionCommand(),
	)
	flowText(root)
	a.addCompletion(root)
	checkBuiltin(root)
	return root
}

func noColor(value string) error {
	on, err := strconv.ParseBool(value)
	if err == nil && on {
		err = os.Setenv("NO_COLOR", "1")
	}
	return err
}
