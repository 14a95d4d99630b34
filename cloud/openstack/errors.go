package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"portico/cloud"
)

// reason is a cause in words a user understands. The error it came from stays reachable for
// errors.As, but not in the text: gophercloud's texts repeat whole response bodies.
type reason struct {
	text  string
	cause error
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.cause }

// wrap turns whatever gophercloud, net/http or the caller's context returned into a
// [cloud.Error]. It is the only place that decides kinds. Canceled contexts stay recognisable.
func wrap(op, target string, err error) error {
	if err == nil {
		return nil
	}
	var done *cloud.Error
	if errors.As(err, &done) {
		return err
	}
	// gophercloud does not unwrap this one: two failures, of which the second is the cause.
	var renew *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &renew) {
		err = fmt.Errorf("renewing the token: %w", renew.ErrReauth)
	}
	e := &cloud.Error{Op: op, Target: cloud.Clean(target), Kind: cloud.Internal, Err: &reason{cloud.Clean(withoutUserInfo(err.Error())), err}}
	var answer gophercloud.ErrUnexpectedResponseCode
	var noEndpoint *gophercloud.ErrEndpointNotFound
	var noService *gophercloud.ErrServiceNotFound
	var lacks gophercloud.ErrMissingInput
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err, e.Next = cloud.Transient, context.Canceled, "it was interrupted: run it again"
	case errors.As(err, &answer):
		fromAnswer(e, answer)
	case errors.As(err, &noEndpoint), errors.As(err, &noService):
		e.Kind, e.Err = cloud.NotFound, &reason{"the cloud's catalog does not list the service", err}
		e.Next = "check the region (--region, region_name, OS_REGION_NAME)"
	case errors.As(err, &lacks):
		e.Kind = cloud.Invalid
	default:
		fromNetwork(e, err)
	}
	return e
}

// byStatus are the HTTP statuses with one meaning.
var byStatus = map[int]cloud.Kind{
	http.StatusUnauthorized:       cloud.Auth,
	http.StatusForbidden:          cloud.Permission,
	http.StatusNotFound:           cloud.NotFound,
	http.StatusGone:               cloud.NotFound,
	http.StatusConflict:           cloud.Conflict,
	http.StatusPreconditionFailed: cloud.Stale,
	http.StatusTooManyRequests:    cloud.Transient,
	http.StatusBadGateway:         cloud.Transient,
	http.StatusServiceUnavailable: cloud.Transient,
	http.StatusGatewayTimeout:     cloud.Transient,
}

// fromAnswer decides by the HTTP status, and by the message where one status has two meanings:
// Neutron says 409 and Nova 403 or 413 when a quota is used up, and 413 can also be a rate limit.
func fromAnswer(e *cloud.Error, answer gophercloud.ErrUnexpectedResponseCode) {
	kind, message := apiMessage(answer.Body)
	text := fmt.Sprintf("HTTP %d %s", answer.Actual, http.StatusText(answer.Actual))
	if message != "" {
		text = fmt.Sprintf("%s (HTTP %d)", message, answer.Actual)
	}
	e.Err = &reason{text, answer}
	if answer.Actual == http.StatusPreconditionFailed {
		e.Err = &reason{text, errors.Join(cloud.ErrOutdated, answer)}
	}
	e.Kind = statusKind(answer, kind == "OverQuota" || strings.Contains(strings.ToLower(message), "quota exceeded"))
	switch again := retryAfter(answer.ResponseHeader, time.Now()); {
	case e.Kind == cloud.Auth:
		e.Next = "check user, password and project, or that the token or application credential is still valid"
	case e.Kind == cloud.Internal:
		e.Next = "the cloud failed inside: try again, and if it stays tell its operators the time and this message"
	case e.Kind == cloud.Transient && again > 0:
		e.Next = fmt.Sprintf("try again in %s", again.Round(time.Second))
	}
}

