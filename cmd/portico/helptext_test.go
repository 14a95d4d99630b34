package main

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestLongTextsFlow(t *testing.T) {
	root := &cobra.Command{Use: "root", Long: "One\ntwo.\n\nThree\nfour."}
	sub := &cobra.Command{Use: "sub", Long: "Five\nsix."}
	root.AddCommand(sub)
	flowText(root)
	if diff := cmp.Diff([]string{"One two.\n\nThree four.", "Five six."}, []string{root.Long, sub.Long}); diff != "" {
		t.Error(diff)
	}
	for _, c := range newApp(nil, io.Discard, io.Discard).command().Commands() {
		own := c.Name() != "completion" && c.Name() != "help" // the library's, with lines of code
		if own && strings.Contains(strings.ReplaceAll(c.Long, "\n\n", ""), "\n") {
			t.Errorf("the text of %s does not flow:\n%s", c.Name(), c.Long)
		}
	}
}
