package feature

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"strings"
)

// A Source has rows of features by the keys of entities. It is safe for
// concurrent use between Start and Close.
type Source interface {
	// Start acquires what the source needs.
	Start(ctx context.Context) error
	// Columns are the features, in the order of the rows. They are known after
	// Start.
	Columns() []Column
	// Lookup returns a row for each key, nil where there is none. Rows are shared:
	// read them only.
	Lookup(ctx context.Context, keys []Key) ([]Row, error)
	Close(ctx context.Context) error
}

// A Key is the value of each entity, as text.
type Key []string

// A Row is the value of each feature: float64, string, or nil if it is missing.
type Row []any

// A Column is a feature.
type Column struct {
	Name    string
	Numeric bool
	Stats   Stats // of a numeric one
}

// Stats are the statistics of a column, over the values that are not missing.
// Where there are too few values they are NaN.
type Stats struct {
	Count               int
	Mean, Min, Max, Std float64 // Std is that of a sample, as pandas has it
}

// Options say what of a source is used.
type Options struct {
	Entities []string // the columns of the key; the first one when empty
	Features []string // the columns of the rows, in order; all the others when empty
	DSN      string   // the data source name of a database, as its driver wants it
}

// Open returns the source at an address: the path of a CSV file or its file URL,
// or sql://<driver>/<table> for a table of the database that the options name. It
// reads nothing yet.
func Open(address string, o Options) (Source, error) {
	path := address
	if u, err := url.Parse(address); err == nil && u.Scheme != "" {
		if u.Scheme == "sql" {
			return openSQL(u.Host, strings.TrimPrefix(u.Path, "/"), o)
		}
		if u.Scheme != "file" || (u.Host != "" && u.Host != "localhost") {
			return nil, unknown(address)
		}
		path = u.Path
	}
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		return nil, unknown(address)
	}
	return &Table{path: path, o: o}, nil
}

func unknown(address string) error {
	return fmt.Errorf("%q is no source of features: it is the path of a CSV file, its file:// URL, or sql://<driver>/<table>; feature vectors of MLRun's feature store are exported to one of them", address)
}

// statistics computes those of the values that are not NaN, in two passes.
func statistics(v []float64) Stats {
	s := Stats{Mean: math.NaN(), Min: math.NaN(), Max: math.NaN(), Std: math.NaN()}
	sum := 0.0
	for _, x := range v {
		if math.IsNaN(x) {
			continue
		}
		if s.Count++; s.Count == 1 {
			s.Min, s.Max = x, x
		}
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
		sum += x
	}
	if s.Count == 0 {
		return s
	}
	s.Mean = sum / float64(s.Count)
	if s.Count == 1 {
		return s
	}
	squares := 0.0
	for _, x := range v {
		if !math.IsNaN(x) {
			squares += (x - s.Mean) * (x - s.Mean)
		}
	}
	s.Std = math.Sqrt(squares / float64(s.Count-1))
	return s
}
