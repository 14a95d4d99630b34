package main

import (
	"bytes"
	"os"
	"testing"

	cloudemulator "portico/cloud/emulator"
	gatewayemulator "portico/gateway/emulator"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
)

// What Neutron forwards is reached inside of the demo, by the groups of the VM alone.
func TestDemoReachesWhatNeutronForwards(t *testing.T) {
	addr := gatewayemulator.Loopback()
	d, err := startDemo(addr, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	for name, value := range map[string]string{"HOME": t.TempDir(), "SSH_AUTH_SOCK": "", "PORTICO_CONFIG": ""} {
		t.Setenv(name, value)
	}
	setEnv(d.cloud.Env())
	d.dir = t.TempDir()
	if err := d.writeFiles(d.dir); err != nil {
		t.Fatal(err)
	}
	a := newApp(os.Stdin, new(bytes.Buffer), new(bytes.Buffer))
	t.Cleanup(a.close)
	w, err := a.demoWiring(t.Context(), d, nil, publish.Options{Gateway: cloudemulator.DemoGateway})
	if err != nil {
		t.Fatal(err)
	}
	apply := func(req publish.Request) publish.Outcome {
		t.Helper()
		s, err := w.publisher.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.publisher.Plan(t.Context(), s, req)
		if err != nil {
			t.Fatal(err)
		}
		out := w.publisher.Apply(t.Context(), p, publish.Watch{})
		if !out.Report.OK() {
			t.Fatal(out.Report.Err)
		}
		for _, i := range p.Items {
			if i.Action == plan.Create && i.Forward.Engine != req.Engine {
				t.Errorf("%s is made by %s", i.Forward, i.Forward.Engine)
			}
		}
		return out
	}
	out := apply(publish.Request{Instances: []string{"blast-db"}, Services: []string{"ssh", "http"}, Engine: publish.NeutronEngine})
	if len(out.Results) != 2 {
		t.Fatalf("%+v", out.Results)
	}
	for key, r := range out.Results {
		if r.Outcome != probe.OK {
			t.Errorf("%v: %+v", key, r)
		}
	}
}
