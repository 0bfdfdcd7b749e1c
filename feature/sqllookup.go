package feature

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Lookup implements [Source]. A connection that turns out to have died is no
// failure yet: it asks once more, since all it does is read.
func (t *SQLTable) Lookup(ctx context.Context, keys []Key) ([]Row, error) {
	rows, err := t.ask(ctx, keys)
	if err != nil && ctx.Err() == nil {
		rows, err = t.ask(ctx, keys)
	}
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.sql.Table, err)
	}
	return rows, nil
}

// ask looks up those of the keys that can be in the table.
func (t *SQLTable) ask(ctx context.Context, keys []Key) ([]Row, error) {
	rows := make([]Row, len(keys))
	var asked []Key
	var at []int // where they are in keys
	for i, key := range keys {
		if t.possible(key) {
			asked, at = append(asked, key), append(at, i)
		}
	}
	if len(asked) == 0 {
		return rows, ctx.Err()
	}
	if t.arguments == nil {
		return rows, t.oneByOne(ctx, asked, at, rows)
	}
	args, err := t.arguments(asked)
	if err != nil {
		return nil, err
	}
	return rows, t.query(ctx, args, asked, func(i int64) int { return at[i] }, rows)
}

// possible says that a key can be one of the entities.
func (t *SQLTable) possible(key Key) bool {
	for i, text := range key {
		switch t.entities[i] {
		case Int:
			if !isWhole(text) {
				return false
			}
		case Bool:
			if text != "true" && text != "false" {
				return false
			}
		default:
			if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
				return false
			}
		}
	}
	return len(key) == len(t.entities)
}

// oneByOne asks for a key at a time.
func (t *SQLTable) oneByOne(ctx context.Context, keys []Key, at []int, rows []Row) error {
	for i, key := range keys {
		args := make([]any, len(key))
		for j, v := range key {
			args[j] = v
		}
		if err := t.query(ctx, args, keys[i:i+1], func(int64) int { return at[i] }, rows); err != nil {
			return err
		}
	}
	return nil
}

// query runs the statement and puts what it finds into the places that the index
// of each row has.
func (t *SQLTable) query(ctx context.Context, args []any, keys []Key, place func(i int64) int, rows []Row) error {
	found, err := t.lookup.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }()
	raw, to := make([]any, len(t.columns)), make([]any, len(t.columns)+1)
	var index int64
	to[0] = &index
	for i := range raw {
		to[i+1] = &raw[i]
	}
	for found.Next() {
		if err := scan(found, to, raw); err != nil {
			return err
		}
		if index < 0 || index >= int64(len(keys)) {
			return fmt.Errorf("the database answers for key %d of %d", index, len(keys))
		}
		at := place(index)
		if rows[at] != nil {
			return fmt.Errorf("%w: %s", ErrAmbiguous, strings.Join(keys[index], ", "))
		}
		if rows[at], err = t.row(raw); err != nil {
			return err
		}
	}
	return found.Err()
}

// scan reads a row; nothing of the row before is left in raw.
func scan(rows *sql.Rows, to, raw []any) error {
	clear(raw)
	return rows.Scan(to...)
}

func (t *SQLTable) row(raw []any) (Row, error) {
	row := make(Row, len(raw))
	var err error
	for i, v := range raw {
		if row[i], err = t.columns[i].value(v, t.dbTypes[len(t.entities)+i]); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// value is what a driver returned for a column of a type, as a feature.
func (c *Column) value(v any, dbType string) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		switch c.Kind {
		case Bool:
			return v != 0, nil
		case Text:
			return strconv.FormatInt(v, 10), nil
		}
		return v, nil
	case float64:
		if c.Kind == Text {
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		}
		return finite(v), nil
	case bool:
		return v, nil
	case time.Time:
		return timeText(v, dbType), nil
	case []byte:
		return c.text(string(v))
	case string:
		return c.text(v)
	}
	return c.text(fmt.Sprint(v))
}

// text is what a driver returned as text.
func (c *Column) text(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("column %s has bytes that are no text", c.Name)
	}
	if !c.Numeric() {
		return text, nil
	}
	v, ok := Number(text)
	if !ok {
		return nil, fmt.Errorf("column %s has %q, which is no number", c.Name, text)
	}
	if i, whole := v.(int64); whole && c.Kind == Float {
		return float64(i), nil
	}
	return v, nil
}

// timeText is a time of a column of a type: dates have no time of day, and times
// with a zone are those of UTC.
func timeText(v time.Time, dbType string) string {
	switch upper := strings.ToUpper(dbType); {
	case upper == "DATE":
		return v.Format("2006-01-02")
	case upper == "TIMESTAMPTZ", strings.Contains(upper, "WITH TIME ZONE"):
		return Time(v.UTC(), true)
	}
	_, offset := v.Zone()
	return Time(v, offset != 0)
}
