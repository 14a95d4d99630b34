package openstack_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"portico/cloud"
	"portico/cloud/emulator"
	"portico/cloud/openstack"
)

// variables makes these OS_* variables the only ones.
func variables(t *testing.T, env []string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OS_") {
			t.Setenv(name, "")
		}
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

// twoProjects is a cloud whose user works in "one" and may only look at "two".
func twoProjects(t *testing.T) *emulator.Cloud {
	t.Helper()
	c, err := emulator.Start(emulator.Config{Project: "one"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	servers := func(names ...string) func(*emulator.Model) {
		return func(m *emulator.Model) {
			image, flavor := m.AddImage("debian", nil), m.AddFlavor("small", 1, 512, 5)
			for _, n := range names {
				m.AddServer(emulator.ServerSpec{Name: n, Image: image, Flavor: flavor, Status: "ERROR"})
			}
		}
	}
	if err := c.Fill(servers("first")); err != nil {
		t.Fatal(err)
	}
	err = c.AddProject("two", []string{"reader"}, servers("first", "second"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func connect(t *testing.T, o openstack.Options) *openstack.Client {
	t.Helper()
	o.Timeout = 5 * time.Second
	c, err := openstack.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestProjects: from one project one sees the others, and each shows its own things alone.
func TestProjects(t *testing.T) {
	c := twoProjects(t)
	for name, env := range map[string][]string{"password": c.Env(), "token": c.TokenEnv()} {
		t.Run(name, func(t *testing.T) {
			variables(t, env)
			one := connect(t, openstack.Options{})
			list, err := one.Projects(t.Context())
			if err != nil || len(list) != 2 || list[0].Name != "one" || list[1].Name != "two" {
				t.Fatalf("projects %v, %v", list, err)
			}
			two := connect(t, openstack.Options{ProjectID: list[1].ID})
			seen := map[string]bool{}
			for project, client := range map[string]*openstack.Client{"one": one, "two": two} {
				inv, err := client.Inventory(t.Context())
				if want := map[string]int{"one": 1, "two": 2}[project]; err != nil || len(inv.Instances) != want || inv.Identity.Project != project {
					t.Errorf("%s: %d instances of %q, want %d; %v", project, len(inv.Instances), inv.Identity.Project, want, err)
				}
				for _, i := range inv.Instances {
					if seen[i.ID] {
						t.Errorf("instance %s is in both projects", i.ID)
					}
					seen[i.ID] = true
				}
				if readOnly := inv.Identity.ReadOnly; readOnly != (project == "two") {
					t.Errorf("%s: read-only is %v", project, readOnly)
				}
			}
		})
	}
}

// TestACredentialIsForOneProject: it knows its own, asks nobody for others, and goes to none.
func TestACredentialIsForOneProject(t *testing.T) {
	c := twoProjects(t)
	variables(t, c.AppCredentialEnv())
	one := connect(t, openstack.Options{})
	list, err := one.Projects(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != "one" || !one.Identity().Bound {
		t.Errorf("projects %v, %v, bound %v", list, err, one.Identity().Bound)
	}
	_, err = openstack.Connect(t.Context(), openstack.Options{ProjectID: "x"})
	if cloud.KindOf(err) != cloud.Permission || !strings.Contains(err.Error(), "one project alone") {
		t.Errorf("going to another project says %v", err)
	}
}

// TestAProjectThatIsNotTheUsers is refused as credentials are.
func TestAProjectThatIsNotTheUsers(t *testing.T) {
	variables(t, twoProjects(t).Env())
	if _, err := openstack.Connect(t.Context(), openstack.Options{ProjectID: "x"}); cloud.KindOf(err) != cloud.Auth {
		t.Errorf("got %v", err)
	}
}

func TestRolesThatOnlyRead(t *testing.T) {
	c := twoProjects(t)
	variables(t, c.Env())
	for roles, want := range map[string]bool{"reader": true, "reader member": false, "member": false, "auditor reader": false, "": false} {
		c.SetRoles(strings.Fields(roles)...)
		if got := connect(t, openstack.Options{}).Identity().ReadOnly; got != want {
			t.Errorf("roles %q: read-only is %v, want %v", roles, got, want)
		}
	}
}
