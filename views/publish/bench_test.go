package publish_test

import (
	"fmt"
	"net/netip"
	"testing"

	"portico/gateway"
	"portico/themes"
	"portico/views"
	fixture "portico/views/preview/previewtest"
)

// BenchmarkKeyToFrame is a key on the form of 200 VMs of a project with 2,000 forwards, and the frame after it.
func BenchmarkKeyToFrame(b *testing.B) {
	var vms []fixture.VM
	var standing []gateway.Forward
	for i := range 200 {
		vm := fixture.VM{ID: fmt.Sprintf("id-%d", i), Name: fmt.Sprintf("vm-%d", i), Addr: netip.AddrFrom4([4]byte{192, 168, 0, byte(10 + i)})}
		vms = append(vms, vm)
		for j := range 10 {
			standing = append(standing, fixture.Forward(vm, gateway.Service{Name: fmt.Sprintf("s%d", j), Protocol: gateway.TCP, Port: uint16(1000 + j)}, uint16(2000+10*i+j)))
		}
	}
	f := surveyed(open(standing, vms...))
	frame := views.Frame{Width: 120, Height: 40, Styles: themes.New(themes.Default(), true)}
	for b.Loop() {
		f.press("space")
		f.View(frame)
	}
}
