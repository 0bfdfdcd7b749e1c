package feature

import (
	"context"
	"errors"
	"time"
)

// A Source has rows of features by the keys of entities. It is safe for
// concurrent use between Start and Close.
type Source interface {
	// Start acquires what the source needs.
	Start(ctx context.Context) error
	// Columns are the features, in the order of the rows. They are known after
	// Start.
	Columns() []Column
	// Lookup returns a row for each key, nil where there is none, which is so for
	// a key that cannot be one too: text where the entities are numbers. Rows are
	// shared: read them only.
	Lookup(ctx context.Context, keys []Key) ([]Row, error)
	Close(ctx context.Context) error
}

// A Key is the value of each entity, as text: whole numbers in decimal digits,
// true and false.
type Key []string

// A Row is the value of each feature: int64, float64, bool, string, or nil if it
// is missing, as NaN and the infinities are.
type Row []any

// ErrAmbiguous says that a source has several rows for one key, so that it is not
// known which of them is meant.
var ErrAmbiguous = errors.New("there are several rows for one key")

// A Kind is what the values of a column are. A column of numbers may have both of
// their kinds.
type Kind int

// The kinds.
const (
	Any Kind = iota // known of each value only
	Int
	Float
	Bool
	Text // times as well: "2026-01-31 12:00:00", with "+00:00" where they have a zone
)

// A Column is a feature.
type Column struct {
	Name  string
	Kind  Kind
	Stats Stats // of a numeric one
}

// Numeric says that the values are numbers.
func (c *Column) Numeric() bool { return c.Kind == Int || c.Kind == Float }

// Options say what of a source is used.
type Options struct {
	Entities []string // the columns of the key; the first one of a file when empty
	Features []string // the columns of the rows, in order; all the others when empty
	DSN      string   // the data source name of a database, for sql://
	// Statistics says that those of the columns are needed. A database computes
	// them at Start, over all rows; files have them in any case.
	Statistics bool
	Timeout    time.Duration // of a lookup in another process; 0 means 5 seconds
}
