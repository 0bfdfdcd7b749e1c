// Package sqlstore keeps records of model endpoints in tables: [Store] is what the
// backends of package endpoint, endpoint/sqlite and endpoint/postgres, are made of.
// Programs that keep no records do not link it, nor what it needs.
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"io/fs"

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

// Delete implements [endpoint.Store].
func (s *Store) Delete(ctx context.Context, uid string) error {
	err := endpoint.CheckUID(uid)
	if err != nil {
		return err
	}
	err = s.Within(ctx, uid, func(tx *sql.Tx) error {
		for _, table := range []string{"model_endpoints", "model_endpoint_panes"} {
			if _, err := tx.ExecContext(ctx, s.Bind("DELETE FROM "+table+" WHERE uid = ?"), uid); err != nil {
				return err
			}
		}
		return nil
	})
	return s.failed("delete an endpoint", err)
}
