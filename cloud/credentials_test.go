package cloud_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portico/cloud"
)

func TestParseCredentials(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       cloud.Credentials
		ok         bool
	}{
		{"openrc", "#!/usr/bin/env bash\nexport OS_AUTH_URL=https://cloud.example:5000/v3\nexport OS_PROJECT_ID=0123456789abcdef0123456789abcdef\nexport OS_PROJECT_NAME=\"metagenomics\"\nexport OS_USER_DOMAIN_NAME=\"Default\"\nif [ -z \"$OS_USER_DOMAIN_NAME\" ]; then unset OS_USER_DOMAIN_NAME; fi\nexport OS_USERNAME=\"mg\"\nread -sr OS_PASSWORD_INPUT\nexport OS_PASSWORD=$OS_PASSWORD_INPUT\nexport OS_REGION_NAME=\"Bielefeld\"\n",
			cloud.Credentials{AuthURL: "https://cloud.example:5000/v3", Project: "metagenomics", User: "mg", UserDomain: "Default", Region: "Bielefeld"}, true},
		{"one without a project's name", "OS_AUTH_URL='http://c/v3'\rOS_PROJECT_ID=0123456789abcdef0123456789abcdef\r\nOS_USERNAME=u\r\nOS_PASSWORD='p w'\r\n",
			cloud.Credentials{AuthURL: "http://c/v3", Project: "0123456789abcdef0123456789abcdef", User: "u", Password: "p w"}, true},
		{"application credential", "export OS_AUTH_TYPE=v3applicationcredential\nexport OS_AUTH_URL=https://c/v3\nexport OS_USERNAME=u\nexport OS_APPLICATION_CREDENTIAL_ID=abc\nexport OS_APPLICATION_CREDENTIAL_SECRET=s\n",
			cloud.Credentials{AuthURL: "https://c/v3", AppID: "abc", AppSecret: "s"}, true},
		{"clouds.yaml", "clouds:\n  openstack:\n    auth:\n      auth_url: https://c/v3\n      username: \"mg\\u202e\"\n      project_name: p\n      user_domain_name: D\n    region_name: R\n",
			cloud.Credentials{Name: "openstack", AuthURL: "https://c/v3", User: "mg\uFFFD", Project: "p", UserDomain: "D", Region: "R"}, true},
		{"something else", "https://cloud.example:5000/v3", cloud.Credentials{}, false},
		{"other YAML", "a: 1\n", cloud.Credentials{}, false},
		{"nothing", "", cloud.Credentials{}, false},
	} {
		got, ok := cloud.ParseCredentials(c.text)
		if d := cmp.Diff(c.want, got); d != "" || ok != c.ok {
			t.Errorf("%s: %v\n%s", c.name, ok, d)
		}
	}
	secret := cloud.Credentials{Name: "n", Password: "hunter2", AppSecret: "hunter2"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if strings.Contains(fmt.Sprintf(format, secret), "hunter2") {
			t.Errorf("%s prints the secret", format)
		}
	}
}
