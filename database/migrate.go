package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// ErrNewer says that a newer version of the program has had the database.
var ErrNewer = errors.New("a newer version of leat has changed the tables of this database: use that version, or another database")

// Migrate brings tables up to date with goose's files; versions names the table in
// which is kept what was done. Those that start at the same time wait for each
// other.
func (d *DB) Migrate(ctx context.Context, versions string, files fs.FS) error {
	return d.Failed("prepare the tables", d.migrate(ctx, versions, files))
}

func (d *DB) migrate(ctx context.Context, versions string, files fs.FS) error {
	options := []goose.ProviderOption{
		goose.WithTableName(versions), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)),
	}
	if d.Dialect == goose.DialectPostgres {
		l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 30)) // every second, 30 times
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(l))
	}
	p, err := goose.NewProvider(d.Dialect, d.Write, files, options...)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("%w (its tables have version %d, and this program knows %d)", ErrNewer, have, want)
	}
	_, err = p.Up(ctx)
	return err
}
