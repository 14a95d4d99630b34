package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
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

// issue makes a token.
func (c *Cloud) issue(methods []string, scoped bool) *token {
	now := c.config.Now()
	t := &token{
		id: "gAAAAA" + rand.Text() + rand.Text(), audit: rand.Text()[:22], methods: methods,
		issued: now, expires: now.Add(c.config.TokenLifetime), scoped: scoped,
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
	scopedByCredential, ok := c.proven(&id)
	if !ok {
		return refused
	}
	scoped, ok := c.scope(body.Auth.Scope)
	if !ok || scopedByCredential && scoped {
		return refused
	}
	t := c.issue(id.Methods, scoped || scopedByCredential)
	res := reply(http.StatusCreated, c.tokenView(t))
	res.header = http.Header{"X-Subject-Token": {t.id}}
	return res
}

// proven checks every method the client names; one that fails fails them all. An application
// credential brings its project with it and takes no other scope.
func (c *Cloud) proven(id *authIdentity) (scoped, ok bool) {
	for _, method := range id.Methods {
		switch method {
		case "password":
			ok = c.isUser(id.Password.User) && same(id.Password.User.Password, c.creds.password)
		case "token":
			ok = c.valid(id.Token.ID) != nil
		case "application_credential":
			a := id.AppCredential
			known := a.ID == c.creds.appID || a.Name == c.creds.appName && c.isUser(a.User)
			ok = known && same(a.Secret, c.creds.appSecret)
			scoped = ok
		default:
			ok = false
		}
		if !ok {
			return false, false
		}
	}
	return scoped, ok
}

// scope reads what the token is wanted for: the project, or nothing. ok is false for a scope
// the user has no role in.
func (c *Cloud) scope(raw json.RawMessage) (scoped, ok bool) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `"unscoped"` {
		return false, true
	}
	var s authScope
	if err := json.Unmarshal(raw, &s); err != nil || s.Domain != nil {
		return false, false
	}
	if s.Project == nil {
		return false, s.Unscoped != nil
	}
	p := s.Project
	return true, p.ID == c.creds.projectID || p.ID == "" && p.Name == c.config.Project && c.isDomain(p.Domain)
}

func (c *Cloud) isUser(u authUser) bool {
	return u.ID == c.creds.userID || u.ID == "" && u.Name == c.config.User && c.isDomain(u.Domain)
}

func (c *Cloud) isDomain(d authDomain) bool {
	return d.ID == c.creds.domainID || d.ID == "" && d.Name == c.creds.domainFor
}

// same compares secrets in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
