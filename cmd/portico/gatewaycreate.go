package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/provision"
	"portico/gateway/publish"
	"portico/gateway/userdata"
)

// createFlags are the choices of 'gateway create'. What is not said is chosen.
type createFlags struct {
	only      bool
	wish      provision.Wish
	importKey string
	from      []string
	userData  string
}

func (a *app) createCommand() *cobra.Command {
	var f createFlags
	c := &cobra.Command{
		Use: "create [NAME]", Short: "Make a gateway from nothing: instance, floating IP, key, security group, first boot", Args: oneName,
		Long: "Create chooses what is not said, and shows what it has chosen and why: the newest Debian or Ubuntu image, the smallest flavor that has room\n" +
			"for it, the network whose router leads out, your own key, a free floating IP or a new one. Then it makes the instance, waits until it has\n" +
			"booted, compares its host key with the one on its console log, and logs in. Whatever fails, and ctrl+c, takes all of it away again;\n" +
			"what cannot be taken away is listed with the commands that do.",
		Example: "portico gateway create gw-1 --plan\nportico gateway create gw-1 --flavor de.small --ssh-from 198.51.100.0/24 --yes",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.wish.Name = args[0]
			}
			if err := f.read(); err != nil {
				return err
			}
			return a.createGateway(c.Context(), f)
		},
	}
	fs := c.Flags()
	fs.BoolVar(&f.only, "plan", false, "show what it would make, and make nothing")
	fs.StringVar(&f.wish.Image, "image", "", "the image, by name or ID (default: the newest Debian or Ubuntu)")
	fs.StringVar(&f.wish.Flavor, "flavor", "", "the flavor, by name or ID (default: the smallest that has room for the image)")
	fs.StringVar(&f.wish.Network, "network", "", "the network, by name or ID (default: one whose router leads out)")
	fs.StringVar(&f.wish.Key, "key", "", "the key pair, by name (default: one whose private half is on this machine, else one made of a key that is)")
	fs.StringVar(&f.importKey, "import-key", "", "make a key pair from this public key: a file, such as ~/.ssh/id_ed25519.pub")
	fs.StringVar(&f.wish.Address, "floating-ip", "", "a free floating IP of the project, or new (default: a free one, else a new one)")
	fs.StringSliceVar(&f.from, "ssh-from", nil, "who may reach its sshd: CIDR or address (default: anywhere)")
	fs.StringSliceVar(&f.wish.Groups, "security-group", nil, "further security groups, by name or ID")
	fs.StringVar(&f.userData, "user-data", string(provision.CloudConfig), "what it runs at its first boot: Portico's own cloud-config or script, none, or a file of yours")
	fs.DurationVar(&f.wish.Patience, "timeout", provision.DefaultPatience, "how long to wait for it to be built, and again to boot")
	_ = c.RegisterFlagCompletionFunc("user-data", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{string(provision.CloudConfig), string(provision.Script), string(provision.NoData)}, cobra.ShellCompDirectiveDefault
	})
	for name, field := range map[string]string{"image": provision.FieldImage, "flavor": provision.FieldFlavor, "network": provision.FieldNetwork, "floating-ip": provision.FieldAddress} {
		_ = c.RegisterFlagCompletionFunc(name, offer(func(ctx context.Context) []string { return a.createOptions(ctx, field) }))
	}
	return c
}

// oneName is for a command that takes a name or none.
func oneName(c *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return wrongUse("run "+c.CommandPath(), fmt.Errorf("one name is enough, and got %d words", len(args)), c.CommandPath()+" --help")
}

// read turns the flags' texts into the wish.
func (f *createFlags) read() error {
	for _, text := range f.from {
		if text = strings.TrimSpace(text); text == "anywhere" {
			text = "0.0.0.0/0"
		}
		p, err := parseSource(text)
		if err != nil {
			return wrongUse("read --ssh-from "+cloud.Clean(text), fmt.Errorf("%s is neither an address nor a network", cloud.Clean(text)), "write it as 198.51.100.0/24 or 198.51.100.7")
		}
		f.wish.SSHFrom = append(f.wish.SSHFrom, p)
	}
	if f.wish.Patience < 0 {
		return wrongUse("wait for "+f.wish.Patience.String(), errors.New("a time-out cannot be negative"), "write it as 90s or 15m")
	}
	if f.importKey != "" {
		if f.wish.Key != "" {
			return wrongUse("use --key and --import-key", errors.New("both say which key there is to be"), "leave one of them out; --key names a key pair that there is")
		}
		text, err := readSmall("import the key of", f.importKey, maxKeyFile)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "PRIVATE KEY") {
			return wrongUse("import "+cloud.Clean(f.importKey), errors.New("it is a private key, and those stay where they are"), "name its public half: "+cloud.Clean(f.importKey)+".pub")
		}
		f.wish.Import = &provision.Import{PublicKey: strings.TrimSpace(string(text)), From: f.importKey}
	}
	switch boot := provision.Boot(f.userData); boot {
	case provision.CloudConfig, provision.Script, provision.NoData:
		f.wish.Boot = boot
	default:
		text, err := readSmall("use the user data of", f.userData, userdata.Limit)
		if err != nil {
			return err
		}
		f.wish.Boot, f.wish.UserData, f.wish.Script = provision.OwnData, text, cloud.Clean(f.userData)
	}
	return nil
}

