package v2

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// An Enrichment puts rows of features in the place of the entity keys that a
// request has for inputs. It is safe for concurrent use once it is started.
type Enrichment struct {
	Source   feature.Source
	Entities []string // names of the key's parts, for keys that are objects
	Policy   feature.Policy

	columns []feature.Column
	fill    feature.Row
	text    bool // there are features that are text
}

// start opens the source and holds the policy against what is in it.
func (e *Enrichment) start(ctx context.Context) error {
	if err := e.Source.Start(ctx); err != nil {
		return err
	}
	e.columns, e.text = e.Source.Columns(), false
	for _, c := range e.columns {
		e.text = e.text || c.Kind == feature.Text
	}
	var err error
	e.fill, err = e.Policy.Fill(e.columns)
	return err
}

// apply replaces the inputs of a request.
func (e *Enrichment) apply(ctx context.Context, ev *serve.Event) error {
	doc, err := oip.Value(ev.Body)
	if err != nil {
		return unreadable(err)
	}
	body, ok := doc.(*serve.Object)
	if !ok {
		return unreadable(oip.ErrNotObject)
	}
	inputs, ok := body.Value("inputs")
	if !ok {
		return nil // which whoever reads the request tells
	}
	keys, err := e.keys(inputs)
	if err != nil {
		return serve.Errorf(serve.BadRequest, "ValueError", "inputs: %w", err)
	}
	rows, err := e.Source.Lookup(ctx, keys)
	if err != nil {
		code := serve.CodeOf(err)
		if code == serve.Internal && !errors.Is(err, feature.ErrAmbiguous) {
			code = serve.Unavailable // another server's fault, which may pass
		}
		return &serve.Error{Code: code, Op: "look up features", Err: err}
	}
	values, err := e.rows(keys, rows)
	if err != nil {
		return err
	}
	ev.Body = serve.ValueBody(body.With("inputs", values))
	return nil
}

// keys reads entity keys: objects by the entities' names, lists in their order,
// or single values where there is one entity.
func (e *Enrichment) keys(inputs any) ([]feature.Key, error) {
	var items []any
	switch v := inputs.(type) {
	case []any:
		items = v
	case *serve.Tensor:
		switch {
		case len(v.Shape) == 0:
			return nil, errors.New("they are not a list of keys")
		case v.Shape[0] > maxKeys:
			return nil, tooManyKeys(v.Shape[0])
		case v.Shape[0] > 0 && v.Len() != v.Shape[0]*len(e.Entities): // before every number becomes a value
			return nil, e.wrongLength(0, v.Len()/v.Shape[0])
		}
		items, _ = v.Rows().([]any)
	default:
		return nil, errors.New("they are not a list of keys")
	}
	if len(items) > maxKeys {
		return nil, tooManyKeys(len(items))
	}
	keys := make([]feature.Key, len(items))
	for i, item := range items {
		key, err := e.key(i, item)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}

// maxKeys is how many keys a request may have: each is looked up, and becomes a
// row that may be much longer than the key.
const maxKeys = 1 << 14

func tooManyKeys(n int) error {
	return fmt.Errorf("there are %d keys, but a request may have %d", n, maxKeys)
}

func (e *Enrichment) wrongLength(i, n int) error {
	return fmt.Errorf("key %d: it has %d values, but a key has %d: %s", i, n, len(e.Entities), strings.Join(e.Entities, ", "))
}

// key reads key i.
func (e *Enrichment) key(i int, item any) (feature.Key, error) {
	parts := []any{item}
	switch v := item.(type) {
	case *serve.Object:
		if _, isTensor := v.Value("datatype"); isTensor {
			return nil, fmt.Errorf("key %d: it is a tensor: keys come in MLRun's dialect, as objects, lists or single values", i)
		}
		parts = parts[:0]
		for _, name := range e.Entities {
			part, ok := v.Value(name)
			if !ok {
				return nil, fmt.Errorf("key %d: there is no %q", i, name)
			}
			parts = append(parts, part)
		}
	case *serve.Tensor:
		if v.Len() != len(e.Entities) {
			return nil, e.wrongLength(i, v.Len())
		}
		parts, _ = v.Rows().([]any)
	case []any:
		parts = v
	}
	if len(parts) != len(e.Entities) {
		return nil, e.wrongLength(i, len(parts))
	}
	key := make(feature.Key, len(parts))
	for j, part := range parts {
		text, ok := keyText(part)
		if !ok {
			return nil, fmt.Errorf("key %d: %s is %s, which is no key", i, e.Entities[j], shown(part))
		}
		key[j] = text
	}
	return key, nil
}

// keyText is a value as it is written in a table.
func keyText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case serve.Number:
		return string(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), !math.IsNaN(v)
	}
	return "", false
}

// rows are the features of the keys: a matrix where all are numbers that float64
// holds, booleans being 0 and 1, else lists. What is missing is filled in; without
// anything to fill it in with it is null, and a key without a row is an error.
func (e *Enrichment) rows(keys []feature.Key, rows []feature.Row) (any, error) {
	for i, row := range rows {
		if row == nil && len(e.Policy) == 0 {
			return nil, serve.Errorf(serve.BadRequest, "ValueError", "there are no features for %s", strings.Join(keys[i], ", "))
		}
	}
	if len(rows) == 0 {
		return []any{}, nil
	}
	if matrix, ok := e.matrix(rows); ok {
		return serve.NewTensor("", matrix, len(rows), len(e.columns)), nil
	}
	lists := make([]any, len(rows))
	for i, row := range rows {
		lists[i] = e.values(row)
	}
	return lists, nil
}

// value is feature i of a row, or what takes its place; nil if nothing does.
func (e *Enrichment) value(row feature.Row, i int) any {
	if row == nil || row[i] == nil {
		return e.fill[i]
	}
	return row[i]
}

// matrix holds the rows as numbers; ok is false where it cannot.
func (e *Enrichment) matrix(rows []feature.Row) (matrix []float64, ok bool) {
	if e.text {
		return nil, false
	}
	matrix = make([]float64, 0, len(rows)*len(e.columns))
	for _, row := range rows {
		for i := range e.columns {
			v, ok := element(e.value(row, i))
			if !ok {
				return nil, false
			}
			matrix = append(matrix, v)
		}
	}
	return matrix, true
}

// element is a value of a feature as an element of a matrix, NaN where it is
// missing.
func element(v any) (f float64, ok bool) {
	switch v := v.(type) {
	case nil:
		return math.NaN(), true
	case float64:
		return v, true
	case int64:
		return float64(v), v >= -1<<53 && v <= 1<<53
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func (e *Enrichment) values(row feature.Row) []any {
	list := make([]any, len(e.columns))
	for i := range list {
		list[i] = e.value(row, i)
	}
	return list
}
