package publish_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"portico/gateway"
	usecase "portico/gateway/publish"
	fixture "portico/views/preview/previewtest"
	"portico/views/publish"
)

// look is a form in a state that has a golden for each size.
type look struct {
	name string
	make func() *form
}

var hostile = []fixture.VM{fixture.Assembly, fixture.Japanese, fixture.Emoji}

func TestForms(t *testing.T) {
	for _, x := range append(plainForms(), surveyedForms()...) {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", x.name, size.w, size.h), func(t *testing.T) {
				golden.RequireEqual(t, draw(t, x.make(), size.w, size.h))
			})
		}
	}
}

func plainForms() []look {
	conflict := &gateway.Error{
		Op: "publish", Target: "ssh of 192.168.0.11 on tcp port 30011", Kind: gateway.Conflict,
		Err: errors.New("sshd has this port"), Next: "choose another scheme, or free the port",
	}
	return []look{
		{"one", func() *form {
			f := open(nil, fixture.Assembly)
			f.answer(fixture.Proposal(fixture.Assembly), nil)
			return f
		}},
		{"hostile", func() *form {
			f := open(nil, hostile...)
			f.answer(fixture.Proposal(hostile...), nil)
			return f
		}},
		{"waiting", func() *form { return open(nil, fixture.Assembly) }},
		{"nothing", func() *form {
			f := open([]gateway.Forward{fixture.Forward(fixture.Assembly, fixture.SSH, 30011)}, fixture.Assembly)
			f.answer(fixture.Nothing(fixture.Assembly), nil)
			return f
		}},
		{"conflict", func() *form {
			f := open(nil, fixture.Assembly)
			f.answer(usecase.Proposal{}, conflict)
			return f
		}},
		{"bad-network", func() *form {
			f := open(nil, fixture.Assembly)
			f.press(toOnly...)
			f.press("198.51.100.0/24, 10.0.0.300")
			return f
		}},
		{"other-scheme", func() *form {
			f := open(nil, fixture.Assembly)
			f.press("down", "space")
			f.press(toScheme2[1:]...)
			f.press("down", "space")
			f.answer(fixture.Proposal(fixture.Assembly), nil)
			return f
		}},
		{"not-open", func() *form { return &form{Screen: publish.New()} }},
	}
}

func surveyedForms() []look {
	return []look{
		{"surveyed", func() *form { return surveyed(open(nil, fixture.Assembly)) }},
		{"surveyed-many", func() *form { return surveyed(open(nil, hostile...)) }},
		{"taken", func() *form { return held(open(nil, fixture.Assembly, fixture.Japanese), 30011) }},
		{"own-port", func() *form {
			f := held(open(nil, fixture.Assembly), 9090)
			f.press(toPorts...)
			f.press("9090")
			return f
		}},
		{"map", func() *form {
			f := held(open([]gateway.Forward{fixture.Forward(fixture.Japanese, fixture.SSH, 30020)}, fixture.Assembly, fixture.Japanese), 30011)
			f.press("m")
			return f
		}},
		{"neutron", func() *form {
			f := surveyed(open(nil, fixture.Assembly))
			f.press(toNeutron...)
			return f
		}},
	}
}
