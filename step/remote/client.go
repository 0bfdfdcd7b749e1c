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
	data        int   // answers with a status below this are data, read in full
	hosts       hosts
	secret      map[string]string // fields that go to no other host

	note     func(ctx context.Context, key, value string) // to who traces; nil for nobody
	retry    retryPolicy
	hedge    time.Duration // 0 means none
	breakers breakers

	wire      wire // for the usual calls
	direct    bool // the fields of the spec are such that it may be used
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
		class: class, name: name, data: 400, timeout: c.Timeout, most: c.MaxResponse, hosts: c.AllowedHosts, secret: c.Headers,
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
	cl.wire.dial, cl.direct = dialer.DialContext, plainFields(c.Headers)
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

func (c *client) close() {
	c.wire.close()
	c.transport.CloseIdleConnections()
}

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
	until, last := time.Now().Add(c.timeout), false
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until, last = end, true
	}
	a, err := c.exchange(ctx, r, until)
	switch {
	case err == nil && a.status < 400:
		return a, nil
	case err == nil:
		return a, c.refused(r, a)
	case ctx.Err() != nil:
		return nil, c.over(ctx, r)
	case isTimeout(err) || !time.Now().Before(until):
		return nil, c.timedOut(r, last)
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

// exchange sends the request over a wire if it can, and lets net/http do the rest.
func (c *client) exchange(ctx context.Context, r *request, until time.Time) (a *answer, err error) {
	if !c.direct || !direct(r) {
		sub, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		return c.roundTrip(sub, r, &c.http)
	}
	err = c.wire.exchange(ctx, r, until, func(resp *incoming) error {
		raw, err := c.read(resp.StatusCode, resp.ContentLength, resp)
		a = &answer{resp.StatusCode, resp.Header, raw}
		return err
	})
	if err != nil || a.status < 300 || a.status >= 400 || a.header.Get("Location") == "" {
		return a, err
	}
	sub, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return c.roundTrip(sub, r, &http.Client{Transport: &redirected{c.transport, a}, CheckRedirect: c.redirect})
}

// redirected follows a redirect: it has the answer to the first request, and
// lets rest make the others.
type redirected struct {
	rest  http.RoundTripper
	first *answer
}

// RoundTrip implements [http.RoundTripper].
func (t *redirected) RoundTrip(req *http.Request) (*http.Response, error) {
	a := t.first
	if t.first = nil; a == nil {
		return t.rest.RoundTrip(req)
	}
	return &http.Response{
		StatusCode: a.status, Header: a.header, Request: req,
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

func (c *client) roundTrip(ctx context.Context, r *request, over *http.Client) (*answer, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "", body)
	if err != nil {
		return nil, err
	}
	req.URL, req.Host, req.Header = r.url, r.url.Host, r.header // which net/http reads only
	resp, err := over.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := c.read(resp.StatusCode, resp.ContentLength, resp.Body)
	if err != nil {
		return nil, err
	}
	return &answer{resp.StatusCode, resp.Header, raw}, nil
}

// read reads a body in full; of an error as much as a message needs.
func (c *client) read(status int, length int64, body io.Reader) ([]byte, error) {
	most := c.most
	if status >= c.data {
		raw, err := io.ReadAll(io.LimitReader(body, mostText+1))
		if err == nil { // what else there is, if little, so that the connection is of use
			_, err = io.CopyN(io.Discard, body, 64<<10)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return raw, nil
	}
	if length > most {
		return nil, &largeError{most}
	}
	var buf bytes.Buffer
	if length > 0 {
		buf.Grow(int(min(length, 1<<20)) + bytes.MinRead) // what it says it sends is not yet here
	}
	n, err := buf.ReadFrom(io.LimitReader(body, most+1))
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, &largeError{most}
	}
	return buf.Bytes(), nil
}
