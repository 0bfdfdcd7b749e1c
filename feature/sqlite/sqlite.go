// Package sqlite finds features in tables of SQLite files: sqlite:///<path>?table=<table>,
// or sqlite:<path>?table=<table> where the path is relative. Importing it registers
// the scheme with package feature. Files are opened to be read only.
package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"modernc.org/sqlite"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/sqliteurl"
)

func init() { feature.Register("sqlite", Open) }

// connections bounds the pool. Reading is work of the processor.
const connections = 8

// Open returns the source at a URL. It opens nothing yet.
func Open(u *url.URL, o feature.Options) (feature.Source, error) {
	path, err := sqliteurl.Path(u)
	if err != nil {
		return nil, err
	}
	params, err := feature.Parameters(u, "table")
	if err != nil {
		return nil, err
	}
	table := params["table"]
	if table == "" || strings.ContainsRune(table, 0) {
		return nil, errors.New("the table is missing: sqlite:///<path>?table=<table>")
	}
	t, err := feature.NewSQLTable(feature.SQL{
		Table: table, From: feature.Quote(table), Quote: feature.Quote,
		Connect: func() (*sql.DB, error) { return connect(path) },
		Kind:    kind, Real: finite, Keys: keys,
	}, o)
	if err != nil {
		return nil, err // not a nil *SQLTable as a Source
	}
	return t, nil
}

// connect makes the pool. What a file is asked cannot write, and a name that is
// no column is an error, not text.
func connect(path string) (*sql.DB, error) {
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&_query_only=1&_busy_timeout=5000&_dqs=0")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// kind is that of a declared type, by https://www.sqlite.org/datatype3.html
// (3.1), but for booleans. Values may be of any kind whatever is declared.
func kind(declared string) feature.Kind {
	declared = strings.ToUpper(declared)
	has := func(part string) bool { return strings.Contains(declared, part) }
	switch {
	case has("INT"):
		return feature.Int
	case has("CHAR"), has("CLOB"), has("TEXT"), has("DATE"), has("TIME"):
		return feature.Text
	case has("BOOL"):
		return feature.Bool
	case has("REAL"), has("FLOAT"), has("DOUBLE"), has("NUMERIC"), has("DECIMAL"):
		return feature.Float
	}
	return feature.Any
}

// finite leaves out the infinities; NaN is null in SQLite.
func finite(x string) string {
	x = "CAST(" + x + " AS REAL)"
	return "CASE WHEN ABS(" + x + ") <= 1.7976931348623157e308 THEN " + x + " END"
}

// keys gives the keys as a JSON document: a statement with one argument, which is
// prepared once for any number of them.
func keys(types []string) (string, func([]feature.Key) ([]any, error), error) {
	kinds := make([]feature.Kind, len(types))
	columns := []string{"key AS i"}
	for i, t := range types {
		kinds[i] = kind(t)
		columns = append(columns, fmt.Sprintf("json_extract(value, '$[%d]') AS c%d", i, i))
	}
	if len(types) == 1 {
		columns[1] = "value AS c0"
	}
	from := "(SELECT " + strings.Join(columns, ", ") + " FROM json_each(?)) k"
	return from, func(keys []feature.Key) ([]any, error) { return document(kinds, keys) }, nil
}

// document is a list of the keys, or of lists of their values where there are
// several. Whole numbers are numbers in it, and booleans 0 and 1.
func document(kinds []feature.Kind, keys []feature.Key) ([]any, error) {
	list := make([]any, len(keys))
	for i, key := range keys {
		parts := make([]any, len(key))
		for j, text := range key {
			parts[j] = part(kinds[j], text)
		}
		list[i] = parts
		if len(parts) == 1 {
			list[i] = parts[0]
		}
	}
	text, err := json.Marshal(list)
	return []any{string(text)}, err
}

func part(kind feature.Kind, text string) any {
	switch {
	case kind == feature.Int:
		return json.Number(text)
	case kind == feature.Bool && text == "true":
		return 1
	case kind == feature.Bool:
		return 0
	}
	return text
}
