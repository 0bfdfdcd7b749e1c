// Package postgres opens databases of PostgreSQL:
// postgres://<user>@<host>/<database>. Importing it registers the schemes postgres
// and postgresql with package database. The parameters of the URL are those of
// libpq, such as sslmode; a password may be in PGPASSWORD.
package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/pgurl"
)

func init() {
	database.Register("postgres", Open)
	database.Register("postgresql", Open)
}

// connections bounds the pool.
const connections = 6

// Open makes a pool of connections; the first use connects.
func Open(_ context.Context, u *url.URL, o database.Options) (*database.DB, error) {
	config, err := configOf(u, o)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &database.DB{
		Name: "postgres://" + u.Host + "/" + config.Database, Write: db, Read: db, Numbered: true,
		Lock: "SELECT pg_advisory_xact_lock(hashtextextended(?, 7)) IS NULL", Explain: explain, Dialect: goose.DialectPostgres,
	}, nil
}

// configOf reads the URL.
func configOf(u *url.URL, o database.Options) (*pgx.ConnConfig, error) {
	if u.Opaque != "" {
		return nil, errors.New("the host is missing: postgres://<user>@<host>/<database>")
	}
	return pgurl.Parse(u, o.Timeout)
}

// explain says what the server means, and of one that cannot be reached why, in
// one line: the driver has one for every way that it tried.
func explain(err error) string {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return meaning(said)
	}
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		lines := strings.Split(strings.TrimSpace(refused.Unwrap().Error()), "\n")
		return "the database cannot be reached: " + strings.TrimSpace(lines[len(lines)-1])
	}
	return ""
}

// meaning is that of PostgreSQL's error codes:
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func meaning(e *pgconn.PgError) string {
	switch e.Code {
	case "53100":
		return "the disk of the database is full"
	case "55P03":
		return "the database is locked: another program has the table"
	case "25006":
		return "the database cannot be written"
	}
	return e.Message
}
