package main

import (
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"portico/cloud"
)

// exampleConfig is the whole configuration, explained. Keys stand right after their #, sentences
// after a space.
//
//go:embed example.yaml
var exampleConfig string

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "config", Short: "The configuration that holds, and where each value comes from", Args: noArgs, SuggestionsMinimumDistance: 2,
		Long: "What holds is a flag, else an environment variable, else the configuration file, else what Portico does by itself.\nThe file is checked on the way; nothing is asked of a cloud.",
		RunE: func(*cobra.Command, []string) error { return a.showConfig() },
	}
	c.AddCommand(
		&cobra.Command{
			Use: "path", Short: "Where the configuration file is, or would be", Args: noArgs,
			RunE: func(*cobra.Command, []string) error {
				path, _ := a.configPath()
				if a.flags.json {
					return a.printJSON(map[string]any{"file": path, "exists": exists(path)})
				}
				a.print("%s\n", cloud.Clean(path))
				return nil
			},
		},
		&cobra.Command{
			Use: "example", Short: "A configuration file with every key, explained; nothing in it is switched on", Args: noArgs,
			Example: "portico config example > ~/.config/portico/config.yaml",
			RunE:    func(*cobra.Command, []string) error { a.print("%s", exampleConfig); return nil },
		},
	)
	return c
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (a *app) showConfig() error {
	path, namedBy := a.configPath()
	c, f, err := a.readConfigFile()
	if err != nil {
		return err
	}
	if _, err := a.options(c); err != nil {
		return err
	}
	if _, err := a.palette(c); err != nil {
		return err
	}
	all := a.settings(c, f)
	if a.flags.json {
		return a.printJSON(map[string]any{"file": path, "exists": f != nil, "settings": all})
	}
	switch {
	case f == nil:
		a.note("%s\n", styleDim.Render("no configuration file; it would be "+cloud.Clean(path)))
	case namedBy != "":
		a.note("%s\n", styleDim.Render(cloud.Clean(path)+", named by "+namedBy))
	default:
		a.note("%s\n", styleDim.Render(cloud.Clean(path)))
	}
	rows := make([][]string, 0, len(all))
	for _, s := range all {
		rows = append(rows, []string{s.Key, s.Value, s.where(filepath.Base(path))})
	}
	a.printTable([]string{"KEY", "VALUE", "FROM"}, rows)
	return nil
}
