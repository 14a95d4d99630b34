package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"portico/cloud"
	"portico/gateway/publish"
	"portico/gateway/rollback"
	"portico/gateway/scheme"
	"portico/themes"
)

// setting is one value that holds, and where it comes from.
type setting struct {
	Key    string `json:"key"` // as in the file: "gateways[0].user"
	Value  string `json:"value"`
	From   string `json:"from"`             // flag, environment, file or default
	Name   string `json:"name,omitempty"`   // the flag or the variable
	Line   int    `json:"line,omitempty"`   // in the file, from 1
	Column int    `json:"column,omitempty"` // from 1
}

// Values of setting.From.
const (
	fromFlag        = "flag"
	fromEnvironment = "environment"
	fromFile        = "file"
	fromDefault     = "default"
)

// where says in a few words where the value comes from; file is the configuration file.
func (s setting) where(file string) string {
	if s.From == fromFile {
		return fmt.Sprintf("%s:%d", cloud.Clean(file), s.Line)
	}
	return cmp.Or(s.Name, s.From)
}

// settings are all that hold, flags before the environment, that before the file, and that before
// what Portico does by itself. Nothing in it is secret: the file takes no secrets, and of the
// environment only names are read.
func (a *app) settings(c config, f *configFile) []setting {
	var out []setting
	add := func(key, flagName, flagValue, variable, fallback string) {
		s := setting{Key: key, Value: fallback, From: fromDefault}
		switch env := os.Getenv(variable); {
		case flagValue != "":
			s = setting{Key: key, Value: flagValue, From: fromFlag, Name: "--" + flagName}
		case variable != "" && env != "":
			s = setting{Key: key, Value: env, From: fromEnvironment, Name: variable}
		default:
			if own, ok := f.setting(key); ok {
				s = own
			}
		}
		s.Value = cloud.Clean(s.Value)
		out = append(out, s)
	}
	window := ""
	if a.flags.rollback != 0 {
		window = a.flags.rollback.String()
	}
	add("cloud", "cloud", a.flags.cloud, "OS_CLOUD", "what the OS_* variables say, else the only one of clouds.yaml")
	add("gateway", "gateway", a.flags.gateway, "", "the only instance with a floating IP")
	add("scheme", "", "", "", scheme.Builtin()[0].Name)
	add("rollback", "rollback", window, "", rollback.DefaultWindow.String())
	add("history", "", "", "", historyDir())
	add("login.default", "", "", "", "what the image says")
	add("theme", "theme", a.flags.theme, "", themes.Default().Name)
	out = append(out, a.asciiSetting(f), onOff("read_only", "--read-only", a.flags.readOnly, f), onOff("mouse", "", false, f), onOff("plain", "--plain", a.flags.plain && !c.Plain, f))
	out = append(out, builtin()...)
	for _, l := range f.values() {
		s, _ := f.setting(l.path)
		if strings.ContainsAny(l.path, "[") || strings.HasPrefix(l.path, "login.images.") || strings.HasPrefix(l.path, "keys.") {
			s.Value = cloud.Clean(s.Value)
			out = append(out, s)
		}
	}
	return out
}

// asciiSetting is false unless somebody or the terminal says otherwise.
func (a *app) asciiSetting(f *configFile) setting {
	const key = "ascii"
	if a.flags.ascii {
		return setting{Key: key, Value: "true", From: fromFlag, Name: "--ascii"}
	}
	if name := asciiTerminal(); name != "" {
		return setting{Key: key, Value: "true", From: fromEnvironment, Name: name}
	}
	if own, ok := f.setting(key); ok {
		return own
	}
	return setting{Key: key, Value: "false", From: fromDefault}
}

// onOff is a setting that is off unless a flag or the file says otherwise.
func onOff(key, flagName string, flagged bool, f *configFile) setting {
	if flagged {
		return setting{Key: key, Value: "true", From: fromFlag, Name: flagName}
	}
	if own, ok := f.setting(key); ok {
		return own
	}
	return setting{Key: key, Value: "false", From: fromDefault}
}

// builtin are the services and schemes that are always there.
func builtin() []setting {
	var services, schemes []string
	for _, s := range publish.Services() {
		services = append(services, fmt.Sprintf("%s %s/%d", s.Name, s.Protocol, s.Port))
	}
	for _, s := range scheme.Builtin() {
		schemes = append(schemes, s.Name)
	}
	return []setting{
		{Key: "services", Value: strings.Join(services, ", "), From: fromDefault},
		{Key: "schemes", Value: strings.Join(schemes, ", "), From: fromDefault},
		{Key: "themes", Value: strings.Join(themeNames(themes.Palettes()), ", "), From: fromDefault},
	}
}

// values are those of the file; none without one.
func (f *configFile) values() []leaf {
	if f == nil {
		return nil
	}
	return f.leaves
}

// setting is what the file says of a key.
func (f *configFile) setting(key string) (setting, bool) {
	for _, l := range f.values() {
		if l.path == key && l.value != "" {
			p := f.places[key]
			return setting{Key: key, Value: l.value, From: fromFile, Line: p.line, Column: p.column}, true
		}
	}
	return setting{}, false
}
