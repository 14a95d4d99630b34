package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/hostkey"
)

// vouchTimeout bounds the question to the cloud.
const vouchTimeout = 10 * time.Second

// vouched asks the cloud once which keys the host has, with the clock stopped. why says in words for
// the operator why it named none; it is empty where nobody can vouch.
func (k *hostKeys) vouched(ctx context.Context) (set hostkey.Set, why string) {
	if k.hop.vouched == nil || k.asked {
		return k.set, k.why
	}
	k.asked = true
	resume := k.pause()
	defer resume()
	ctx, cancel := context.WithTimeout(ctx, vouchTimeout)
	defer cancel()
	var err error
	k.set, err = k.hop.vouched(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		k.why = fmt.Sprintf("the cloud did not send its console log within %s", vouchTimeout)
	case err != nil:
		k.set, k.why = hostkey.Set{}, "its console log could not be read: "+cloud.Explain(err).Why
	case k.set.Empty():
		k.why = "its console log has no host keys"
	}
	return k.set, k.why
}

// verdict is what the cloud says of a key, and why it says nothing.
func (k *hostKeys) verdict(ctx context.Context, key ssh.PublicKey) (v hostkey.Verdict, why string) {
	set, why := k.vouched(ctx)
	v = set.Check(key)
	if v == hostkey.Unknown && !set.Empty() {
		why = fmt.Sprintf("its console log names no %s key, only %s", key.Type(), strings.Join(set.Types(), ", "))
	}
	return v, why
}

// vouchedAlgorithms lists the algorithms of the keys that the cloud vouches for, where nothing else
// says which key to ask for.
func (k *hostKeys) vouchedAlgorithms(ctx context.Context) []string {
	if len(k.hop.pinned) > 0 || len(k.db.HostKeys(k.hop.keyName())) > 0 {
		return nil
	}
	set, _ := k.vouched(ctx)
	out := slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(a string) bool { return !slices.Contains(set.Types(), keyType(a)) })
	// What ssh(1) prefers, too: the key that people compare is the one that ssh will show.
	slices.SortStableFunc(out, func(a, b string) int { return preference(a) - preference(b) })
	return out
}

func preference(algorithm string) int {
	if algorithm == ssh.KeyAlgoED25519 {
		return 0
	}
	return 1
}

// keyType is the type of the keys that sign with an algorithm (RFC 8332 for RSA).
func keyType(algorithm string) string {
	if algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512 {
		return ssh.KeyAlgoRSA
	}
	return algorithm
}

// verified files a key that the cloud vouches for and tells the operator. One that cannot be filed
// is good for this connection all the same.
func (k *hostKeys) verified(key ssh.PublicKey, file func(ssh.PublicKey) error) error {
	line := fmt.Sprintf("host key of %s verified by the cloud (console log): %s", k.hop.label(), named(key))
	if err := file(key); err != nil {
		line += "; " + cloud.Clean(err.Error())
	}
	k.tell(line)
	return nil
}

func (k *hostKeys) tell(line string) {
	if k.hop.tell != nil {
		k.hop.tell(cloud.Clean(line))
	}
}

// named is how a key is shown: "ssh-ed25519 SHA256:...".
func named(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }

// contradicted is the refusal of a key that the cloud says is another.
func (k *hostKeys) contradicted(key ssh.PublicKey) error {
	set, _ := k.vouched(context.Background()) // it was asked already
	return &gateway.Error{
		Op: "trust the host key of", Target: k.hop.label(), Kind: gateway.HostKey,
		Err: fmt.Errorf("the key is NOT THE MACHINE'S: it shows %s, but the machine's console log in the cloud names %s", named(key), names(set, key.Type())),
		Next: "someone may be in between, the address may lead to another machine, or the keys were made anew after the boot: do not connect before you have compared " +
			"with what 'ssh-keygen -lf " + keyFileName(key.Type()) + "' prints on the machine's own console",
	}
}

func names(set hostkey.Set, keyType string) string {
	return keyType + " " + strings.Join(set.Fingerprints(keyType), ", ")
}

func keyFileName(keyType string) string {
	short := strings.TrimPrefix(keyType, "ssh-")
	if strings.HasPrefix(keyType, "ecdsa-") {
		short = "ecdsa"
	}
	return "/etc/ssh/ssh_host_" + short + "_key.pub"
}
