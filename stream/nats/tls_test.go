package nats

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/stream/driver"
)

// certificate writes a certificate for this machine, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	sv := httptest.NewTLSServer(http.NotFoundHandler())
	defer sv.Close()
	made := sv.TLS.Certificates[0]
	secret, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: made.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestTLS wants a server to be known by its certificate.
func TestTLS(t *testing.T) {
	natsServer(t)
	cert, key := certificate(t)
	p := newProcess(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key))
	try := func(query string) error {
		s := openURL(t, &NATS{}, p.url("s", "?max_bytes=1MiB"+busy+"&"+query))
		defer s.Close(context.Background())
		return s.Publish(t.Context(), []*driver.Message{{Body: []byte("1")}})
	}
	if err := try("ca=" + url.QueryEscape(cert)); err != nil {
		t.Error(err)
	}
	for _, query := range []string{"tls=true", ""} {
		if err := try(query); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%q, a server that nobody vouches for: error %v", query, err)
		}
	}
	if err := try("ca=/no/where"); err == nil {
		t.Error("a file that is not there was trusted")
	}
	if err := try("tls=true&creds=/no/where"); err == nil {
		t.Error("a file that is not there was sent")
	}
}
