package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPlainHelpKeepsTheOptions(t *testing.T) {
	var out bytes.Buffer
	a := newApp(nil, &out, &out)
	a.command()
	a.flags.plain, a.flags.readOnly, a.flags.cloud = true, true, "mg"
	want := a.flags
	plainConsole{app: a}.help()
	if a.flags != want {
		t.Errorf("after help the options are %+v, not %+v", a.flags, want)
	}
	if !strings.Contains(out.String(), "withdraw: take back what was published.") {
		t.Errorf("help says %q", out.String())
	}
}
