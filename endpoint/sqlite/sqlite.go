// Package sqlite keeps records of model endpoints in a SQLite file, as package
// database/sqlite opens it. Importing it registers the scheme with package
// endpoint.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/url"

	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/database/sqlite"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/sqlstore"
)

func init() { endpoint.Register("sqlite", Open) }

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the file, makes it where it is missing, and brings its tables up to
// date.
func Open(ctx context.Context, u *url.URL, o endpoint.Options) (endpoint.Store, error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, u, database.Options{Timeout: o.Timeout})
	if err != nil {
		return nil, err
	}
	s := &sqlstore.Store{DB: db, Labels: "json_each(labels) l"}
	if err := s.Start(ctx, folder); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
