package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// A client asks one address of a running server.
type client struct {
	base *url.URL
	flag string // that names the address
}

// newClient returns a client for the address that a flag gave: a URL, or
// host:port.
func newClient(flag, address string) (*client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(strings.TrimRight(address, "/"))
	switch {
	case err != nil:
		return nil, badUsage("%s: %v", flag, err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, badUsage("%s: %s:// is not supported by this version; http:// and https:// are", flag, u.Scheme)
	case u.Host == "":
		return nil, badUsage("%s: %q names no host", flag, address)
	}
	return &client{base: u, flag: flag}, nil
}

// ask sends a request to a path below the address and returns the body of the
// answer. An answer that tells of an error is one, with the server's words.
func (c *client) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	target := c.base.String() + path
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", target, err)
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", target, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s %s: %s: %s", method, target, resp.Status, errorText(answer))
	}
	return answer, nil
}

// unreachable says what to do when no server answers.
func (c *client) unreachable(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server runs at %s (connection refused): start one with \"leat serve PATH\", or say where it is with %s", c.base, c.flag)
	}
	return fmt.Errorf("ask %s: %w", c.base, err)
}

// errorText is what the body of an error says.
func errorText(body []byte) string {
	var doc struct{ Error string }
	if json.Unmarshal(body, &doc) == nil && doc.Error != "" {
		return doc.Error
	}
	if text := bytes.TrimSpace(body); len(text) > 0 {
		return brief(text)
	}
	return "the answer has no text"
}
