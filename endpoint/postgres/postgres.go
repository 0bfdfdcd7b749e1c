// Package postgres keeps records of model endpoints in PostgreSQL, as package
// database/postgres opens it. Importing it registers the schemes postgres and
// postgresql with package endpoint.
package postgres

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/url"

	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/database/postgres"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/sqlstore"
)

func init() {
	endpoint.Register("postgres", Open)
	endpoint.Register("postgresql", Open)
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open connects and brings the tables up to date.
func Open(ctx context.Context, u *url.URL, o endpoint.Options) (endpoint.Store, error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, u, database.Options{Timeout: o.Timeout})
	if err != nil {
		return nil, err
	}
	s := &sqlstore.Store{DB: db, Labels: "jsonb_each_text(labels) AS l(key, value)"}
	if err := s.Start(ctx, folder); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
