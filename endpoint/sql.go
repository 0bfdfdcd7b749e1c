package endpoint

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// An SQL is a [Store] in a database that package database/sql speaks to. The
// backends fill it in and call Start, after which it is safe for concurrent use.
type SQL struct {
	Name    string // of the database, in errors; without password
	Dialect Dialect
	// Write makes the changes and Read the lists. They may be the same.
	Write, Read *sql.DB
	// Check says before every call whether the database is still there; nil does
	// not ask.
	Check func() error

	documents documents
}

// columns are those of a record that are more than its document.
const columns = "uid, project, name, tag, function_name, function_tag, type, mode, created, labels, doc"

// What has come to an endpoint is in columns of its own, since it changes often.
const traffic = "first_request, last_request, requests, errors, latency_avg, per_second"

// Close closes the connections.
func (s *SQL) Close() error {
	err := s.Write.Close()
	if s.Read != s.Write {
		err = errors.Join(err, s.Read.Close())
	}
	return s.failed("close", err)
}

// failed names the database in an error and says what it means.
func (s *SQL) failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrExists):
		return err
	}
	if said := s.Dialect.Explain(err); said != "" {
		err = &explained{said, err}
	}
	return fmt.Errorf("%s: %s: %w", s.Name, doing, err)
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

func (s *SQL) check() error {
	if s.Check == nil {
		return nil
	}
	return s.Check()
}

// Find implements [Store].
func (s *SQL) Find(ctx context.Context, uid string) (Endpoint, error) {
	if err := CheckUID(uid); err != nil {
		return Endpoint{}, err
	}
	if err := s.check(); err != nil {
		return Endpoint{}, s.failed("find an endpoint", err)
	}
	e, err := s.find(ctx, s.Read, uid)
	return e, s.failed("find an endpoint", err)
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s *SQL) find(ctx context.Context, db queryer, uid string) (Endpoint, error) {
	rows, err := db.QueryContext(ctx, s.Dialect.bind("SELECT doc, "+traffic+" FROM model_endpoints WHERE uid = ?"), uid)
	if err != nil {
		return Endpoint{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return Endpoint{}, cmp.Or(rows.Err(), ErrNotFound)
	}
	var r row
	if err := rows.Scan(r.into()...); err != nil {
		return Endpoint{}, err
	}
	return r.endpoint(&s.documents)
}

// A row is a record as it is stored, until the next one is read.
type row struct {
	text        sql.RawBytes // the document
	first, last int64
	requests    int64
	errors      int64
	latency     float64
	perSecond   float64
}

// into is what a record is scanned into.
func (r *row) into() []any {
	return []any{&r.text, &r.first, &r.last, &r.requests, &r.errors, &r.latency, &r.perSecond}
}

func (r *row) endpoint(d *documents) (Endpoint, error) {
	e, err := d.decode(r.text)
	if err != nil {
		return e, fmt.Errorf("read a record: %w", err)
	}
	st := &e.Status
	st.FirstRequest, st.LastRequest = fromMicros(r.first), fromMicros(r.last)
	st.RequestCount, st.ErrorCount = r.requests, r.errors
	st.Metrics.Generic = Rates{r.latency, r.perSecond}
	return e, nil
}

// Times are microseconds since 1970, and 0 where there is none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Delete implements [Store].
func (s *SQL) Delete(ctx context.Context, uid string) error {
	err := CheckUID(uid)
	if err != nil {
		return err
	}
	if err = s.check(); err == nil {
		_, err = s.Write.ExecContext(ctx, s.Dialect.bind("DELETE FROM model_endpoints WHERE uid = ?"), uid)
	}
	return s.failed("delete an endpoint", err)
}
