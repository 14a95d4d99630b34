package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// Windows has numbers of its own for socket errors (Windows Sockets error codes); package
// syscall invents other values for the POSIX names there.
const (
	wsaConnReset   = syscall.Errno(10054)
	wsaConnAborted = syscall.Errno(10053)
	wsaConnRefused = syscall.Errno(10061)
	wsaNetUnreach  = syscall.Errno(10051)
	wsaHostUnreach = syscall.Errno(10065)
)

// failed says what an error of connecting means.
func (a *attempt) failed(run context.Context, err error) answer {
	var rejected *ssh.OpenChannelError
	switch {
	case run.Err() != nil:
		return answer{Unknown, "stopped before it was tested", nil}
	case a.ctx.Err() != nil, isTimeout(err):
		return answer{Timeout, "no answer", nil}
	case errors.As(err, &rejected):
		return fromGateway(rejected)
	case isAny(err, syscall.ECONNREFUSED, wsaConnRefused):
		return answer{Refused, "connection refused", nil}
	case isAny(err, syscall.ECONNRESET, syscall.ECONNABORTED, wsaConnReset, wsaConnAborted):
		return answer{Refused, "connection reset", nil}
	case isAny(err, syscall.EHOSTUNREACH, wsaHostUnreach):
		return answer{Unknown, "no route to host", nil}
	case isAny(err, syscall.ENETUNREACH, wsaNetUnreach):
		return answer{Unknown, "network is unreachable", nil}
	}
	return answer{Unknown, err.Error(), nil}
}

// fromGateway says what it means that a gateway could not connect for us (RFC 4254, 5.1). OpenSSH
// gives the system's error text as the message.
func fromGateway(e *ssh.OpenChannelError) answer {
	text := strings.ToLower(e.Message)
	switch {
	case e.Reason == ssh.Prohibited:
		return answer{Unknown, "the gateway's SSH server does not forward (AllowTcpForwarding, PermitOpen)", nil}
	case strings.Contains(text, "refused"):
		return answer{Refused, "connection refused, seen from the gateway", nil}
	case strings.Contains(text, "reset"):
		return answer{Refused, "connection reset, seen from the gateway", nil}
	case strings.Contains(text, "timed out"), strings.Contains(text, "timeout"):
		return answer{Timeout, "no answer, seen from the gateway", nil}
	case strings.Contains(text, "no route"): // behind the gateway, that is a machine that is not there
		return answer{Timeout, "no machine answers at this address, seen from the gateway: " + e.Message, nil}
	case e.Message != "":
		return answer{Unknown, "the gateway could not connect: " + e.Message, nil}
	}
	return answer{Unknown, "the gateway could not connect", nil}
}

// cutShort says what it means that a connection was made and then ended without the answer
// hoped for. ans.detail is what had been said by then.
func (a *attempt) cutShort(run context.Context, ans answer) answer {
	switch {
	case run.Err() != nil:
		return answer{Unknown, "stopped while it was tested", nil}
	case ans.detail != "":
		return answer{Wrong, ans.detail, nil}
	case a.ctx.Err() != nil, isTimeout(ans.err):
		return answer{Timeout, "connected, but nothing answered", nil}
	case isAny(ans.err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, wsaConnReset, wsaConnAborted):
		return answer{Refused, "connected, but the connection was reset", nil}
	case errors.Is(ans.err, io.EOF), errors.Is(ans.err, io.ErrUnexpectedEOF):
		return answer{Refused, "connected, but it hung up without a word", nil}
	}
	return answer{Unknown, "connected, but then: " + ans.err.Error(), nil}
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	var n net.Error
	return isAny(err, os.ErrDeadlineExceeded, context.DeadlineExceeded, syscall.ETIMEDOUT) || (errors.As(err, &n) && n.Timeout())
}
