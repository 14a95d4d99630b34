package main

import (
	"context"
	"os"
	"strings"

	"portico/cloud"
	"portico/cloud/openstack"
	"portico/tui"
	"portico/views/onboarding"
)

// unconfigured is why the console cannot even try to log in, because nothing says to which cloud; nil
// where something does. What is said and wrong is no reason: that is to be corrected, not replaced.
func (a *app) unconfigured() error {
	if a.flags.cloud != "" || openstack.CloudNamed() {
		return nil
	}
	return openstack.Configured(openstack.Options{})
}

// onboard finds out with the operator which cloud is meant, and goes on with it.
func (a *app) onboard(ctx context.Context, cfg config, why error) error {
	palette, err := a.palette(cfg)
	if err != nil {
		return err
	}
	names := openstack.Clouds()
	text := "no clouds.yaml was found, and OS_AUTH_URL is not set"
	if len(names) > 0 {
		text = "there is a clouds.yaml, and nothing says which of its clouds is meant"
	}
	if why == nil {
		text = ""
	}
	chosen, err := tui.Onboard(ctx, tui.Onboarding{
		Start: onboarding.Start{Clouds: names, Why: text, File: underHome(openstack.ConfigFile())}, Logins: logins{}, Palette: palette, ASCII: a.ascii(cfg),
	})
	switch {
	case err != nil:
		return err
	case chosen.Demo:
		return a.openDemo(ctx, "", false)
	case chosen.Cloud != "":
		a.flags.cloud = chosen.Cloud
		return a.console(ctx)
	}
	return nil
}

// logins tries logins out on real clouds, and keeps them in the user's clouds.yaml.
type logins struct{}

func (logins) Try(ctx context.Context, c cloud.Credentials) (cloud.Identity, error) {
	client, err := openstack.Connect(ctx, openstack.Options{Credentials: &c, UserAgent: "portico/" + versionText()})
	if err != nil {
		return cloud.Identity{}, err
	}
	defer client.Close()
	return client.Identity(), nil
}

func (logins) Save(c cloud.Credentials) ([]string, error) { return openstack.SaveEntry(c) }

// underHome is a path as one says it.
func underHome(path string) string {
	home, err := os.UserHomeDir()
	if rest, ok := strings.CutPrefix(path, home+string(os.PathSeparator)); err == nil && ok {
		return "~" + string(os.PathSeparator) + rest
	}
	return path
}
