package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// A DB is a database that is open. The backends fill it in; it is safe for
// concurrent use.
type DB struct {
	Name string // in errors; without password
	// Write makes the changes and Read reads. They may be the same.
	Write, Read *sql.DB
	// Check says before every use whether the database is still there; nil does
	// not ask.
	Check func() error

	Numbered bool   // arguments are $1, $2, not ?
	Lock     string // a statement that lets one transaction at a time change what its argument names; "" where only one can write at all
	// Explain says what an error of the driver means to a user; "" leaves it. It
	// does not repeat passwords.
	Explain func(err error) string
	Dialect goose.Dialect
}

// Bind gives the arguments of a statement, each a ?, their names.
func (d *DB) Bind(text string) string {
	if !d.Numbered {
		return text
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, ok := strings.Cut(text, "?")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		text = after
	}
}

// Within runs do in a transaction that writes, as the only one of those that name
// the same key; "" is none. What do returns is returned as it is.
func (d *DB) Within(ctx context.Context, key string, do func(tx *sql.Tx) error) error {
	if err := d.There(); err != nil {
		return err
	}
	tx, err := d.Write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if key != "" && d.Lock != "" {
		_, err = tx.ExecContext(ctx, d.Bind(d.Lock), key)
	}
	if err == nil {
		err = do(tx)
	}
	if err != nil {
		_ = tx.Rollback() // err says more
		return err
	}
	return tx.Commit()
}

// There says whether the database is still there, as far as that can be told
// without asking it.
func (d *DB) There() error {
	if d.Check == nil {
		return nil
	}
	return d.Check()
}

// Failed names the database in an error and says what it means; errors that are
// one of own are left as they are, and nil is none.
func (d *DB) Failed(doing string, err error, own ...error) error {
	if err == nil || slices.ContainsFunc(own, func(o error) bool { return errors.Is(err, o) }) {
		return err
	}
	if said := d.Explain(err); said != "" {
		err = &explained{said, err}
	}
	return fmt.Errorf("%s: %s: %w", d.Name, doing, err)
}

// Close closes the connections.
func (d *DB) Close() error {
	err := d.Write.Close()
	if d.Read != d.Write {
		err = errors.Join(err, d.Read.Close())
	}
	return d.Failed("close", err)
}

// An explained error says what the database means.
type explained struct {
	said  string
	cause error
}

// Error implements error.
func (e *explained) Error() string { return e.said }

// Unwrap is what the driver said.
func (e *explained) Unwrap() error { return e.cause }
