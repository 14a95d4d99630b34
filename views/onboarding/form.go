package onboarding

import (
	"net/url"
	"regexp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/views/widget"
)

// field is one line of the form.
type field struct {
	label, hint string
	needed      string // what to say when it is empty; "" where it may be
	way         way    // 0: of both ways
	in          widget.Input
}

// way is how one logs in.
type way int

const (
	byPassword way = 1 + iota
	byApplication
)

// The fields, in their order.
const (
	fieldURL = iota
	fieldUser
	fieldPassword
	fieldProject
	fieldDomain
	fieldProjectDomain
	fieldAppID
	fieldAppSecret
	fieldRegion
	fieldName
	fields
)

// form is the login being typed.
type form struct {
	way    way
	focus  int
	asked  bool // what is missing was asked for
	fields [fields]field
}

func newForm() form {
	text := func(label, hint, needed string, w way) field {
		return field{label, hint, needed, w, widget.NewInput(hint, false)}
	}
	f := form{way: byPassword, fields: [fields]field{
		fieldURL:           text("address", "https://cloud.example.org:5000/v3", "the address of Keystone (auth_url)", 0),
		fieldUser:          text("user", "your user name", "the user", byPassword),
		fieldPassword:      text("password", "", "the password", byPassword),
		fieldProject:       text("project", "its name or ID", "the project", byPassword),
		fieldDomain:        text("domain", "Default", "", byPassword),
		fieldProjectDomain: text("project's domain", "the same", "", byPassword),
		fieldAppID:         text("credential ID", "of an application credential", "the credential's ID", byApplication),
		fieldAppSecret:     text("secret", "", "the credential's secret", byApplication),
		fieldRegion:        text("region", "the first there is", "", 0),
		fieldName:          text("call it", "mycloud", "", 0),
	}}
	f.fields[fieldPassword].in.Secret, f.fields[fieldAppSecret].in.Secret = true, true
	return f
}

// shown lists the fields of the chosen way.
func (f *form) shown() []int {
	var out []int
	for i, x := range f.fields {
		if x.way == 0 || x.way == f.way {
			out = append(out, i)
		}
	}
	return out
}

// move puts the focus on the next or previous field, round the ends.
func (f *form) move(by int) {
	all := f.shown()
	for i, n := range all {
		if n == f.focus {
			f.focus = all[(i+by+len(all))%len(all)]
			return
		}
	}
	f.focus = all[0]
}

// other changes the way.
func (f *form) other() {
	f.way = byPassword + byApplication - f.way
	f.asked = false
	if w := f.fields[f.focus].way; w != 0 && w != f.way {
		f.focus = f.shown()[1]
	}
}

func (f *form) edit(msg tea.Msg) {
	f.fields[f.focus].in.Update(msg)
}

// fill takes what was pasted; what that does not say is left as it is.
func (f *form) fill(c cloud.Credentials) {
	f.way, f.asked = byPassword, false
	if c.ByApplication() {
		f.way = byApplication
	}
	for i, v := range map[int]string{
		fieldURL: c.AuthURL, fieldUser: c.User, fieldPassword: c.Password, fieldProject: c.Project, fieldDomain: c.UserDomain, fieldProjectDomain: c.ProjectDomain,
		fieldAppID: c.AppID, fieldAppSecret: c.AppSecret, fieldRegion: c.Region, fieldName: c.Name,
	} {
		if v != "" {
			f.fields[i].in.Set(v)
		}
	}
	f.focus = fieldURL
	if at, ok := f.missing(); ok { // mostly the password, which no file holds
		f.focus = at
	}
}

// missing is the first field that must be filled in and is not.
func (f *form) missing() (at int, ok bool) {
	for _, i := range f.shown() {
		if x := &f.fields[i]; x.needed != "" && strings.TrimSpace(x.in.Value()) == "" {
			return i, true
		}
	}
	return 0, false
}

func (f *form) value(i int) string {
	if f.fields[i].in.Secret {
		return f.fields[i].in.Value() // spaces may be part of it
	}
	return strings.TrimSpace(f.fields[i].in.Value())
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// name is what the cloud will be called: what was typed, else its address's first word that tells
// anything, else mycloud.
func (f *form) name() string {
	if v := f.value(fieldName); v != "" {
		return v
	}
	u, err := url.Parse(f.value(fieldURL))
	if err != nil {
		return "mycloud"
	}
	for part := range strings.SplitSeq(u.Hostname(), ".") {
		switch part = notInNames.ReplaceAllString(part, ""); {
		case part == "", strings.Trim(part, "0123456789") == "":
		case part == "keystone", part == "identity", part == "api", part == "openstack", part == "www", part == "localhost", part == "auth":
		default:
			return part
		}
	}
	return "mycloud"
}

func (f *form) credentials() cloud.Credentials {
	c := cloud.Credentials{Name: f.name(), AuthURL: f.value(fieldURL), Region: f.value(fieldRegion)}
	if f.way == byApplication {
		c.AppID, c.AppSecret = f.value(fieldAppID), f.value(fieldAppSecret)
		return c
	}
	c.User, c.Password, c.Project = f.value(fieldUser), f.value(fieldPassword), f.value(fieldProject)
	c.UserDomain, c.ProjectDomain = f.value(fieldDomain), f.value(fieldProjectDomain)
	return c
}
