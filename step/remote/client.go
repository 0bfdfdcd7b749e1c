package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"
)

// A client makes the calls of one step. It is safe for concurrent use.
type client struct {
	class, name string // for messages
	timeout     time.Duration
	most        int64 // bytes of an answer
	data4xx     bool  // answers below 500 are data, read in full
	hosts       hosts
	secret      map[string]string // fields that go to no other host

	note     func(ctx context.Context, key, value string) // to who traces; nil for nobody
	retry    retryPolicy
	hedge    time.Duration // 0 means none
	breakers breakers

	http      http.Client
	transport *http.Transport
	caFile    string
}

// newClient makes a client; start completes it. strict says that URLs come from
// events.
func newClient(c *config, class, name string, strict bool) *client {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if strict && len(c.AllowedHosts) == 0 {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return localAddress(address) }
	}
	cl := &client{
		class: class, name: name, timeout: c.Timeout, most: c.MaxResponse, hosts: c.AllowedHosts, secret: c.Headers,
		hedge: c.HedgeAfter, caFile: c.CAFile,
		breakers: breakers{failures: c.Failures, rest: c.Rest},
		transport: &http.Transport{
			DialContext: dialer.DialContext,
			// As many connections are kept as calls are made at a time: what is
			// closed has to be opened again.
			MaxIdleConnsPerHost:   1024,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			ForceAttemptHTTP2:     true,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
			// Compression costs more than it saves between neighbours.
			DisableCompression: true,
			ReadBufferSize:     16 << 10,
			WriteBufferSize:    16 << 10,
		},
	}
	cl.http = http.Client{Transport: cl.transport, CheckRedirect: cl.redirect}
	return cl
}

// start reads the certificates that ca_file names.
func (c *client) start() error {
	if c.caFile == "" {
		return nil
	}
	pem, err := os.ReadFile(c.caFile)
	if err != nil {
		return fmt.Errorf("read the certificates: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("read the certificates: %s holds none", c.caFile)
	}
	c.transport.TLSClientConfig.RootCAs = pool
	return nil
}

func (c *client) close() { c.transport.CloseIdleConnections() }

// A request is what one call sends, as often as it takes.
type request struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// An answer is what came back, read in full.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// attempt sends the request once. Its connection is free again, or closed, when
// it returns.
func (c *client) attempt(ctx context.Context, r *request) (*answer, *failure) {
	sub, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	a, err := c.exchange(sub, r)
	switch {
	case err == nil && a.status < 400:
		return a, nil
	case err == nil:
		return a, c.refused(r, a)
	case ctx.Err() != nil:
		return nil, c.over(ctx, r)
	case isTimeout(err) || sub.Err() != nil:
		return nil, c.timedOut(r, false)
	}
	var tooLarge *largeError
	if errors.As(err, &tooLarge) {
		return nil, &failure{err: tooLarge.failure(c, r), final: true}
	}
	return nil, c.unreachable(r, err)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func (c *client) exchange(ctx context.Context, r *request) (*answer, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "", body)
	if err != nil {
		return nil, err
	}
	req.URL, req.Host, req.Header = r.url, r.url.Host, r.header // which net/http reads only
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := c.read(resp)
	if err != nil {
		return nil, err
	}
	return &answer{resp.StatusCode, resp.Header, raw}, nil
}

// read reads the body in full; of an error as much as a message needs.
func (c *client) read(resp *http.Response) ([]byte, error) {
	most := c.most
	if resp.StatusCode >= 500 || resp.StatusCode >= 400 && !c.data4xx {
		raw, err := io.ReadAll(io.LimitReader(resp.Body, mostText+1))
		if err == nil { // what else there is, if little, so that the connection is of use
			_, err = io.CopyN(io.Discard, resp.Body, 64<<10)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return raw, nil
	}
	if resp.ContentLength > most {
		return nil, &largeError{most}
	}
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 {
		buf.Grow(int(min(n, 1<<20)) + bytes.MinRead) // what it says it sends is not yet here
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, &largeError{most}
	}
	return buf.Bytes(), nil
}
