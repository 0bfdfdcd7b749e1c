package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/leat-ml/leat/serve"
)

// A Client asks one server. It is safe for concurrent use, and reuses connections.
type Client struct {
	base   string // without a slash at the end
	shown  string // base without a password, for errors
	opts   Options
	http   *http.Client
	own    bool         // the transport was made here
	binary atomic.Int32 // what is known of the tensors that the server takes
}

// New returns a client for the server at a URL: http or https, with a path if the
// server is below one, or only host:port. It does not connect. opts may be nil.
func New(server string, opts *Options) (*Client, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	u, err := url.Parse(strings.TrimRight(server, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("address of the server: %w", inner(err)) // without the address, which may have a password
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("address of the server: %s:// is not supported; http:// and https:// are", u.Scheme)
	case u.Host == "":
		return nil, fmt.Errorf("address of the server: %q names no host", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("address of the server: %q has more than a path", u.Redacted())
	}
	c := &Client{base: u.String(), shown: u.Redacted(), opts: opts.withDefaults(), own: opts == nil || opts.Transport == nil}
	c.http = &http.Client{Transport: c.opts.Transport}
	return c, nil
}

// URL is where the server is.
func (c *Client) URL() string { return c.base }

// Close ends connections that nobody uses. Calls that are under way are not touched.
func (c *Client) Close() error {
	if c.own {
		c.http.CloseIdleConnections()
	}
	return nil
}

// modelPath is the path of a model, and of a version of it if one is given.
func modelPath(model, version string) string {
	path := "/v2/models/" + url.PathEscape(model)
	if version != "" {
		path += "/versions/" + url.PathEscape(version)
	}
	return path
}

// The states of what is known of the tensors that a server takes.
const (
	notAsked = iota
	takesBytes
	takesJSON
)

// offers returns whether the server offers tensors as bytes, which it is asked once.
// A server that tells nothing of itself does not; one that cannot tell for now is asked
// again the next time.
func (c *Client) offers(ctx context.Context) (bool, error) {
	if known := c.binary.Load(); known != notAsked {
		return known == takesBytes, nil
	}
	about, err := c.ServerMetadata(ctx)
	if err != nil && !answered(err) {
		return false, err
	}
	state := int32(takesJSON)
	if err == nil && about.Offers(BinaryTensors) {
		state = takesBytes
	}
	if err == nil || neverTells(err) {
		c.binary.Store(state)
	}
	return state == takesBytes, nil
}

// neverTells says whether a server that answered with err has nothing to tell of itself,
// now or later.
func neverTells(err error) bool {
	switch CodeOf(err) {
	case serve.BadRequest, serve.NotFound, serve.WrongMethod, serve.NotOffered:
		return true
	}
	return errors.Is(err, errUnreadable)
}
