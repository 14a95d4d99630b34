package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"

	"portico/cloud"
	"portico/gateway"
)

var (
	errHandshakeTimeout = errors.New("it did not finish the SSH handshake in time")
	errSilent           = errors.New("the connection was lost: the host answers no keepalive")
	errLost             = errors.New("the connection was lost while the command ran")
	errClosed           = errors.New("the connection was closed")
)

// Windows numbers socket errors in a way of its own: WSAECONNREFUSED and so on
// (Windows Sockets error codes). Package syscall invents other values for the POSIX names there.
const (
	wsaNetUnreach  = syscall.Errno(10051)
	wsaConnRefused = syscall.Errno(10061)
	wsaHostUnreach = syscall.Errno(10065)
)

// connectError explains why no TCP connection came about.
func connectError(h *hop, err error) error {
	e := &gateway.Error{Op: "connect to", Target: h.label(), Kind: gateway.Unreachable, Err: cleaned(err)}
	var dns *net.DNSError
	var rejected *ssh.OpenChannelError
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("connecting to %s: %w", h.label(), context.Canceled)
	case errors.As(err, &dns):
		e.Next = "check the name " + h.host + ", or give the address"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaConnRefused):
		e.Next = "the machine is up but nothing listens on port " + h.port + ": check the port, and that sshd runs there"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		errors.Is(err, wsaHostUnreach), errors.Is(err, wsaNetUnreach):
		e.Next = "there is no route to " + h.host + ": check your network or VPN, and the address"
	case errors.As(err, &rejected):
		e.Next = "the jump host could not connect: check that it may forward and reaches " + h.addr()
	case isTimeout(err):
		e.Err = fmt.Errorf("no answer within %s: %w", h.timeout, cleaned(err))
		e.Next = "check that the machine runs, that the floating IP is attached to it, and that a security group lets port " + h.port + " in"
	}
	return e
}

// handshakeError explains why a connection did not become an SSH connection.
func handshakeError(h *hop, err error) error {
	e := &gateway.Error{Op: "connect to", Target: h.label(), Kind: gateway.Unreachable, Err: cleaned(err)}
	var algo *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("connecting to %s: %w", h.label(), context.Canceled)
	case errors.Is(err, errHandshakeTimeout), errors.Is(err, context.DeadlineExceeded):
		e.Next = "the port is open but what listens there does not speak SSH, or is overloaded: check the port and try again"
	case errors.As(err, &algo):
		e.Kind = gateway.Invalid
		e.Next = "its sshd offers no algorithm that is still considered safe: update it"
	case strings.Contains(err.Error(), "version string"):
		e.Next = "what listens on port " + h.port + " is not an SSH server: check the port"
	default:
		e.Next = "the server hung up: check its sshd log (MaxStartups, fail2ban, AllowUsers) and try again in a minute"
	}
	return e
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		(errors.As(err, &n) && n.Timeout())
}

// cleanError is an error whose text is fit for a terminal. What it wraps is kept for errors.Is.
type cleanError struct{ err error }

func (e cleanError) Error() string { return cloud.Clean(e.err.Error()) }
func (e cleanError) Unwrap() error { return e.err }

// cleaned hides what a peer may have smuggled into an error text.
func cleaned(err error) error {
	if err == nil {
		return nil
	}
	return cleanError{err}
}
