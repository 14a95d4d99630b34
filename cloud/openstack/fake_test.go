package openstack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	fakeProject  = "11111111111111111111111111111111"
	otherProject = "22222222222222222222222222222222"
	fakePassword = "correct-horse"
)

type object = map[string]any

// fake is an OpenStack on loopback that holds state: tokens that can be revoked, things that can
// be created and deleted, pages, revisions, quotas. Faults are injected by path.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	tokens   map[string]bool
	logins   int
	password string
	requests []string // "GET /v2.1/servers/detail"
	headers  []http.Header
	faults   []*fault

	maxPage        int
	admin          bool   // the token sees every project
	microversion   string // the highest that Nova accepts
	quotaDetails   bool
	quotaForbidden bool
	groupQuota     int
	serial         int
	lists          map[string][]object // "ports", "floatingips", ...
	forwardings    map[string][]object // by floating IP, served at their own path
}

// fault answers requests to a path, as often as times says.
type fault struct {
	method, path string
	times        int
	status       int
	header       map[string]string
	body         string
	hang         bool // no answer until the client goes
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{
		tokens: map[string]bool{}, password: fakePassword, maxPage: 1000, microversion: "2.93", quotaDetails: true,
		groupQuota: 10, lists: map[string][]object{}, forwardings: map[string][]object{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /identity/v3/auth/tokens", f.login)
	mux.HandleFunc("GET /identity/v3/auth/tokens", f.authenticated(f.showToken))
	mux.HandleFunc("GET /compute/v2.1/servers/detail", f.authenticated(f.listServers))
	mux.HandleFunc("GET /compute/v2.1/flavors/detail", f.authenticated(f.listFlavors))
	mux.HandleFunc("GET /compute/v2.1/os-keypairs", f.authenticated(f.listKeyPairs))
	mux.HandleFunc("GET /image/v2/images", f.authenticated(f.listImages))
	f.neutron(mux)
	f.Server = httptest.NewServer(f.record(mux))
	t.Cleanup(f.Close)
	return f
}

// record keeps the requests, and answers the injected faults.
func (f *fake) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		f.headers = append(f.headers, r.Header.Clone())
		var hit *fault
		for _, ft := range f.faults {
			if hit == nil && ft.times > 0 && ft.path == r.URL.Path && (ft.method == "" || ft.method == r.Method) {
				hit = ft
				ft.times--
			}
		}
		f.mu.Unlock()
		if hit == nil {
			next.ServeHTTP(w, r)
			return
		}
		if hit.hang {
			_, _ = io.Copy(io.Discard, r.Body) // net/http notices that the client went only then
			<-r.Context().Done()
			return
		}
		for key, value := range hit.header {
			w.Header().Set(key, value)
		}
		w.WriteHeader(hit.status)
		_, _ = w.Write([]byte(hit.body))
	})
}

// fail injects a fault for good.
func (f *fake) fail(path string, status int, body string) {
	f.inject(fault{path: path, times: 1 << 30, status: status, body: body})
}

func (f *fake) inject(ft fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &ft)
}

// count returns how many requests were made since the last reset, to any path or to one.
func (f *fake) count(request string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if request == "" {
		return len(f.requests)
	}
	n := 0
	for _, r := range f.requests {
		if r == request {
			n++
		}
	}
	return n
}

func (f *fake) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests, f.headers = nil, nil
}

// expire makes every token invalid.
func (f *fake) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens = map[string]bool{}
}

func (f *fake) authenticated(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.tokens[r.Header.Get("X-Auth-Token")] {
			reply(w, http.StatusUnauthorized, object{"error": object{"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}})
			return
		}
		next(w, r)
	}
}

// login accepts the password, an application credential, and a token that is still valid.
func (f *fake) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Auth struct {
			Identity struct {
				Password   struct{ User struct{ Password string } }
				Token      struct{ ID string }
				Credential struct{ ID, Secret string } `json:"application_credential"`
			}
			Scope any
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins++
	id := body.Auth.Identity
	scoped := id.Credential.ID == "" // an application credential may not ask for a scope
	ok := id.Password.User.Password == f.password || f.tokens[id.Token.ID] || id.Credential.ID == "app" && id.Credential.Secret == f.password
	if !ok || (body.Auth.Scope != nil) != scoped {
		reply(w, http.StatusUnauthorized, object{"error": object{"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}})
		return
	}
	token := fmt.Sprintf("token-%d", f.logins)
	f.tokens[token] = true
	w.Header().Set("X-Subject-Token", token)
	reply(w, http.StatusCreated, f.tokenBody())
}

func (f *fake) showToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Subject-Token", r.Header.Get("X-Subject-Token"))
	reply(w, http.StatusOK, f.tokenBody())
}

func (f *fake) tokenBody() object {
	endpoint := func(kind, path string) object {
		return object{"type": kind, "name": kind, "endpoints": []object{{"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": f.URL + path}}}
	}
	return object{"token": object{
		"expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"user":       object{"id": "u1", "name": "demo", "domain": object{"id": "default", "name": "Default"}},
		"project":    object{"id": fakeProject, "name": "demo", "domain": object{"id": "default", "name": "Default"}},
		"catalog":    []object{endpoint("compute", "/compute/v2.1"), endpoint("network", "/network"), endpoint("image", "/image")},
	}}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

// page writes one page of list under key, with a link to the next as Nova and Neutron do.
func (f *fake) page(w http.ResponseWriter, r *http.Request, key string, list []object) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit > f.maxPage || limit == 0 {
		limit = f.maxPage
	}
	if marker := query.Get("marker"); marker != "" {
		i := slices.IndexFunc(list, func(o object) bool { return o["id"] == marker })
		list = list[i+1:]
	}
	body := object{key: list}
	if len(list) > limit {
		list = list[:limit]
		query.Set("marker", list[limit-1]["id"].(string))
		body = object{key: list, key + "_links": []object{{"rel": "next", "href": f.URL + r.URL.Path + "?" + query.Encode()}}}
	}
	if list == nil {
		body[key] = []object{}
	}
	reply(w, http.StatusOK, body)
}

// connect logs in to the fake with the OS_* variables of a password user.
func (f *fake) connect(t *testing.T) *Client {
	t.Helper()
	environment(t, map[string]string{
		"OS_AUTH_URL": f.URL + "/identity/v3", "OS_USERNAME": "demo", "OS_PASSWORD": f.password, "OS_PROJECT_NAME": "demo",
	})
	c, err := Connect(t.Context(), Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	f.reset()
	return c
}

// environment sets these OS_* variables and no others, with an empty home directory.
func environment(t *testing.T, set map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Chdir(t.TempDir())
	for name, value := range set {
		t.Setenv(name, value)
	}
}
