package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/leat-ml/leat/client/internal/outgoing"
)

// A call is one request of HTTP, however often it is sent.
type call struct {
	method, path string
	body         *payload
	accept       string
	// safe says that nothing is changed by it: it may be sent again, whatever has
	// become of it.
	safe bool
	// asks says that 503 is an answer.
	asks bool
}

// A payload is the body of a request in parts, of which the elements of tensors are
// not copied.
type payload struct {
	parts       [][]byte
	contentType string
	coding      string
	head        int // bytes of JSON, where there are others behind them; else -1
}

func jsonPayload(body []byte) *payload {
	return &payload{parts: [][]byte{body}, contentType: "application/json", head: -1}
}

func (p *payload) size() (n int64) {
	for _, part := range p.parts {
		n += int64(len(part))
	}
	return n
}

func (p *payload) open() (io.ReadCloser, error) {
	if len(p.parts) == 1 {
		return io.NopCloser(bytes.NewReader(p.parts[0])), nil
	}
	all := make([]io.Reader, len(p.parts))
	for i, part := range p.parts {
		all[i] = bytes.NewReader(part)
	}
	return io.NopCloser(io.MultiReader(all...)), nil
}

// compressFrom is the size from which on compressing is worth its overhead.
const compressFrom = 1 << 10

// compressed is p with gzip.
func (p *payload) compressed() (*payload, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for _, part := range p.parts {
		if err == nil {
			_, err = w.Write(part)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compress the request: %w", err)
	}
	z := *p
	z.parts, z.coding = [][]byte{b.Bytes()}, "gzip"
	return &z, nil
}

// A reply is what a server answered with success.
type reply struct {
	status int
	header http.Header
	body   []byte
	head   int // bytes of JSON; all unless others are behind them
}

// send sends the call, and again as often as that is wise. An error is an [*Error].
func (c *Client) send(ctx context.Context, k *call) (*reply, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var r *reply
	err := c.tries(ctx, k, func() *Error {
		resp, err := c.roundTrip(ctx, k)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if r, err = c.readReply(k, resp); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (c *Client) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || c.opts.Timeout < 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.opts.Timeout)
}

func (k *call) op(c *Client) string { return k.method + " " + c.shown + k.path }

// roundTrip sends the call once. An answer that tells of an error is one.
func (c *Client) roundTrip(ctx context.Context, k *call) (*http.Response, *Error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, failed(k.op(c), err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, failed(k.op(c), inner(err))
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer func() { _ = resp.Body.Close() }()
		return nil, c.refusal(k, resp)
	}
	return resp, nil
}

// inner is err without the method and URL that net/http puts in front of it.
func inner(err error) error {
	if wrapped := errors.Unwrap(err); wrapped != nil {
		return wrapped
	}
	return err
}

func (c *Client) request(ctx context.Context, k *call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, nil)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if k.body != nil {
		if err := c.attach(req, k.body); err != nil {
			return nil, err
		}
	}
	if k.accept != "" {
		req.Header.Set("Accept", k.accept)
	}
	if c.opts.Compress {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return req, c.opts.outgoing().Fill(ctx, req.Header, Header(ctx))
}

// attach makes p the body of the request.
func (c *Client) attach(req *http.Request, p *payload) (err error) {
	size := p.size()
	if c.opts.Compress && size >= compressFrom {
		if p, err = p.compressed(); err != nil {
			return err
		}
		size = p.size()
		req.Header.Set("Content-Encoding", p.coding)
	}
	req.ContentLength, req.GetBody = size, p.open
	if req.Body, err = p.open(); size == 0 {
		req.Body = http.NoBody
	}
	if p.contentType != "" {
		req.Header.Set("Content-Type", p.contentType)
	}
	if p.head >= 0 {
		req.Header.Set(headLengthHeader, strconv.Itoa(p.head))
	}
	return err
}

// outgoing is the header that the options have for calls.
func (o *Options) outgoing() *outgoing.Header {
	return &outgoing.Header{Fixed: o.Header, Inject: o.Inject, Token: o.Token}
}

// headLengthHeader says how many bytes of a body are JSON when others are behind it.
const headLengthHeader = "Inference-Header-Content-Length"

// retryAfter is the wait that a server asks for, in seconds as servers of models
// have it; 0 if it does not say.
func retryAfter(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || s < 0 || s > 1<<20 {
		return 0
	}
	return time.Duration(s) * time.Second
}
