package probe

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"testing"
	"time"
)

func TestDescribe(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	from, to := now.AddDate(0, -1, 0), now.AddDate(0, 1, 0)
	tests := []struct {
		name string
		cert x509.Certificate
		want string
	}{
		{"names", x509.Certificate{DNSNames: []string{"a.example", "b.example"}, NotBefore: from, NotAfter: to}, "a.example and 1 more, valid until 2026-07-01"},
		{"common name", x509.Certificate{Subject: pkix.Name{CommonName: "old.example"}, NotBefore: from, NotAfter: to}, "old.example, valid until 2026-07-01"},
		{"address", x509.Certificate{IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}, NotBefore: from, NotAfter: to}, "192.0.2.1, valid until 2026-07-01"},
		{"expired", x509.Certificate{DNSNames: []string{"a.example"}, NotBefore: from, NotAfter: from}, "a.example, expired 2026-05-01"},
		{"not yet", x509.Certificate{NotBefore: to, NotAfter: to}, "certificate without a name, not valid before 2026-07-01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe([]*x509.Certificate{&tt.cert}, now); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
