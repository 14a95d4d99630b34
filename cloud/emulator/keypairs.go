package emulator

import (
	"fmt"
	"net/http"
	"regexp"

	"golang.org/x/crypto/ssh"
)

// keypairName is what Nova takes for the name of a key pair before microversion 2.92.
var keypairName = regexp.MustCompile(`^[a-zA-Z0-9@._ -]{1,255}$`)

// createKeypair imports a public key. This cloud makes no keys of its own.
func (c *Cloud) createKeypair(r *request) response {
	body, _ := r.decode()
	want, _ := body["keypair"].(map[string]any)
	name, _ := want["name"].(string)
	public, _ := want["public_key"].(string)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(public))
	switch {
	case !keypairName.MatchString(name):
		return computeAPI.problem(http.StatusBadRequest, "Keypair data is invalid: Keypair name contains unsafe characters")
	case err != nil:
		return computeAPI.problem(http.StatusBadRequest, "Keypair data is invalid: failed to generate fingerprint")
	case c.model.keypairs[name] != nil:
		return computeAPI.problem(http.StatusConflict, fmt.Sprintf("Key pair '%s' already exists.", name))
	case len(c.model.keypairs) >= c.model.limits["key_pairs"]:
		return computeAPI.problem(http.StatusForbidden, "Quota exceeded, too many key pairs.")
	}
	k := &keypair{name: name, public: public, fingerprint: ssh.FingerprintLegacyMD5(key), created: c.model.now()}
	c.model.keypairs[name] = k
	return reply(map[bool]int{true: http.StatusCreated, false: http.StatusOK}[r.minor >= 2], view{"keypair": c.keypairView(k, r.minor)})
}

func (c *Cloud) deleteKeypair(r *request) response {
	name := r.PathValue("name")
	if c.model.keypairs[name] == nil {
		return computeAPI.problem(http.StatusNotFound, fmt.Sprintf("Keypair %s not found for user %s", name, c.creds.userID))
	}
	delete(c.model.keypairs, name)
	return reply(map[bool]int{true: http.StatusNoContent, false: http.StatusAccepted}[r.minor >= 2], nil)
}
