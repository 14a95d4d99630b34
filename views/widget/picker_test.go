package widget_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portico/cloud"
	"portico/views/widget"
)

// TestFuzzyOrders: what one means comes before what has the letters by chance.
func TestFuzzyOrders(t *testing.T) {
	for _, c := range []struct {
		pattern string
		texts   []string // best first; those after "-" do not fit
	}{
		{"fip", []string{"Floating IPs", "-", "Forwards"}},
		{"inst", []string{"Instances", "old-instance", "pin state", "-", "tsni"}},
		{"as2", []string{"assembly-02", "-", "blast"}},
		{"02 ass", []string{"assembly-02", "-", "assembly-01"}},
		{"GW", []string{"gw-1", "big-wig"}},
		{"b", []string{"blast-db", "my-blast", "jobs"}},
		{"ä", []string{"Ärger", "-", "arg"}},
	} {
		last, fits := 1<<30, true
		for _, text := range c.texts {
			if text == "-" {
				fits = false
				continue
			}
			score, at, ok := widget.Fuzzy(c.pattern, text)
			if ok != fits {
				t.Errorf("%q in %q: found is %v", c.pattern, text, ok)
			}
			if ok && score >= last {
				t.Errorf("%q: %q is not worse than the one before it (%d)", c.pattern, text, score)
			}
			if ok {
				last = score
			}
			if ok && len(at) != len([]rune(strings.ReplaceAll(c.pattern, " ", ""))) {
				t.Errorf("%q in %q: %d letters", c.pattern, text, len(at))
			}
		}
	}
}

// TestFuzzyFindsWhatIsThere: the letters are where it says they are.
func TestFuzzyFindsWhatIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, word := rapid.String().Draw(t, "text"), rapid.StringMatching(`[a-zäé日0-9-]{1,4}`).Draw(t, "word")
		_, at, ok := widget.Fuzzy(word, text)
		if !ok {
			return
		}
		var got strings.Builder
		for n, i := range at {
			if n > 0 && i <= at[n-1] {
				t.Fatalf("offsets %v", at)
			}
			for _, r := range text[i:] {
				got.WriteRune(r)
				break
			}
		}
		if diff := cmp.Diff(strings.ToLower(word), strings.ToLower(got.String())); diff != "" {
			t.Fatal(diff)
		}
	})
}

func typed(p *widget.Picker, text string) {
	for _, r := range text {
		p.Type(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func TestPickerFitsAndShowsItsCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(0, 120).Draw(t, "width"), rapid.IntRange(0, 50).Draw(t, "height")
		p := widget.NewPicker(cloud.Clean(rapid.String().Draw(t, "title")), "what to type", "nothing")
		var items []widget.PickerItem
		for i := range rapid.IntRange(0, 40).Draw(t, "items") {
			items = append(items, widget.PickerItem{ID: fmt.Sprint(i), Name: cloud.Clean(rapid.String().Draw(t, "name")), Note: "kind", Why: rapid.SampledFrom([]string{"", "not now"}).Draw(t, "why")})
		}
		p.SetItems(items)
		typed(&p, rapid.StringMatching(`[a-c ]{0,3}`).Draw(t, "text"))
		p.Move(rapid.IntRange(-3, 50).Draw(t, "by"))
		out := p.View(styles, w, h)
		if out == "" {
			if w >= 20 && h >= 6 {
				t.Fatalf("nothing at %dx%d", w, h)
			}
			return
		}
		lines := strings.Split(out, "\n")
		if len(lines) > h {
			t.Fatalf("%d lines in %d", len(lines), h)
		}
		for _, l := range lines {
			if ansi.StringWidth(l) > w {
				t.Fatalf("%d cells in %d: %s", ansi.StringWidth(l), w, l)
			}
		}
		if _, any := p.Current(); any != strings.Contains(ansi.Strip(out), "▸") {
			t.Fatalf("there is something: %v\n%s", any, out)
		}
	})
}

// TestPickerIsHitWhereItIsDrawn: a cell with an item's name on it chooses that item, and others none.
func TestPickerIsHitWhereItIsDrawn(t *testing.T) {
	p := widget.NewPicker("Title", "", "nothing")
	for n, size := range [][2]int{{80, 24}, {40, 10}, {120, 40}} {
		var items []widget.PickerItem
		for i := range 30 {
			items = append(items, widget.PickerItem{ID: fmt.Sprint(i), Name: fmt.Sprintf("item-%02d", i)})
		}
		p.SetItems(items)
		p.Move(7 * n)
		out := strings.Split(ansi.Strip(p.View(styles, size[0], size[1])), "\n")
		for y, line := range out {
			at := strings.Index(line, "item-")
			if at < 0 {
				if p.Hit(5, y) {
					t.Errorf("line %d of %v has no item and is hit: %q", y, size, line)
				}
				continue
			}
			if !p.Hit(ansi.StringWidth(line[:at]), y) {
				t.Errorf("%q is not hit", line)
			} else if i, _ := p.Current(); i.Name != line[at:at+7] {
				t.Errorf("%q hits %s", line, i.Name)
			}
		}
	}
}

func TestPickerKeepsItsItem(t *testing.T) {
	p := widget.NewPicker("Title", "", "nothing")
	p.SetItems([]widget.PickerItem{{ID: "a", Name: "alpha"}, {ID: "b", Name: "beta"}})
	p.Move(1)
	p.SetItems([]widget.PickerItem{{ID: "z", Name: "zeta"}, {ID: "a", Name: "alpha"}, {ID: "b", Name: "beta"}})
	if i, _ := p.Current(); i.ID != "b" {
		t.Errorf("the cursor is on %s", i.Name)
	}
	typed(&p, "zz")
	if _, ok := p.Current(); ok {
		t.Error("something fits zz")
	}
}
