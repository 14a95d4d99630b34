package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/publish"
	historyview "portico/views/history"
)

// historyDir is where this machine's records are kept.
func historyDir() string { return filepath.Join(xdg.StateHome, "portico", "history") }

// operator is who applies, as the records say it: user@host.
func operator() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil && h != "" {
		host = h
	}
	return name + "@" + host
}

// recordJSON is a record as scripts get it. Ended is null where no end is recorded.
type recordJSON struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Ended     *time.Time     `json:"ended"`
	By        string         `json:"by"`
	Project   string         `json:"project"`
	Gateway   string         `json:"gateway"`
	GatewayID string         `json:"gateway_id"`
	Title     string         `json:"title"`
	Instances []string       `json:"instances"`
	Result    history.Result `json:"result"`
	Error     string         `json:"error"`
	Left      []string       `json:"left"`
	Changes   []plan.Change  `json:"changes"`
}

func newRecordJSON(r history.Record) recordJSON {
	out := recordJSON{
		ID: r.ID, At: r.At, By: r.By, Project: r.Project, Gateway: r.Gateway, GatewayID: r.GatewayID, Title: r.Title,
		Instances: orEmpty(r.Instances), Result: r.Result, Error: r.Error, Left: orEmpty(r.Left), Changes: orEmpty(r.Changes),
	}
	if !r.Ended.IsZero() {
		out.Ended = &r.Ended
	}
	return out
}

func (a *app) historyCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "history", Short: "What was applied: when, by whom, and how it ended", Args: noArgs, SuggestionsMinimumDistance: 2,
		Long: "What was applied to this project, newest first, from the gateway's records and this machine's own.\n" +
			"'portico history show' prints one of them again as the diff it was.",
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 0 {
				return wrongUse("list the history", fmt.Errorf("--limit %d is less than nothing", limit), "0 lists all")
			}
			records, err := a.records(c.Context())
			if err != nil {
				return err
			}
			newest := records
			if limit > 0 && limit < len(records) {
				newest = records[:limit]
			}
			if a.flags.json {
				out := make([]recordJSON, 0, len(newest))
				for _, r := range newest {
					out = append(out, newRecordJSON(r))
				}
				return a.printJSON(map[string]any{"records": out})
			}
			a.printRecords(newest, records)
			return nil
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "only so many, the newest; 0 lists all")
	c.AddCommand(a.historyShowCommand())
	return c
}

func (a *app) historyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID|last", Short: "One record and its changes, as the plan showed them", Args: needs("record", 1),
		Long: "One record and its changes, as the plan showed them. The beginning of an ID is enough where no other begins alike.",
		RunE: func(c *cobra.Command, args []string) error {
			records, err := a.records(c.Context())
			if err != nil {
				return err
			}
			r, err := findRecord(records, args[0])
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(newRecordJSON(r))
			}
			a.printRecord(r)
			return nil
		},
	}
}

// records reads the history. Where a part of it cannot be read, a remark on standard error says so.
func (a *app) records(ctx context.Context) ([]history.Record, error) {
	w, err := a.wire(ctx, a.prompter())
	if err != nil {
		return nil, err
	}
	inv, err := w.publisher.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	s := publish.Snapshot{Inventory: inv}
	s.Gateway, err = w.publisher.FindGateway(inv)
	if err != nil && (a.flags.gateway != "" || cloud.KindOf(err) != gateway.NotFound) {
		return nil, err
	}
	records, err := w.publisher.History(ctx, s)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && len(records) == 0:
		return nil, err
	case err != nil:
		x := cloud.Explain(err)
		a.note("%s\n", warning("not all of the history could be read", x.What+": "+x.Why))
		a.note("%s\n", styleDim.Render(x.Next))
	}
	return records, nil
}

// lastRecord stands for the newest record's ID.
const lastRecord = "last"

func findRecord(records []history.Record, id string) (history.Record, error) {
	if id == lastRecord && len(records) > 0 {
		return records[0], nil
	}
	var found []history.Record
	for _, r := range records {
		if strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	bad := &gateway.Error{Op: "show the record", Target: cloud.Clean(id), Kind: gateway.Invalid}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(records) == 0:
		bad.Kind, bad.Err, bad.Next = gateway.NotFound, errors.New("nothing was applied yet"), "portico publish VM"
	case len(found) == 0:
		bad.Kind, bad.Err, bad.Next = gateway.NotFound, errors.New("no record's ID begins like this"), "portico history --limit 0"
	default:
		bad.Err, bad.Next = fmt.Errorf("%d records begin like this", len(found)), "say more of the ID: "+found[0].ID
	}
	return history.Record{}, bad
}

// printRecords lists records. IDs are cut to what tells them apart from all others.
func (a *app) printRecords(newest, all []history.Record) {
	if len(all) == 0 {
		a.print("nothing was applied yet: publish and withdraw will be listed here, with when, by whom, and how it ended\n")
		return
	}
	rows := make([][]string, 0, len(newest))
	for _, r := range newest {
		rows = append(rows, []string{
			r.At.Local().Format("2006-01-02 15:04"), r.By, r.Gateway, r.Title, a.resultText(r.Result), a.changeCounts(r), shortID(r.ID, all),
		})
	}
	headings := []string{"WHEN", "WHO", "GATEWAY", "WHAT", "RESULT", "CHANGES", "ID"}
	headings, rows = spare(headings, rows, a.width(), "GATEWAY", "CHANGES", "WHO")
	a.printTable(headings, rows)
	if more := len(all) - len(newest); more > 0 {
		a.note("%s\n", styleDim.Render(fmt.Sprintf("%d older: portico history --limit 0", more)))
	}
}

// shortID is the beginning of an ID that no other record has, the time at least.
func shortID(id string, all []history.Record) string {
	n := min(len(id), len("20060102T150405Z"))
	for _, r := range all {
		for r.ID != id && n < len(id) && strings.HasPrefix(r.ID, id[:n]) {
			n++
		}
	}
	return id[:n]
}

func (a *app) resultText(r history.Result) string {
	text := a.word(historyview.Glyph(r)+" ", "") + historyview.Word(r, false)
	switch r {
	case history.Applied:
		return styleGood.Render(text)
	case history.Undone:
		return text
	case history.Partly:
		return styleBad.Render(text)
	default:
		return styleWarn.Render(text)
	}
}

func (a *app) printRecord(r history.Record) {
	a.print("%s\n%s\n", styleBold.Render(r.Title), historyview.Period(r, time.Now()))
	a.print("by %s%s: %s\n", r.By, historyview.Via(r), a.resultText(r.Result))
	if m := historyview.Meaning(r.Result); m != "" {
		a.print("%s\n", styleDim.Render(m))
	}
	if r.Error != "" {
		a.print("why:  %s\n", r.Error)
	}
	for _, l := range r.Left {
		a.print("left: %s\n", styleWarn.Render(l))
	}
	a.print("\n")
	a.printChanges(r.Changes)
}
