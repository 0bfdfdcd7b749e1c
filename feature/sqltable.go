package feature

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// SQL is what a kind of database has of its own.
type SQL struct {
	Table string // as people call it: it is part of errors
	// Connect makes the pool of connections; it need not connect yet.
	Connect func() (*sql.DB, error)
	From    string                   // the table in a statement, quoted
	Quote   func(name string) string // makes a name part of a statement
	// Kind tells a type of columns by the name that the driver has for it.
	Kind func(dbType string) Kind
	// Real is an expression as a floating-point number, null where it is NaN or
	// infinite; nil leaves it as it is.
	Real func(expression string) string
	// Keys makes what a statement takes all keys of a request from: an item of
	// FROM called k, with the columns i, c0, c1 and so on, and the arguments for
	// it. The entities have the types given. nil asks for each key by itself,
	// with question marks for placeholders.
	Keys func(dbTypes []string) (from string, arguments func(keys []Key) ([]any, error), err error)
}

// A SQLTable is a source that is a table or view of a database, asked for the keys
// of every request, in one statement where the kind of database has [SQL.Keys].
// It only reads.
type SQLTable struct {
	sql SQL
	o   Options

	db        *sql.DB
	lookup    *sql.Stmt // rows of an index and the columns
	from      string    // what it takes the keys from
	arguments func(keys []Key) ([]any, error)
	entities  []Kind
	columns   []Column
	dbTypes   []string // of the columns
}

// NewSQLTable returns the source for a table. It connects at Start.
func NewSQLTable(s SQL, o Options) (*SQLTable, error) {
	if len(o.Entities) == 0 {
		return nil, errors.New("a table needs the names of its entities")
	}
	for _, n := range slices.Concat(o.Entities, o.Features) {
		if n == "" || strings.ContainsRune(n, 0) || !utf8.ValidString(n) {
			return nil, fmt.Errorf("%q is no name of a column", n)
		}
	}
	return &SQLTable{sql: s, o: o}, nil
}

// Quote puts a name between double quotes, as the SQL standard has it.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Start connects, and reads what columns there are and, where they are wanted,
// their statistics.
func (t *SQLTable) Start(ctx context.Context) error {
	db, err := t.sql.Connect()
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	t.db = db
	if err := t.prepare(ctx); err != nil {
		return fmt.Errorf("features of table %s: %w", t.sql.Table, err)
	}
	return nil
}

func (t *SQLTable) prepare(ctx context.Context) error {
	if err := t.describe(ctx); err != nil {
		return err
	}
	if t.o.Statistics {
		if err := t.measure(ctx); err != nil {
			return fmt.Errorf("statistics: %w", err)
		}
	}
	var err error
	t.lookup, err = t.db.PrepareContext(ctx, t.statement())
	return err
}

// Columns implements [Source].
func (t *SQLTable) Columns() []Column { return t.columns }

// Close disconnects.
func (t *SQLTable) Close(context.Context) error {
	if t.db == nil {
		return nil
	}
	return t.db.Close()
}

// describe finds the features, and what they and the entities are.
func (t *SQLTable) describe(ctx context.Context) error {
	rows, err := t.db.QueryContext(ctx, "SELECT * FROM "+t.sql.From+" WHERE 1 = 0")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	have := make([]string, len(types))
	for i, c := range types {
		have[i] = c.Name()
	}
	entities, err := places(have, t.o.Entities)
	if err != nil {
		return err
	}
	features, err := t.features(have)
	if err != nil {
		return err
	}
	t.entities, t.columns, t.dbTypes = nil, nil, nil
	for _, at := range entities {
		t.entities = append(t.entities, t.sql.Kind(types[at].DatabaseTypeName()))
		t.dbTypes = append(t.dbTypes, types[at].DatabaseTypeName())
	}
	if t.sql.Keys != nil {
		if t.from, t.arguments, err = t.sql.Keys(t.dbTypes); err != nil {
			return err
		}
	}
	for _, at := range features {
		name := types[at].DatabaseTypeName()
		t.columns = append(t.columns, Column{Name: have[at], Kind: t.sql.Kind(name)})
		t.dbTypes = append(t.dbTypes, name)
	}
	return rows.Err()
}

// features are the places of the columns that are wanted.
func (t *SQLTable) features(have []string) ([]int, error) {
	wanted := t.o.Features
	for _, n := range have {
		if len(t.o.Features) == 0 && !slices.Contains(t.o.Entities, n) {
			wanted = append(wanted, n)
		}
	}
	if len(wanted) == 0 {
		return nil, errors.New("there are no columns beside the key")
	}
	return places(have, wanted)
}
