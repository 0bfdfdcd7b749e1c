// Package http is the streams behind http:// and https:// URLs: what is published
// is posted there. Nothing can be read from them. [Posts.Open] opens them.
//
// As in MLRun, a record is a request of its own unless the URL says otherwise. What
// was published is safe as far as whoever answers with a status of 2xx has made it
// so. Records are posted one after the other; with several requests at a time, those
// of one key are.
package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// Defaults of the options of a URL.
const (
	DefaultTimeout  = 10 * time.Second // timeout
	DefaultRequests = 1                // requests
)

// Posts opens streams, which share connections. The zero value is ready to use, and
// safe for concurrent use.
type Posts struct {
	mu      sync.Mutex
	clients map[string]*shared // by the file of certificates that they trust besides
}

// A shared client, and how many streams use it.
type shared struct {
	client *http.Client
	users  int
}

// Open implements [driver.Open]. The query of the URL is the receiver's. The options
// are behind a "#", as in http://host/path?of=receiver#batch=lines&timeout=5s:
//
//   - batch: none (a record is a request), lines (the records of a batch are one
//     request, a line of JSON each) or array (they are the items of one array);
//   - requests, at a time; 1, which keeps the order of all records;
//   - timeout, of a request; 10s;
//   - ca, a file of certificates to trust instead of the system's.
func (ps *Posts) Open(_ context.Context, s driver.Source) (driver.Stream, driver.Traits, error) {
	c, err := configOf(s.URL)
	if err != nil {
		return nil, driver.Traits{}, err
	}
	client, err := ps.client(c.ca)
	if err != nil {
		return nil, driver.Traits{}, err
	}
	life, end := context.WithCancel(context.Background())
	return &stream{posts: ps, config: c, client: client, life: life, end: end}, driver.Traits{Wraps: true}, nil
}

// config is what a URL says.
type config struct {
	target   string // with the user and the password: never shown
	place    string // to be shown
	user     *url.Userinfo
	batch    string
	requests int
	timeout  time.Duration
	ca       string
}

func configOf(u *url.URL) (c config, err error) {
	target := *u
	target.Fragment, target.RawFragment, target.User = "", "", nil
	p := driver.ParamsOf(&url.URL{RawQuery: u.EscapedFragment()})
	c = config{
		target: target.String(), place: u.Scheme + "://" + u.Host + u.Path, user: u.User,
		batch: p.Text("batch", "none"), requests: p.Int("requests", DefaultRequests, 1),
		timeout: p.Duration("timeout", DefaultTimeout), ca: p.Text("ca", ""),
	}
	switch {
	case u.Hostname() == "":
		err = fmt.Errorf("the URL has no host: write %s://host/path", u.Scheme)
	case c.batch != "none" && c.batch != "lines" && c.batch != "array":
		err = fmt.Errorf("option batch must be none, lines or array, found %q", c.batch)
	case c.timeout <= 0:
		err = errors.New("option timeout must be more than 0")
	}
	return c, errors.Join(err, p.Err())
}

// client returns the client that trusts a file's certificates.
func (ps *Posts) client(ca string) (*shared, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	s := ps.clients[ca]
	if s == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 64
		if ca != "" {
			pool, err := trusted(ca)
			if err != nil {
				return nil, err
			}
			transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		}
		s = &shared{client: &http.Client{Transport: transport, CheckRedirect: stay}}
		if ps.clients == nil {
			ps.clients = map[string]*shared{}
		}
		ps.clients[ca] = s
	}
	s.users++
	return s, nil
}

// stay has redirections answered and not followed: a POST would become a GET.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func trusted(ca string) (*x509.CertPool, error) {
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("option ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("option ca: %s has no certificates", ca)
	}
	return pool, nil
}

// release lets go of a client, and of its idle connections with the last stream.
func (ps *Posts) release(c *shared) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if c.users--; c.users == 0 {
		c.client.CloseIdleConnections()
	}
}
