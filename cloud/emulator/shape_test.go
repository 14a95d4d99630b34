package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// differences compares an answer with the shape of a real one: the same keys at every level,
// and values of the same JSON type. null fits any type; "*" stands for any key.
func differences(at string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: want an object, got %v", at, got)}
		}
		return objectDifferences(at, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: want a list, got %v", at, got)}
		}
		var out []string
		for _, x := range g {
			if len(w) > 0 {
				out = append(out, differences(at+"[]", w[0], x)...)
			}
		}
		return out
	}
	have := map[bool]string{true: "null"}[got == nil]
	switch got.(type) {
	case string:
		have = "string"
	case bool:
		have = "bool"
	case float64:
		have = "number"
	}
	if have != want && have != "null" && want != "null" {
		return []string{fmt.Sprintf("%s: want %v, got %v", at, want, got)}
	}
	return nil
}

func objectDifferences(at string, want, got map[string]any) []string {
	var out []string
	for key, w := range want {
		if g, ok := got[key]; ok {
			out = append(out, differences(at+"."+key, w, g)...)
		} else if key == "*" {
			for _, g := range got {
				out = append(out, differences(at+".*", w, g)...)
			}
		} else {
			out = append(out, at+"."+key+" is missing")
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok && want["*"] == nil {
			out = append(out, at+"."+key+" is not in the real answer")
		}
	}
	return out
}

// testdata/zed-shapes.json holds the keys and types of answers of OpenStack Zed, taken from a
// real one, by path and microversion.
func TestAnswersHaveTheShapeOfZed(t *testing.T) {
	c := startDemo(t)
	data, err := os.ReadFile("testdata/zed-shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	var shapes map[string]any
	if err := json.Unmarshal(data, &shapes); err != nil {
		t.Fatal(err)
	}
	for name, want := range shapes {
		t.Run(name, func(t *testing.T) {
			got := c.sample(t, name)
			d := differences("", want, got)
			slices.Sort(d)
			if len(d) > 0 {
				t.Error(strings.Join(d, "\n"))
			}
		})
	}
}

// sample fetches what a shape is compared with: of a list, the item that is most like the real
// one (an instance's port, an ingress rule, the gateway).
func (c *Cloud) sample(t *testing.T, name string) any {
	t.Helper()
	path, minor, _ := strings.Cut(name, " ")
	if minor == "" {
		minor = "2.1"
	}
	picks := map[string]string{
		"network/v2.0/ports": "?device_owner=compute:nova", "network/v2.0/floatingips": "?status=ACTIVE",
		"network/v2.0/security-groups":      "?name=ssh",
		"network/v2.0/security-group-rules": "?protocol=tcp&direction=ingress",
		"network/v2.0/networks":             "?router:external=False",
		"compute/v2.1/servers/detail":       "?name=" + DemoGateway,
		"image/v2/images":                   "?name=debian-12",
	}
	path = strings.Replace(path, "quotas", "quotas/"+c.ProjectID(), 1)
	a := call(t, c, "GET", "/"+path+picks[path], "", "OpenStack-API-Version", "compute "+minor)
	for _, key := range slices.Sorted(maps.Keys(a.body)) {
		switch v := a.body[key].(type) {
		case []any:
			if strings.HasSuffix(key, "_links") {
				continue
			}
			return v[0]
		case map[string]any:
			if key != "links" {
				return v
			}
		}
	}
	t.Fatalf("nothing to compare in %d %s", a.status, a.text)
	return nil
}
