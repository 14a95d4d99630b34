package preview_test

import (
	"fmt"
	"net/netip"
	"testing"

	"portico/themes"
	"portico/views"
	"portico/views/preview"
	"portico/views/preview/previewtest"
)

// BenchmarkPreview is a plan of 40,000 forwards: until its first frame, a key that scrolls with its
// frame, and another page.
func BenchmarkPreview(b *testing.B) {
	vms := make([]previewtest.VM, 20000) // of two forwards each
	for i := range vms {
		vms[i] = previewtest.VM{ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", i), Name: fmt.Sprintf("vm-%05d", i), Addr: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})}
	}
	proposal := previewtest.Proposal(vms...)
	f := views.Frame{Width: 120, Height: 40, Styles: themes.New(themes.Default(), true)}
	open := func() *preview.Screen {
		s := preview.New()
		s.Update(views.ShowPlanMsg{Proposal: proposal})
		s.View(f)
		return s
	}
	b.Run("first frame", func(b *testing.B) {
		for b.Loop() {
			open()
		}
	})
	for name, key := range map[string]string{"scroll": "j", "next page": "tab"} {
		b.Run(name, func(b *testing.B) {
			s := open()
			for b.Loop() {
				s.Update(keyOf(key))
				s.View(f)
			}
		})
	}
}
