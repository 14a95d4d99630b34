package emulator

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
)

// authBody is the body of POST /v3/auth/tokens, as far as it is understood here.
type authBody struct {
	Auth *struct {
		Identity authIdentity
		Scope    json.RawMessage
	}
}

type authIdentity struct {
	Methods  []string
	Password struct {
		User authUser
	}
	Token struct {
		ID string
	}
	AppCredential struct {
		ID, Name, Secret string
		User             authUser
	} `json:"application_credential"`
}

type authUser struct {
	ID, Name, Password string
	Domain             authDomain
}

type authDomain struct{ ID, Name string }

type authScope struct {
	Project *struct {
		ID, Name string
		Domain   authDomain
	}
	Domain   *authDomain
	Unscoped *struct{}
}

// issue makes a token for a project, or, without one, an unscoped one.
func (c *Cloud) issue(methods []string, p *project) *token {
	now := c.config.Now()
	t := &token{
		id: "gAAAAA" + rand.Text() + rand.Text(), audit: rand.Text()[:22], methods: methods,
		issued: now, expires: now.Add(c.config.TokenLifetime), project: p,
	}
	if p != nil {
		t.roles = p.roles
	}
	c.tokens[t.id] = t
	return t
}

func (c *Cloud) logIn(r *request) response {
	var body authBody
	if err := json.Unmarshal(r.body, &body); err != nil || body.Auth == nil {
		return identityAPI.problem(http.StatusBadRequest,
			"Expecting to find auth in request body. The server could not comply with the request since it is "+
				"either malformed or otherwise incorrect. The client is assumed to be in error.")
	}
	id := body.Auth.Identity
	refused := identityAPI.problem(http.StatusUnauthorized, "The request you have made requires authentication.")
	refused.header = http.Header{"Www-Authenticate": {`Keystone uri="` + c.AuthURL() + `"`}}
	own, ok := c.proven(&id)
	if !ok {
		return refused
	}
	wanted, ok := c.scope(body.Auth.Scope)
	if !ok || own != nil && wanted != nil {
		return refused
	}
	t := c.issue(id.Methods, cmp.Or(own, wanted))
	res := reply(http.StatusCreated, c.tokenView(t))
	res.header = http.Header{"X-Subject-Token": {t.id}}
	return res
}

// proven checks every method the client names; one that fails fails them all. An application
// credential brings its project with it and takes no other scope; nor does a token that came of one.
func (c *Cloud) proven(id *authIdentity) (own *project, ok bool) {
	for _, method := range id.Methods {
		switch method {
		case "password":
			ok = c.isUser(id.Password.User) && same(id.Password.User.Password, c.creds.password)
		case "token":
			t := c.valid(id.Token.ID)
			ok = t != nil
			if ok && slices.Contains(t.methods, "application_credential") {
				own = t.project
			}
		case "application_credential":
			a := id.AppCredential
			known := a.ID == c.creds.appID || a.Name == c.creds.appName && c.isUser(a.User)
			ok = known && same(a.Secret, c.creds.appSecret)
			if ok {
				own = c.projects[0]
			}
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
	}
	return own, ok
}

// scope reads what the token is wanted for: a project, or nothing. ok is false for a scope
// the user has no role in.
func (c *Cloud) scope(raw json.RawMessage) (wanted *project, ok bool) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `"unscoped"` {
		return nil, true
	}
	var s authScope
	if err := json.Unmarshal(raw, &s); err != nil || s.Domain != nil {
		return nil, false
	}
	if s.Project == nil {
		return nil, s.Unscoped != nil
	}
	if s.Project.ID == "" && !c.isDomain(s.Project.Domain) {
		return nil, false
	}
	wanted = c.projectNamed(s.Project.ID, s.Project.Name)
	return wanted, wanted != nil
}

func (c *Cloud) isUser(u authUser) bool {
	return u.ID == c.creds.userID || u.ID == "" && u.Name == c.config.User && c.isDomain(u.Domain)
}

func (c *Cloud) isDomain(d authDomain) bool {
	return d.ID == c.creds.domainID || d.ID == "" && d.Name == c.creds.domainFor
}

// same compares secrets in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
