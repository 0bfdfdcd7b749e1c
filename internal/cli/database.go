package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/stream"
)

// databaseFile is the database in a data folder.
const databaseFile = "leat.db"

// endpoints opens the database that a spec names, or the one in the data folder,
// which is made at the first write. It is nil in a program without any kind of
// database.
func endpoints(spec *graph.Spec, data *datadir.Dir) server.OpenEndpoints {
	if len(endpoint.Schemes()) == 0 {
		return nil
	}
	if spec != nil && spec.Database != "" {
		address := spec.Database
		return func(ctx context.Context, _ bool) (endpoint.Store, error) {
			s, err := endpoint.Open(ctx, address, endpoint.Options{})
			if err != nil {
				return nil, fmt.Errorf("database: %w", err)
			}
			return s, nil
		}
	}
	return func(ctx context.Context, write bool) (endpoint.Store, error) {
		path := filepath.Join(data.Path(), databaseFile)
		if _, err := os.Stat(path); !write && errors.Is(err, fs.ErrNotExist) {
			return nil, nil //nolint:nilnil // as it says
		}
		if err := data.Claim(); err != nil {
			return nil, err
		}
		address := url.URL{Scheme: "sqlite", Path: path}
		return endpoint.Open(ctx, address.String(), endpoint.Options{})
	}
}

// recordsFolder is where records are in a data folder that a stream does not take.
const recordsFolder = "records"

// records is what recording inferences has of the program.
func records(streams *stream.Mux, data *datadir.Dir) server.Records {
	return server.Records{Streams: streams, Folder: func(name string) record.Folder {
		return data.Sub(filepath.Join(recordsFolder, name))
	}}
}
