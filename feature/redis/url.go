package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/leat-ml/leat/feature"
)

// Open returns the source at a URL. It connects to nothing yet.
func Open(u *url.URL, o feature.Options) (feature.Source, error) {
	params, err := feature.Parameters(u, "prefix", "table", "ca", "connections")
	if err != nil {
		return nil, err
	}
	s := &source{options: settings(o)}
	if err := address(s.options, u); err != nil {
		return nil, err
	}
	if err := pool(s.options, params["connections"]); err != nil {
		return nil, err
	}
	if s.options.TLSConfig, err = secured(u, params["ca"]); err != nil {
		return nil, err
	}
	if s.key, err = layout(u, params, len(o.Entities)); err != nil {
		return nil, err
	}
	if s.columns, err = columns(o); err != nil {
		return nil, err
	}
	return s, nil
}

// address reads host, port, user, password and the number of the database.
func address(o *redis.Options, u *url.URL) error {
	if u.Hostname() == "" {
		return errors.New("the host is missing: redis://<host>/<number>?prefix=<prefix>")
	}
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%s is no port", port)
	}
	o.Addr = net.JoinHostPort(u.Hostname(), port)
	o.Username = u.User.Username()
	o.Password, _ = u.User.Password()
	number := strings.Trim(u.Path, "/")
	if number == "" {
		return nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number of a database; what MLRun has for the path is given as ?table=/%s/", number, number)
	}
	o.DB = n
	return nil
}

func pool(o *redis.Options, text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return fmt.Errorf("connections is %q, not a number from 1 to 1000", text)
	}
	o.PoolSize, o.MaxActiveConns = n, n
	return nil
}

// secured is how TLS verifies the server: by the authorities of the system, or
// those in a file.
func secured(u *url.URL, file string) (*tls.Config, error) {
	if u.Scheme != "rediss" {
		if file != "" {
			return nil, errors.New("ca is for rediss://")
		}
		return nil, nil
	}
	c := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if file == "" {
		return c, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca: there are no certificates in %s", file)
	}
	return c, nil
}
