// Package postgres finds features in tables of PostgreSQL:
// postgres://<user>@<host>/<database>?table=<table>. Importing it registers the
// schemes postgres and postgresql with package feature. Sessions are read only.
package postgres

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/pgurl"
)

func init() {
	feature.Register("postgres", Open)
	feature.Register("postgresql", Open)
}

// connections bounds the pool, unless the URL has its own number.
const connections = 8

// Open returns the source at a URL. It connects to nothing yet. Beside table,
// schema and connections, the parameters of the URL are those of libpq, such as
// sslmode and sslrootcert.
func Open(u *url.URL, o feature.Options) (feature.Source, error) {
	at := *u
	params, err := own(&at)
	if err != nil {
		return nil, err
	}
	from, err := tableName(params["schema"], params["table"])
	if err != nil {
		return nil, err
	}
	pool, err := poolSize(params["connections"])
	if err != nil {
		return nil, err
	}
	config, err := configOf(&at, o)
	if err != nil {
		return nil, err
	}
	t, err := feature.NewSQLTable(feature.SQL{
		Table: params["table"], From: from, Quote: feature.Quote,
		Connect: func() (*sql.DB, error) { return connect(config, pool), nil },
		Kind:    kind, Real: finite, Keys: keys,
	}, o)
	if err != nil {
		return nil, err // not a nil *SQLTable as a Source
	}
	return t, nil
}

// own takes from the URL the parameters that are not the driver's.
func own(u *url.URL) (map[string]string, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("its query cannot be read") // it may have a password
	}
	params := map[string]string{}
	for _, name := range []string{"table", "schema", "connections"} {
		if len(query[name]) > 1 {
			return nil, fmt.Errorf("the parameter %s is there twice", name)
		}
		params[name] = query.Get(name)
		query.Del(name)
	}
	u.RawQuery = query.Encode()
	return params, nil
}

// tableName is the table in statements. A dot parts the schema from it, unless the
// URL names the schema.
func tableName(schema, table string) (string, error) {
	if schema == "" {
		if before, after, ok := strings.Cut(table, "."); ok {
			schema, table = before, after
			if schema == "" {
				return "", errors.New("the table has a dot, but no schema before it")
			}
		}
	}
	switch {
	case table == "":
		return "", errors.New("the table is missing: postgres://<user>@<host>/<database>?table=<table>")
	case strings.ContainsRune(schema+table, 0):
		return "", errors.New("the name of the table has a zero byte")
	case schema == "":
		return feature.Quote(table), nil
	}
	return feature.Quote(schema) + "." + feature.Quote(table), nil
}

func poolSize(text string) (int, error) {
	if text == "" {
		return connections, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, fmt.Errorf("connections is %q, not a number from 1 to 1000", text)
	}
	return n, nil
}

// configOf reads the rest of the URL.
func configOf(u *url.URL, o feature.Options) (*pgx.ConnConfig, error) {
	if u.Opaque != "" {
		return nil, errors.New("the host is missing: postgres://<user>@<host>/<database>?table=<table>")
	}
	config, err := pgurl.Parse(u, o.Timeout)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	return config, nil
}

func connect(config *pgx.ConnConfig, pool int) *sql.DB {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

func kind(name string) feature.Kind {
	switch name {
	case "INT2", "INT4", "INT8":
		return feature.Int
	case "FLOAT4", "FLOAT8", "NUMERIC":
		return feature.Float
	case "BOOL":
		return feature.Bool
	}
	return feature.Text
}

// finite leaves out NaN and the infinities.
func finite(x string) string {
	x = "CAST(" + x + " AS double precision)"
	return "CASE WHEN " + x + " NOT IN ('NaN', 'Infinity', '-Infinity') THEN " + x + " END"
}

// arrays are the types of the arrays that keys of a type come in. The server makes
// them of text, but for numbers.
var arrays = map[string]string{
	"INT2": "bigint[]", "INT4": "bigint[]", "INT8": "bigint[]", "BOOL": "text[]::boolean[]",
	"TEXT": "text[]", "VARCHAR": "text[]", "BPCHAR": "text[]::bpchar[]", "NAME": "text[]", "UUID": "text[]::uuid[]",
}

// keys gives the values of each entity as an array: a statement with an argument
// for each entity, which is prepared once for any number of keys.
func keys(types []string) (string, func([]feature.Key) ([]any, error), error) {
	var from, columns []string
	for i, t := range types {
		array := arrays[t]
		if array == "" {
			return "", nil, fmt.Errorf("an entity is of type %s: a key is a whole number, text, a uuid or a boolean", strings.ToLower(t))
		}
		from = append(from, fmt.Sprintf("$%d::%s", i+1, array))
		columns = append(columns, fmt.Sprintf("c%d", i))
	}
	text := "(SELECT n - 1 AS i, " + strings.Join(columns, ", ") + " FROM unnest(" + strings.Join(from, ", ") + ") WITH ORDINALITY AS u(" + strings.Join(columns, ", ") + ", n)) k"
	return text, func(keys []feature.Key) ([]any, error) { return values(types, keys) }, nil
}

// values are the arrays for the keys.
func values(types []string, keys []feature.Key) ([]any, error) {
	args := make([]any, len(types))
	for j, t := range types {
		if kind(t) == feature.Int {
			v := make([]int64, len(keys))
			for i, key := range keys {
				v[i], _ = strconv.ParseInt(key[j], 10, 64) // the table has checked it
			}
			args[j] = v
			continue
		}
		v := make([]*string, len(keys))
		for i, key := range keys {
			if t != "UUID" || uuid.MatchString(key[j]) {
				v[i] = &key[j]
			}
		}
		args[j] = v
	}
	return args, nil
}

// uuid is one as the server writes it. Any other text is no key, and null is equal
// to nothing.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
