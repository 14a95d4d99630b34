package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/publish"
)

// copyJSON is what ssh --as prints with --json.
type copyJSON struct {
	As   string `json:"as"`
	Text string `json:"text"`
	Note string `json:"note,omitempty"`
}

// printCopy prints one form of the way to a VM, for a shell or a file.
func (a *app) printCopy(ctx context.Context, args []string, as string) error {
	if !slices.Contains(publish.CopyKinds(), as) {
		return wrongUse("print it as "+cloud.Clean(as), errors.New("there is no such form"), "choose from "+strings.Join(publish.CopyKinds(), ", "))
	}
	if len(args) > 1 {
		return wrongUse("print it as "+as, fmt.Errorf("%q is nothing that it takes", cloud.Clean(args[1])), "portico ssh VM --print --as "+as)
	}
	v, err := a.look(ctx)
	if err != nil {
		return err
	}
	row, err := publish.FindRow(v.Snapshot, args[0])
	if err != nil {
		return err
	}
	logins, _ := v.publisher.Logins(ctx, v.Inventory) // ssh can find user and key by itself
	var keys publish.HostKeyLines
	if as == publish.AsKnownHosts {
		keys = v.publisher.KnownHostKeys(ctx, row.Instance.ID)
	}
	for _, c := range v.publisher.Copies(v.Snapshot, row.Instance.ID, gateway.Forward{}, logins, keys) {
		switch {
		case c.As != as:
		case c.Why != "" && !v.knows() && len(row.Forwards) == 0:
			return v.why
		case c.Why != "":
			return &gateway.Error{Op: "print " + as + " of", Target: row.Instance.Name, Kind: gateway.NotFound, Err: errors.New(c.Why), Next: "portico list shows how it is reachable"}
		case a.flags.json:
			return a.printJSON(copyJSON{As: c.As, Text: c.Text, Note: c.Note})
		default:
			a.print("%s\n", strings.TrimSuffix(c.Text, "\n"))
		}
	}
	return nil
}
