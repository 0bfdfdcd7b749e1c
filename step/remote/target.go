package remote

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/leat-ml/leat/catalog"
)

// endpoint is the URL that url in a spec means, without slashes around it: an
// http URL as it is, or that of a function.
func endpoint(text string, env *catalog.Env) (string, error) {
	if text == "" {
		return "", nil
	}
	if !strings.Contains(text, "://") {
		if env == nil || env.Endpoint == nil {
			return "", fmt.Errorf("names the function %s, and this server knows no addresses of functions: write its http URL", text)
		}
		found, err := env.Endpoint(text)
		if err != nil {
			return "", fmt.Errorf("names the function %s: %w", text, err)
		}
		text = found
	}
	text = strings.Trim(text, "/")
	if _, err := parseURL(text); err != nil {
		return "", err
	}
	return text, nil
}

// parseURL reads an absolute http or https URL.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the text, which may hold a secret
		}
		return nil, fmt.Errorf("is no URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Hostname() == "" {
		return nil, errors.New("is no http or https URL")
	}
	u.Fragment = ""
	return u, nil
}

// shown is a URL for messages: without a password, query and fragment, which
// may hold secrets.
func shown(u *url.URL) string {
	c := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return c.String()
}

// below is the path of an event as a part of a URL: escaped, and without a way
// up.
func below(p string) string {
	u := url.URL{Path: path.Clean("/" + p)}
	return strings.TrimPrefix(u.EscapedPath(), "/")
}

// hosts are those that may be called; empty means any.
type hosts []string

// check says what is wrong with calling u.
func (h hosts) check(u *url.URL) error {
	if len(h) == 0 {
		return nil
	}
	name, full := strings.ToLower(u.Hostname()), strings.ToLower(u.Host)
	for _, pattern := range h {
		pattern = strings.ToLower(pattern)
		if pattern == full || pattern == name {
			return nil
		}
		if suffix, ok := strings.CutPrefix(pattern, "*"); ok && strings.HasPrefix(suffix, ".") && strings.HasSuffix(name, suffix) {
			return nil
		}
	}
	return fmt.Errorf("the host %s is not one of allowed_hosts", u.Host)
}

// errLinkLocal is why an address that events name is not called.
var errLinkLocal = errors.New("link-local addresses, where clouds keep secrets of machines, are called only where allowed_hosts names them")

// localAddress refuses link-local addresses: a URL that comes with an event may
// be its sender's attempt to read what only this machine may.
func localAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("split the address: %w", err)
	}
	host, _, _ = strings.Cut(host, "%")
	if ip := net.ParseIP(host); ip != nil && (ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast()) {
		return errLinkLocal
	}
	return nil
}

// mostRedirects are followed.
const mostRedirects = 10

// redirect decides about following a redirect: only to hosts that may be
// called, never from https to http, and to another host only without the
// fields of the spec, which may hold credentials.
func (c *client) redirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	if len(via) >= mostRedirects {
		return fmt.Errorf("more than %d redirects", mostRedirects)
	}
	if last.URL.Scheme == "https" && req.URL.Scheme != "https" {
		return errors.New("refused a redirect from https to http")
	}
	if err := c.hosts.check(req.URL); err != nil {
		return fmt.Errorf("refused a redirect: %w", err)
	}
	if !strings.EqualFold(req.URL.Host, via[0].URL.Host) {
		for name := range c.secret {
			req.Header.Del(name)
			delete(req.Header, name)
		}
	}
	return nil
}
