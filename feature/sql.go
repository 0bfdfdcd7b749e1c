package feature

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A SQLTable is a source that is a table or view of a database, asked for every
// key. Which kinds of database there are depends on the drivers that the program
// links. Statistics are computed at Start, by the database.
type SQLTable struct {
	driver, table string
	o             Options
	db            *sql.DB
	one           *sql.Stmt // the row of a key
	columns       []Column
}

// name is what a table or column may be called: names are parts of statements,
// where values never are.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$`)

func openSQL(driver, table string, o Options) (*SQLTable, error) {
	if driver == "" || !name.MatchString(table) {
		return nil, fmt.Errorf("%q is no table: the address is sql://<driver>/<table>, with letters, digits and _ in the name", table)
	}
	if len(o.Entities) == 0 {
		return nil, errors.New("a table needs the names of its entities")
	}
	for _, n := range slices.Concat(o.Entities, o.Features) {
		if !name.MatchString(n) {
			return nil, fmt.Errorf("%q is no name of a column: it has letters, digits and _", n)
		}
	}
	return &SQLTable{driver: driver, table: table, o: o}, nil
}

// Start connects, reads what columns there are and computes their statistics.
func (t *SQLTable) Start(ctx context.Context) error {
	db, err := sql.Open(t.driver, t.o.DSN)
	if err != nil {
		return fmt.Errorf("open the database: %w; this program has drivers for: %s", err, strings.Join(sql.Drivers(), ", "))
	}
	t.db = db
	if err := t.prepare(ctx); err != nil {
		return fmt.Errorf("features of table %s: %w", t.table, err)
	}
	return nil
}

func (t *SQLTable) prepare(ctx context.Context) error {
	if err := t.describe(ctx); err != nil {
		return err
	}
	for i := range t.columns {
		if c := &t.columns[i]; c.Numeric {
			if err := t.measure(ctx, c); err != nil {
				return fmt.Errorf("statistics of %s: %w", c.Name, err)
			}
		}
	}
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	keys := make([]string, len(t.o.Entities))
	for i, e := range t.o.Entities {
		keys[i] = e + " = " + t.placeholder(i)
	}
	var err error
	t.one, err = t.db.PrepareContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+t.table+" WHERE "+strings.Join(keys, " AND "))
	return err
}

// placeholder is value i of a statement, as the driver writes it.
func (t *SQLTable) placeholder(i int) string {
	switch t.driver {
	case "postgres", "pgx":
		return "$" + strconv.Itoa(i+1)
	}
	return "?"
}

// describe finds the features and whether they are numbers.
func (t *SQLTable) describe(ctx context.Context) error {
	rows, err := t.db.QueryContext(ctx, "SELECT * FROM "+t.table+" WHERE 1 = 0")
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
	wanted := t.o.Features
	if len(wanted) == 0 {
		for _, n := range have {
			if !slices.Contains(t.o.Entities, n) {
				wanted = append(wanted, n)
			}
		}
	}
	if _, err := places(have, t.o.Entities); err != nil {
		return err
	}
	at, err := places(have, wanted)
	if err != nil {
		return err
	}
	t.columns = make([]Column, len(wanted))
	for i, n := range wanted {
		if !name.MatchString(n) {
			return fmt.Errorf("%q is no name of a column that can be asked for", n)
		}
		t.columns[i] = Column{Name: n, Numeric: isNumeric(types[at[i]].DatabaseTypeName())}
	}
	return rows.Err()
}

// isNumeric tells by the name that a database has for a type.
func isNumeric(dbType string) bool {
	dbType = strings.ToUpper(dbType)
	for _, part := range []string{"INT", "REAL", "FLOAT", "DOUBLE", "NUMERIC", "DECIMAL", "SERIAL"} {
		if strings.Contains(dbType, part) && dbType != "INTERVAL" && dbType != "POINT" {
			return true
		}
	}
	return false
}

// measure has the database compute the statistics of a column.
func (t *SQLTable) measure(ctx context.Context, c *Column) error {
	var mean, lo, hi, squares sql.NullFloat64
	row := t.db.QueryRowContext(ctx, "SELECT COUNT("+c.Name+"), AVG("+c.Name+"), MIN("+c.Name+"), MAX("+c.Name+") FROM "+t.table)
	if err := row.Scan(&c.Stats.Count, &mean, &lo, &hi); err != nil {
		return err
	}
	c.Stats.Mean, c.Stats.Min, c.Stats.Max, c.Stats.Std = orNaN(mean), orNaN(lo), orNaN(hi), math.NaN()
	if c.Stats.Count < 2 {
		return nil
	}
	by := "(" + c.Name + " - " + t.placeholder(0) + ") * (" + c.Name + " - " + t.placeholder(1) + ")"
	row = t.db.QueryRowContext(ctx, "SELECT SUM("+by+") FROM "+t.table, c.Stats.Mean, c.Stats.Mean)
	if err := row.Scan(&squares); err != nil {
		return err
	}
	c.Stats.Std = math.Sqrt(orNaN(squares) / float64(c.Stats.Count-1))
	return nil
}

func orNaN(v sql.NullFloat64) float64 {
	if !v.Valid {
		return math.NaN()
	}
	return v.Float64
}

// Columns implements [Source].
func (t *SQLTable) Columns() []Column { return t.columns }

// Lookup implements [Source]: a query for each key.
func (t *SQLTable) Lookup(ctx context.Context, keys []Key) ([]Row, error) {
	rows := make([]Row, len(keys))
	for i, key := range keys {
		row, err := t.lookup(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", t.table, err)
		}
		rows[i] = row
	}
	return rows, nil
}

func (t *SQLTable) lookup(ctx context.Context, key Key) (Row, error) {
	args := make([]any, len(key))
	for i, v := range key {
		args[i] = v
	}
	raw, to := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range raw {
		to[i] = &raw[i]
	}
	err := t.one.QueryRowContext(ctx, args...).Scan(to...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row := make(Row, len(raw))
	for i, v := range raw {
		if row[i], err = t.columns[i].value(v); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// value is what a driver returned, as a feature.
func (c *Column) value(v any) (any, error) {
	text := ""
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		if c.Numeric {
			return float64(v), nil
		}
		text = strconv.FormatInt(v, 10)
	case float64:
		if c.Numeric {
			return v, nil
		}
		text = strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		text = string(v)
	case string:
		text = v
	default:
		text = fmt.Sprint(v)
	}
	if !c.Numeric {
		return text, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("column %s has %q, which is no number", c.Name, text)
	}
	return f, nil
}

// Close disconnects.
func (t *SQLTable) Close(context.Context) error {
	if t.db == nil {
		return nil
	}
	return t.db.Close()
}
