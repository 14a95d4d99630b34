package openstack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"portico/cloud"
)

// Bounds of what is kept of a body, and of what is written of it.
const (
	maxTraced  = 4 << 20
	maxWritten = 4 << 10
)

// trace writes every request and its answer, without secrets: the line of the request with status
// and duration, then headers and bodies, those of the request after ">", those of the answer after
// "<". Values of fields and headers whose names speak of a secret are left out whatever they are,
// our own secrets wherever they stand. Bodies that are not JSON are only counted.
type trace struct {
	secrets *secrets
	mu      sync.Mutex
	out     io.Writer
}

// begin notes a request; what it returns is called with the answer, whose body it reads and puts
// back. Nothing is done without a trace.
func (t *trace) begin(req *http.Request) (done func(*http.Response, error)) {
	if t == nil {
		return func(*http.Response, error) {}
	}
	start := time.Now()
	var sent []byte
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			sent, _ = io.ReadAll(io.LimitReader(body, maxTraced))
			_ = body.Close()
		}
	}
	return func(resp *http.Response, err error) {
		result := "no answer"
		if err == nil {
			result = resp.Status
		}
		var b strings.Builder
		t.line(&b, fmt.Sprintf("%s %s %s %s %s", start.UTC().Format(time.RFC3339), req.Method, withoutQuerySecrets(req), result, time.Since(start).Round(time.Millisecond)))
		t.part(&b, "> ", req.Header, sent)
		if err != nil {
			t.line(&b, "< "+err.Error())
		} else {
			t.part(&b, "< ", resp.Header, keep(resp))
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		_, _ = io.WriteString(t.out, b.String())
	}
}

// keep reads a body and leaves it to be read again, with the error it ended with.
func keep(resp *http.Response) []byte {
	read, err := io.ReadAll(io.LimitReader(resp.Body, maxTraced))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failing{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), rest), resp.Body}
	return read
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// line writes one clean line.
func (t *trace) line(b *strings.Builder, text string) {
	b.WriteString(cloud.Clean(t.secrets.redact(text)) + "\n")
}

func (t *trace) part(b *strings.Builder, mark string, h http.Header, body []byte) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := strings.Join(h[name], ", ")
		if speaksOfSecret(name) {
			value = hidden
		}
		t.line(b, mark+name+": "+value)
	}
	if len(body) == 0 {
		return
	}
	text := t.body(body)
	if runes := []rune(text); len(runes) > maxWritten {
		text = string(runes[:maxWritten]) + fmt.Sprintf("... (%d bytes)", len(body))
	}
	t.line(b, mark+text)
}

func (t *trace) body(body []byte) string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return fmt.Sprintf("(%d bytes, not JSON)", len(body))
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(t.without(doc, "")) // what was read can be written
	return strings.TrimSuffix(out.String(), "\n")
}

// without returns a JSON value without its secrets. under is the name of the field it is in.
func (t *trace) without(value any, under string) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, field := range v {
			switch _, object := field.(map[string]any); {
			case object && (name == "token" || under == "identity"): // Keystone's; the ID of a token is the token itself
				out[name] = t.without(field, name)
			case speaksOfSecret(name), under == "token" && name == "id":
				out[name] = hidden
			default:
				out[t.secrets.redact(name)] = t.without(field, name)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = t.without(item, under)
		}
		return out
	case string:
		if strings.Contains(v, "PRIVATE KEY-----") {
			return hidden
		}
		return t.secrets.redact(v)
	}
	return value
}

// secretWords are parts of the names of fields and headers that hold secrets, or, as user data and
// console logs do, may hold some.
var secretWords = []string{
	"pass", "secret", "token", "credential", "authorization", "cookie", "private_key", "privatekey", "user_data", "userdata", "api_key", "apikey",
	"personality", "metadata", "output", "blob", "totp", "otp", "saml", "signature",
}

func speaksOfSecret(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(name, w) })
}

// withoutQuerySecrets is the address of a request.
func withoutQuerySecrets(req *http.Request) string {
	u := *req.URL
	u.User = nil
	query := u.Query()
	for name := range query {
		if speaksOfSecret(name) {
			query.Set(name, hidden)
		}
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), url.QueryEscape(hidden), hidden)
	return u.String()
}
