package feature

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// plain is what a table or column may be called where it is not known how names
// are quoted.
var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$`)

// openSQL returns a table of a database for which the program links a driver of
// database/sql and nothing more is known.
func openSQL(driver, table string, o Options) (Source, error) {
	if driver == "" || !plain.MatchString(table) {
		return nil, fmt.Errorf("%q is no table: the address is sql://<driver>/<table>, with letters, digits and _ in the name", table)
	}
	for _, n := range slices.Concat(o.Entities, o.Features) {
		if !plain.MatchString(n) {
			return nil, fmt.Errorf("%q is no name of a column: it has letters, digits and _", n)
		}
	}
	t, err := NewSQLTable(SQL{
		Table: table, From: table, Quote: func(name string) string { return name }, Kind: kindOf,
		Connect: func() (*sql.DB, error) { return connect(driver, o.DSN) },
	}, o)
	if err != nil {
		return nil, err
	}
	return remote(t, o), nil
}

func connect(driver, dsn string) (*sql.DB, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("%w; this program has drivers for: %s", err, strings.Join(sql.Drivers(), ", "))
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return db, nil
}

// kindOf tells by the name that a database has for a type.
func kindOf(dbType string) Kind {
	dbType = strings.ToUpper(dbType)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(dbType, p) })
	}
	switch {
	case dbType == "INTERVAL", dbType == "POINT":
		return Text
	case has("INT", "SERIAL"):
		return Int
	case has("REAL", "FLOAT", "DOUBLE", "NUMERIC", "DECIMAL"):
		return Float
	case has("BOOL"):
		return Bool
	}
	return Text
}