// readSmall reads a file of the user's that has to be small.
func readSmall(op, path string, most int64) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		return nil, wrongUse(op+" "+cloud.Clean(path), err, "name a file that is there; nothing was asked of the cloud")
	}
	file, err := os.Open(path) // #nosec G304 -- the user's own choice of file
	if err != nil {
		var why *os.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		return fail(err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	switch {
	case err != nil:
		return fail(err)
	case int64(len(text)) > most:
		return fail(fmt.Errorf("it is larger than %d KiB", most>>10))
	}
	return text, nil
}

// createOptions offers what a field of 'gateway create' can be.
func (a *app) createOptions(ctx context.Context, field string) []string {
	w, inv, ok := a.offering(ctx)
	if !ok {
		return nil
	}
	m, err := w.publisher.Material(ctx)
	if err != nil {
		return nil
	}
	var out []string
	for _, o := range w.publisher.Choose(inv, publish.CreateRequest{Material: m}).Field(field).Options {
		if o.No == "" {
			out = append(out, o.Name)
		}
	}
	return out
}

// createGateway shows what would be made and why, asks, and makes it.
func (a *app) createGateway(ctx context.Context, f createFlags) error {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return err
	}
	material, err := w.publisher.Material(ctx)
	if err != nil {
		return err
	}
	req := publish.Request{Create: &publish.CreateRequest{Wish: f.wish, Material: material}}
	s, p, err := planAnew(ctx, w.publisher, req)
	if err != nil {
		return err
	}
	switch {
	case f.only && a.flags.json:
		return a.printJSON(creationJSON{planJSON: newPlanJSON(s.Inventory, p), Choices: newChoicesJSON(p)})
	case f.only:
		a.printCreation(p)
		return nil
	}
	if err := a.previewed(w.publisher, p, a.printCreation); err != nil {
		return err
	}
	if err := a.confirm(ctx, "Create it?"); err != nil {
		return err
	}
	return a.created(s, p, w.publisher.Apply(ctx, p, a.watch(s)))
}

// created tells how it went.
func (a *app) created(s publish.Snapshot, p publish.Proposal, outcome publish.Outcome) error {
	out := changeJSON{Plan: newPlanJSON(s.Inventory, p), Applied: outcome.Report.OK(), Left: []string{}, Notes: append([]string{}, outcome.Notes...), Results: []probeJSON{}}
	if !outcome.Report.OK() {
		return a.failed(out, outcome.Report)
	}
	gw, _ := p.Created()
	if a.flags.json {
		return a.printJSON(struct {
			changeJSON
			Gateway gatewayJSON `json:"gateway"`
		}{out, gatewayJSON{Name: gw.Name, InstanceID: gw.InstanceID, FloatingIP: gw.FloatingIP, FixedIP: gw.FixedIP, Facts: []factJSON{}}})
	}
	for _, n := range outcome.Notes {
		a.note("%s\n", n)
	}
	a.print("%s\n", styleGood.Render(fmt.Sprintf("portico publish VM --gateway %s", gateway.Quote(gw.Name))))
	return nil
}

// creationJSON is what 'gateway create --plan --json' prints.
type creationJSON struct {
	planJSON
	Choices []choiceJSON `json:"choices"`
}

type choiceJSON struct {
	Field  string `json:"field"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
	Why    string `json:"why"`
}

func newChoicesJSON(p publish.Proposal) []choiceJSON {
	out := []choiceJSON{}
	for _, f := range p.Creation().Fields {
		if o, ok := f.Option(); ok {
			out = append(out, choiceJSON{Field: f.Name, ID: o.ID, Name: o.Name, Detail: o.Detail, Why: f.Why})
		}
	}
	return out
}

// printCreation shows what was chosen and why, then the plan.
func (a *app) printCreation(p publish.Proposal) {
	rows := [][]string{}
	for _, c := range newChoicesJSON(p) {
		if c.Field != provision.FieldName {
			rows = append(rows, []string{c.Field, c.Name, c.Detail, c.Why})
		}
	}
	a.printTable([]string{"CHOICE", "NAME", "WHAT IT IS", "WHY"}, rows)
	a.print("\n")
	for _, w := range p.Plan.Warnings {
		a.print("%s\n", warning(w.Title, w.Detail))
	}
	a.print("\n")
	a.printChanges(p.Plan.Changes())
	a.print("\n")
	a.printQuota(p)
	a.print("%s, in the cloud. Nothing that is there is touched.\n", p.Plan.Summary())
}
