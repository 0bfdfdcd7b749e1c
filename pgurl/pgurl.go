// Package pgurl reads the address of a PostgreSQL database, for whatever keeps
// something in one.
package pgurl

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Parse reads a URL whose parameters are those of libpq. timeout is the time to
// connect where the URL has none; 0 is five seconds. What the driver says of a URL
// that it cannot read repeats parts of it, so no password is in the error.
func Parse(u *url.URL, timeout time.Duration) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("the address of the database cannot be used: %s", why(err, u))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = cmp.Or(max(timeout, 0), 5*time.Second)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "leat"
	}
	return config, nil
}

// why is the last part of an error about a URL, without its password.
func why(err error, u *url.URL) string {
	text := err.Error()
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		text = text[i+3:]
	}
	secrets := []string{u.Query().Get("password"), u.Query().Get("sslpassword")}
	if p, ok := u.User.Password(); ok {
		secrets = append(secrets, p)
	}
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "xxxxx")
		}
	}
	return text
}
