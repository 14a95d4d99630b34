package probe

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// What is read of a peer at most, in bytes. It bounds lines before an SSH version, and HTTP headers.
const maxRead = 64 << 10

// askSSH waits for the server's version line. Other lines may come before it (RFC 4253, 4.2), so a peer
// that says something else is given the whole time to say it right.
func askSSH(a *attempt) answer {
	in := bufio.NewReader(io.LimitReader(a.conn, maxRead))
	said := ""
	for {
		line, err := in.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if err == nil && strings.HasPrefix(line, "SSH-") {
			return answer{OK, line, nil}
		}
		if said == "" && line != "" {
			said = quoted(line) + ", which is not SSH"
		}
		if err != nil {
			return answer{"", said, err}
		}
	}
}

// askHTTP asks for / and reads the head of the answer. Any status is an answer.
func askHTTP(a *attempt) answer {
	req, err := http.NewRequestWithContext(a.ctx, http.MethodGet, "http://"+a.target.Addr.String()+"/", nil)
	if err != nil {
		return answer{Unknown, err.Error(), nil}
	}
	req.Header.Set("User-Agent", "portico-probe")
	req.Close = true
	// A peer may answer, and hang up, without reading the question: what it said counts.
	writeErr := req.Write(a.conn)
	var heard head
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(io.LimitReader(a.conn, maxRead), &heard)), req)
	if err == nil {
		_ = resp.Body.Close()
		return answer{OK, resp.Proto + " " + resp.Status, nil}
	}
	if heard.Len() > 0 {
		return answer{"", quoted(heard.line()) + ", which is not HTTP", err}
	}
	if writeErr != nil {
		err = writeErr
	}
	return answer{"", "", err}
}

// askTLS makes a handshake that accepts any certificate: who vouches for it is not the question.
func askTLS(a *attempt) answer {
	var heard head
	conn := tls.Client(teeConn{a.conn, &heard}, &tls.Config{
		InsecureSkipVerify: true,             // #nosec G402 -- nothing is sent or believed
		MinVersion:         tls.VersionTLS10, // #nosec G402 -- an old server is a server, too
	})
	err := conn.HandshakeContext(a.ctx)
	var alert tls.AlertError
	var foreign tls.RecordHeaderError
	switch {
	case err == nil:
		return answer{OK, describe(conn.ConnectionState().PeerCertificates, a.start), nil}
	case errors.As(err, &foreign):
		return answer{Wrong, quoted(heard.line()) + ", which is not TLS", nil}
	case errors.As(err, &alert), isRemoteAlert(err):
		return answer{OK, "TLS, but it ended the handshake: " + err.Error(), nil}
	}
	// The records of a handshake begin with 0x15 or 0x16 (RFC 8446, 5.1).
	if first := append(heard.Bytes(), 0x16)[0]; first != 0x15 && first != 0x16 {
		return answer{"", quoted(heard.line()) + ", which is not TLS", err}
	}
	return answer{"", "", err}
}

// isRemoteAlert reports whether the peer sent an alert, which only TLS has. Package tls gives no
// type for those of version 1.2 and before, but marks them so.
func isRemoteAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// describe names the first certificate and says until when it is valid.
func describe(chain []*x509.Certificate, now time.Time) string {
	if len(chain) == 0 {
		return "TLS without a certificate"
	}
	c := chain[0]
	name := "certificate without a name"
	switch {
	case len(c.DNSNames) > 0:
		name = c.DNSNames[0]
	case c.Subject.CommonName != "":
		name = c.Subject.CommonName
	case len(c.IPAddresses) > 0:
		name = c.IPAddresses[0].String()
	}
	if more := len(c.DNSNames) + len(c.IPAddresses) - 1; more > 0 {
		name = fmt.Sprintf("%s and %d more", name, more)
	}
	const day = "2006-01-02"
	switch {
	case now.After(c.NotAfter):
		return name + ", expired " + c.NotAfter.UTC().Format(day)
	case now.Before(c.NotBefore):
		return name + ", not valid before " + c.NotBefore.UTC().Format(day)
	}
	return name + ", valid until " + c.NotAfter.UTC().Format(day)
}

func quoted(s string) string { return fmt.Sprintf("it says %q", clip(s)) }

// head keeps the first bytes that a peer said.
type head struct{ bytes.Buffer }

// Write takes all and keeps the beginning.
func (h *head) Write(p []byte) (int, error) {
	if room := 256 - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (h *head) line() string {
	line, _, _ := strings.Cut(h.String(), "\n")
	return strings.TrimRight(line, "\r")
}

// teeConn keeps the beginning of what is read.
type teeConn struct {
	net.Conn
	heard *head
}

// Read reads from the connection.
func (c teeConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	_, _ = c.heard.Write(p[:n])
	return n, err
}
