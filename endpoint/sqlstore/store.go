// Package sqlstore keeps records of model endpoints in tables: [Store] is what the
// backends of package endpoint, endpoint/sqlite and endpoint/postgres, are made of.
// Programs that keep no records do not link it, nor what it needs.
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"time"

	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/endpoint"
)

// A Store is an [endpoint.Store] in a database that package database opens. The
// backends fill it in and call Start, after which it is safe for concurrent use.
type Store struct {
	*database.DB
	Labels string // a table l(key, value) of the column labels, in the database's SQL

	documents documents
}

// versions is the table in which goose keeps what was done.
const versions = "leat_endpoint_versions"

// Start brings the tables up to date with a folder of goose's files. Servers that
// start at the same time wait for each other.
func (s *Store) Start(ctx context.Context, migrations fs.FS) error {
	return s.Migrate(ctx, versions, migrations)
}

// columns are those of a record that are more than its document.
const columns = "uid, project, name, tag, function_name, function_tag, type, mode, created, labels, doc"

// What has come to an endpoint is in columns of its own, since it changes often.
const traffic = "first_request, last_request, requests, errors, latency_avg, per_second"

// failed names the database in an error and says what it means.
func (s *Store) failed(doing string, err error) error {
	return s.Failed(doing, err, endpoint.ErrNotFound, endpoint.ErrExists)
}

// Find implements [endpoint.Store].
func (s *Store) Find(ctx context.Context, uid string) (endpoint.Endpoint, error) {
	if err := endpoint.CheckUID(uid); err != nil {
		return endpoint.Endpoint{}, err
	}
	if err := s.There(); err != nil {
		return endpoint.Endpoint{}, s.failed("find an endpoint", err)
	}
	e, err := s.find(ctx, s.Read, uid)
	return e, s.failed("find an endpoint", err)
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (s *Store) find(ctx context.Context, db queryer, uid string) (endpoint.Endpoint, error) {
	rows, err := db.QueryContext(ctx, s.Bind("SELECT doc, "+traffic+" FROM model_endpoints WHERE uid = ?"), uid)
	if err != nil {
		return endpoint.Endpoint{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return endpoint.Endpoint{}, cmp.Or(rows.Err(), endpoint.ErrNotFound)
	}
	var r row
	if err := rows.Scan(r.into()...); err != nil {
		return endpoint.Endpoint{}, err
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

func (r *row) endpoint(d *documents) (endpoint.Endpoint, error) {
	e, err := d.decode(r.text)
	if err != nil {
		return e, fmt.Errorf("read a record: %w", err)
	}
	st := &e.Status
	st.FirstRequest, st.LastRequest = fromMicros(r.first), fromMicros(r.last)
	st.RequestCount, st.ErrorCount = r.requests, r.errors
	st.Metrics.Generic = endpoint.Rates{LatencyAvg1h: r.latency, PredictionsPerSecond: r.perSecond}
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

// Delete implements [endpoint.Store].
func (s *Store) Delete(ctx context.Context, uid string) error {
	err := endpoint.CheckUID(uid)
	if err != nil {
		return err
	}
	if err = s.There(); err == nil {
		_, err = s.Write.ExecContext(ctx, s.Bind("DELETE FROM model_endpoints WHERE uid = ?"), uid)
	}
	return s.failed("delete an endpoint", err)
}