func statusKind(answer gophercloud.ErrUnexpectedResponseCode, overQuota bool) cloud.Kind {
	kind, known := byStatus[answer.Actual]
	switch {
	case answer.Actual == http.StatusRequestEntityTooLarge && !overQuota && answer.ResponseHeader.Get("Retry-After") != "":
		return cloud.Transient
	case answer.Actual == http.StatusRequestEntityTooLarge, overQuota && (kind == cloud.Permission || kind == cloud.Conflict):
		return cloud.Quota
	case known:
		return kind
	case answer.Actual >= 400 && answer.Actual < 500:
		return cloud.Invalid
	default:
		return cloud.Internal
	}
}

// fromNetwork decides about requests that got no answer, or none that could be read.
func fromNetwork(e *cloud.Error, err error) {
	host := ""
	var request *url.Error
	if errors.As(err, &request) {
		if u, perr := url.Parse(request.URL); perr == nil {
			host = u.Host
		}
	}
	say := func(text string) {
		e.Err = &reason{cloud.Clean(withoutUserInfo(strings.TrimSpace(host + " " + text))), err}
	}
	var network net.Error
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		e.Kind = cloud.Unreachable
		say("did not answer in time")
	case errors.As(err, &certificate), errors.As(err, &authority):
		e.Kind, e.Next = cloud.Unreachable, "if the cloud has its own certificate authority, name its file as cacert in clouds.yaml (OS_CACERT)"
		say("has a certificate this machine does not trust: " + innermost(err))
	case errors.Is(err, http.ErrSchemeMismatch):
		e.Kind, e.Next = cloud.Unreachable, "the address says https, the server speaks http: correct auth_url"
		say("does not speak TLS")
	case errors.Is(err, errRedirect):
		e.Kind, e.Next = cloud.Unreachable, "set auth_url to the final address, with https where the cloud has it"
		say(innermost(err))
	case errors.Is(err, errForeign):
		e.Kind, e.Next = cloud.Permission, "nothing was sent there; tell the cloud's operators that its lists lead to other servers than its catalog"
		e.Err = &reason{cloud.Clean(withoutUserInfo(innermost(err))), err}
	case request != nil, network != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Kind, e.Next = cloud.Unreachable, "check auth_url, your network, VPN and proxy settings, then try again"
		say("cannot be reached: " + innermost(err))
	case errors.As(err, &syntax), errors.As(err, &shape):
		e.Kind, e.Next = cloud.Internal, "check that auth_url and the catalog lead to an OpenStack API and not to a web page"
		say("the answer is not what the API promises: " + innermost(err))
	}
}

// innermost is the text without the method and URL that net/http puts before it.
func innermost(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err.Error()
	}
	return err.Error()
}

// apiMessage finds the human sentence in an error body, and its type where there is one:
// {"NeutronError": {"type", "message"}}, {"error": {"message"}} (Keystone),
// {"itemNotFound": {"message"}} (Nova), {"message"} (Glance). HTML has none.
func apiMessage(body []byte) (kind, message string) {
	var doc map[string]json.RawMessage
	if json.Unmarshal(body, &doc) != nil {
		return "", ""
	}
	keys := make([]string, 0, len(doc))
	for key := range doc {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		var fault struct{ Type, Message string }
		if json.Unmarshal(doc[key], &fault) == nil && fault.Message != "" {
			return fault.Type, short(fault.Message)
		}
	}
	for _, key := range []string{"NeutronError", "message", "error", "faultstring"} {
		var text string
		if json.Unmarshal(doc[key], &text) == nil && text != "" {
			return "", short(text)
		}
	}
	return "", ""
}

// short cleans a message and cuts it to a few lines on a terminal.
func short(s string) string {
	const most = 300
	runes := []rune(strings.TrimSpace(cloud.Clean(s)))
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(runes)
}

// gone reports whether err says that the thing does not exist.
func gone(err error) bool { return gophercloud.ResponseCodeIs(err, http.StatusNotFound) }
