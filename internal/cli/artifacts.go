package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/artifact/registry"
	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/datadir"
)

// Folders in a data folder, of models that were pushed and of those from elsewhere.
const (
	artifactsFolder = "artifacts"
	cacheFolder     = "cache"
)

// elsewhere are the flags about models that are not on this machine.
type elsewhere struct {
	Cache     string `setting:"" placeholder:"DIR" help:"Folder for models from elsewhere; servers may share one. cache in the data folder when not given."`
	CacheSize size   `setting:"" default:"10GiB" placeholder:"SIZE" help:"Size of what the cache keeps beyond what is in use."`
}

// artifacts opens the models of a server: those of this machine, of elsewhere and
// of the registry in the database that the spec names, or in the data folder.
func (e *Env) artifacts(flags elsewhere, spec *graph.Spec, data *datadir.Dir) *artifact.Store {
	named := ""
	if spec != nil {
		named = spec.Database
	}
	return &artifact.Store{
		Cache: &artifact.Cache{Dir: cmp.Or(flags.Cache, filepath.Join(data.Path(), cacheFolder)), MaxBytes: int64(flags.CacheSize)},
		Dial:  e.Dial,
		Registry: func(ctx context.Context) (artifact.Registry, error) {
			r, err := openRegistry(ctx, named, data, false)
			if err != nil {
				return nil, err
			}
			return r, nil
		},
	}
}

// ownData is the data folder of verbs that have no flag for one: that of servers
// which are told no other.
func (e *Env) ownData() (*datadir.Dir, error) {
	path, _ := e.Lookup("LEAT_DATA")
	return datadir.New(cmp.Or(path, datadir.Default))
}

// openRegistry opens the registry in a database, or in the data folder, of which a
// server may have the lock: several processes may have the database open. One that
// is not there is made only to write.
func openRegistry(ctx context.Context, address string, data *datadir.Dir, write bool) (*registry.Registry, error) {
	if address == "" {
		path := filepath.Join(data.Path(), databaseFile)
		_, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !write:
			return nil, fmt.Errorf("%w: nothing was pushed into the data folder %s", artifact.ErrNotFound, data.Path())
		case errors.Is(err, fs.ErrNotExist):
			if err := os.MkdirAll(data.Path(), 0o700); err != nil {
				return nil, fmt.Errorf("make the data folder: %w", err)
			}
		}
		address = (&url.URL{Scheme: "sqlite", Path: path}).String()
	}
	db, err := database.Open(ctx, address, database.Options{})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return registry.Open(ctx, db)
}
